// SPDX-License-Identifier: Apache-2.0
#include "operation.hpp"

#include <cstring>
#include <stdexcept>

namespace glint::gpu::emulated {

// memmove, because nothing forbids a caller to shift data within one buffer; on a GPU that would be the caller's bug.
void copy_operation::run() {
  std::memmove(to_, from_, bytes_);
}
void fill_operation::run() {
  std::memset(to_, std::to_integer<int>(value_), bytes_);
}
void failing_operation::run() {
  throw std::runtime_error("failure on order");
}

}  // namespace glint::gpu::emulated
