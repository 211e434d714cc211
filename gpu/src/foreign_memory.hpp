// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <glint/base/result.hpp>
#include <glint/gpu/dtype.hpp>

namespace glint::gpu {

class device_context;

/// Elements that another library says lie somewhere.
struct foreign_memory {
  const void* first;  ///< Of the elements.
  std::size_t bytes;
  dtype type;
  device_context* device;  ///< Null: the host.
};

/// What can be told of it without touching it. Errors, with `subject`: invalid_argument for a null pointer to elements,
/// an address that is not aligned for the type, memory that is not the device's.
[[nodiscard]] result<void> check_foreign_memory(const foreign_memory& memory, const char* subject);

}  // namespace glint::gpu
