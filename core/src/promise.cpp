// SPDX-License-Identifier: Apache-2.0
#include <glint/core/promise.hpp>

namespace glint::detail {

error broken_promise(const std::string& type) {
  return error(errc::cancelled, "the promise of it was dropped").with_subject("object of type " + type);
}

void throw_ended_promise() {
  throw exception(error(errc::empty_ref, "the promise was kept already, or moved from"));
}

}  // namespace glint::detail
