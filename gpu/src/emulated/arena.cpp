// SPDX-License-Identifier: Apache-2.0
#include "arena.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include <glint/base/assert.hpp>

namespace glint::gpu::emulated {
namespace {

/// The granule of ranges: a multiple of the 256 bytes that devices promise.
std::size_t page_bytes() noexcept {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t whole_pages(std::size_t bytes) noexcept {
  return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

tl::unexpected<error> system_failure(const std::string& what) {
  return fail(errc::io_error, what + ": " + std::strerror(errno));
}

}  // namespace

result<std::unique_ptr<arena>> arena::create(const options& o) {
  if (o.capacity_bytes == 0) return fail(errc::invalid_argument, "an emulated device needs memory");
  const options whole{o.owner, whole_pages(o.capacity_bytes)};
  void* const base =
      ::mmap(nullptr, whole.capacity_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    return system_failure("no room for " + std::to_string(whole.capacity_bytes) + " bytes of device memory");
  }
  auto file = slab_file::create(whole.capacity_bytes);
  if (!file) {
    ::munmap(base, whole.capacity_bytes);
    return fail(std::move(file).error());
  }
  return std::unique_ptr<arena>(new arena(whole, static_cast<std::byte*>(base), std::move(*file)));
}

arena::arena(const options& o, std::byte* base, slab_file whole)
    : owner_(o.owner),
      base_(base),
      capacity_(o.capacity_bytes),
      free_{{0, o.capacity_bytes}},
      whole_(std::move(whole)) {
  add_range(base_, capacity_, owner_);
}

arena::~arena() {
  for (const auto& [at, range] : opened_) {
    remove_range(at);
    ::munmap(at, range.bytes);
  }
  remove_range(base_);
  ::munmap(base_, capacity_);
}

result<void*> arena::take(std::size_t bytes) {
  GLINT_ASSERT(bytes != 0, "a reserve of no bytes");
  const lock_guard lock(mutex_);
  const std::size_t wanted = bytes > capacity_ ? std::numeric_limits<std::size_t>::max() : whole_pages(bytes);
  auto best = free_.end();
  std::size_t free = 0;
  std::size_t largest = 0;
  for (auto at = free_.begin(); at != free_.end(); ++at) {
    free += at->second;
    largest = std::max(largest, at->second);
    if (at->second >= wanted && (best == free_.end() || at->second < best->second)) best = at;
  }
  if (best == free_.end()) return fail(exhausted(bytes, free, largest));
  const auto [offset, size] = *best;
  GLINT_TRY(back(offset, wanted));
  free_.erase(best);
  if (size > wanted) free_.emplace(offset + wanted, size - wanted);
  return base_ + offset;
}

/// Puts memory behind addresses.
result<void> arena::back(std::size_t offset, std::size_t size) {
  const bool all_for_the_first_time = whole_.bytes() == size;
  auto file = all_for_the_first_time ? result<slab_file>(std::move(whole_)) : slab_file::create(size);
  if (!file) return fail(std::move(file).error());
  GLINT_TRY(file->map(base_ + offset));
  key_.guard(base_ + offset, size);
  taken_.emplace(offset, std::move(*file));
  return {};
}

error arena::exhausted(std::size_t wanted, std::size_t free, std::size_t largest) const {
  const std::string device = "emulated " + std::to_string(owner_.device_index);
  return error(errc::out_of_memory, "no room for " + std::to_string(wanted) + " bytes on device " + device + ": " +
                                        std::to_string(free) + " of " + std::to_string(capacity_) +
                                        " bytes are free, " + std::to_string(largest) + " in one piece")
      .with_subject("device " + device);
}

void arena::give(void* range, std::size_t bytes) noexcept {
  GLINT_ASSERT(contains(range, bytes), "not a range of this device", range, bytes);
  const auto offset = static_cast<std::size_t>(static_cast<std::byte*>(range) - base_);
  const auto size = whole_pages(bytes);
  const lock_guard lock(mutex_);
  const auto taken = taken_.find(offset);
  GLINT_ASSERT(taken != taken_.end() && taken->second.bytes() == size, "a slab was given back twice", range, bytes);
  // Empty pages under the key in its place: a lost device's stream may still be inside an operation on the range.
  void* const empty =
      ::mmap(range, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  if (empty != MAP_FAILED) key_.guard(empty, size);
  taken_.erase(taken);
  add_free(offset, size);
}

/// Merges the range with its neighbours.
void arena::add_free(std::size_t offset, std::size_t size) {
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && next->first == offset + size) {
    size += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      before->second += size;
      return;
    }
  }
  free_.emplace(offset, size);
}

result<slab_handle> arena::export_range(const void* range) {
  const lock_guard lock(mutex_);
  const auto taken = taken_.find(static_cast<std::size_t>(static_cast<const std::byte*>(range) - base_));
  if (taken == taken_.end()) return fail(errc::invalid_argument, "no slab of this device begins there");
  return taken->second.handle();
}

result<void*> arena::open(const slab_handle& handle) {
  const lock_guard lock(mutex_);
  for (auto& [at, range] : opened_) {
    if (range.handle != handle) continue;
    ++range.count;
    return at;
  }
  auto file = slab_file::open(handle);
  if (!file) return fail(std::move(file).error());
  auto mapped = file->map(nullptr);
  if (!mapped) return mapped;
  key_.guard(*mapped, file->bytes());
  add_range(*mapped, file->bytes(), owner_);
  opened_.emplace(static_cast<std::byte*>(*mapped), opened_range{handle, file->bytes(), 1});
  return mapped;
}

void arena::close(void* opened) noexcept {
  const lock_guard lock(mutex_);
  const auto found = opened_.find(static_cast<std::byte*>(opened));
  GLINT_ASSERT(found != opened_.end(), "closed what was not opened", opened);
  if (--found->second.count != 0) return;
  remove_range(opened);
  ::munmap(opened, found->second.bytes);
  opened_.erase(found);
}

bool arena::contains(const void* at, std::size_t bytes) const noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  const auto begin = reinterpret_cast<std::uintptr_t>(base_);
  if (address >= begin && address - begin <= capacity_ && bytes <= capacity_ - (address - begin)) return true;
  const lock_guard lock(mutex_);
  const auto above = opened_.upper_bound(const_cast<std::byte*>(static_cast<const std::byte*>(at)));
  if (above == opened_.begin()) return false;
  const auto& [base, range] = *std::prev(above);
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(at) - base);
  return offset <= range.bytes && bytes <= range.bytes - offset;
}

}  // namespace glint::gpu::emulated
