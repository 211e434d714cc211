// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/device.hpp>

namespace glint::gpu {

namespace {

error no_graphs() {
  return error(errc::device_error, "this backend captures no graphs");
}

}  // namespace

result<void> native_stream::begin_capture() {
  return fail(no_graphs());
}

result<std::unique_ptr<native_graph>> native_stream::end_capture() {
  return fail(no_graphs());
}

result<void> native_stream::replay(native_graph&) {
  return fail(no_graphs());
}

result<std::unique_ptr<native_stream>> device::borrow_stream(void*) {
  return fail(error(errc::device_error, "has no streams of other libraries").with_subject(info().name));
}

result<std::unique_ptr<native_event>> device::borrow_event(void*) {
  return fail(error(errc::device_error, "has no events of other libraries").with_subject(info().name));
}

result<void*> device::allocate_pinned(std::size_t) {
  return fail(error(errc::device_error, "has no page-locked memory").with_subject(info().name));
}

void device::free_pinned(void*, std::size_t) noexcept {}

result<bool> device::holds(const void*, std::size_t) {
  return true;
}

/// A backend without rules of its own.
result<bool> device::reach(device& other) {
  return other.backend() == backend();
}

result<slab_handle> device::export_slab(void*) {
  return fail(error(errc::device_error, "shares no memory with other processes").with_subject(info().name));
}

result<void*> device::open_slab(const slab_handle&) {
  return fail(error(errc::device_error, "shares no memory with other processes").with_subject(info().name));
}

void device::close_slab(void*) noexcept {}

}  // namespace glint::gpu
