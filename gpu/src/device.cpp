// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/device.hpp>

namespace glint::gpu {

result<std::unique_ptr<native_stream>> device::borrow_stream(void*) {
  return fail(error(errc::device_error, "has no streams of other libraries").with_subject(info().name));
}

result<std::unique_ptr<native_event>> device::borrow_event(void*) {
  return fail(error(errc::device_error, "has no events of other libraries").with_subject(info().name));
}

result<bool> device::holds(const void*, std::size_t) {
  return true;
}

}  // namespace glint::gpu
