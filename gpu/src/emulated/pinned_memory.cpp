// SPDX-License-Identifier: Apache-2.0
//
// Page-locked memory of emulated devices, and which copies would have their callers wait on CUDA.
#include <new>
#include <string>

#include "emulated_device.hpp"
#include "memory_ranges.hpp"

namespace glint::gpu::emulated {
namespace {

constexpr std::align_val_t page{4096};

}  // namespace

result<void*> emulated_device::allocate_pinned(std::size_t bytes) {
  note_waiting_call();
  GLINT_TRY(step("allocate_pinned"));
  void* const block = ::operator new(bytes, page, std::nothrow);
  if (!block) return fail(errc::out_of_memory, "the host has no room for " + std::to_string(bytes) + " bytes");
  add_range(block, bytes, {.device_id = page_locked, .device_index = -1});
  return block;
}

void emulated_device::free_pinned(void* block, std::size_t) noexcept {
  note_waiting_call();
  remove_range(block);
  ::operator delete(block, page);
}

void emulated_device::note_copy(const void* to, const void* from, std::size_t bytes) noexcept {
  const auto to_owner = owner_of(to).device_id;
  const auto from_owner = owner_of(from).device_id;
  const auto of_device = [](std::uint64_t owner) { return owner != 0 && owner != page_locked; };
  const bool download = of_device(from_owner) && to_owner == 0;
  const bool upload = of_device(to_owner) && from_owner == 0 && bytes > taken_along_bytes;
  if (download || upload) waiting_copies_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace glint::gpu::emulated
