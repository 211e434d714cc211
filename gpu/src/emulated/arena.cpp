// SPDX-License-Identifier: Apache-2.0
#include "arena.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <string>

#include <glint/base/assert.hpp>

#include "protection.hpp"

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
  const options whole{o.device_index, whole_pages(o.capacity_bytes)};
  const std::string name = "glint-device-" + std::to_string(o.device_index);
  const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
  if (fd < 0) return system_failure("memfd_create for " + name);
  void* base = MAP_FAILED;
  if (::ftruncate(fd, static_cast<off_t>(whole.capacity_bytes)) == 0) {
    base = ::mmap(nullptr, whole.capacity_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  }
  if (base == MAP_FAILED) {
    auto failure = system_failure("cannot map " + std::to_string(whole.capacity_bytes) + " bytes for " + name);
    ::close(fd);
    return failure;
  }
  protect(base, whole.capacity_bytes, o.device_index);
  return std::unique_ptr<arena>(new arena(whole, fd, static_cast<std::byte*>(base)));
}

arena::arena(const options& o, int fd, std::byte* base)
    : device_index_(o.device_index), fd_(fd), base_(base), capacity_(o.capacity_bytes), free_{{0, o.capacity_bytes}} {}

arena::~arena() {
  unprotect(base_);
  ::munmap(base_, capacity_);
  ::close(fd_);
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
  free_.erase(best);
  if (size > wanted) free_.emplace(offset + wanted, size - wanted);
  return base_ + offset;
}

error arena::exhausted(std::size_t wanted, std::size_t free, std::size_t largest) const {
  const std::string device = "emulated " + std::to_string(device_index_);
  return error(errc::out_of_memory, "no room for " + std::to_string(wanted) + " bytes on device " + device + ": " +
                                        std::to_string(free) + " of " + std::to_string(capacity_) +
                                        " bytes are free, " + std::to_string(largest) + " in one piece")
      .with_subject("device " + device);
}

void arena::give(void* range, std::size_t bytes) noexcept {
  GLINT_ASSERT(contains(range, bytes), "not a range of this device", range, bytes);
  auto offset = static_cast<std::size_t>(static_cast<std::byte*>(range) - base_);
  auto size = whole_pages(bytes);
  // The pages go back to the system; a file system that cannot do so keeps them, which costs memory and nothing else.
  [[maybe_unused]] const int punched = ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                                   static_cast<off_t>(offset), static_cast<off_t>(size));
  const lock_guard lock(mutex_);
  auto next = free_.lower_bound(offset);
  GLINT_ASSERT(next == free_.end() || offset + size <= next->first, "a slab was given back twice", range);
  if (next != free_.end() && next->first == offset + size) {
    size += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    GLINT_ASSERT(before->first + before->second <= offset, "a slab was given back twice", range);
    if (before->first + before->second == offset) {
      before->second += size;
      return;
    }
  }
  free_.emplace(offset, size);
}

bool arena::contains(const void* at, std::size_t bytes) const noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  const auto begin = reinterpret_cast<std::uintptr_t>(base_);
  return address >= begin && address - begin <= capacity_ && bytes <= capacity_ - (address - begin);
}

}  // namespace glint::gpu::emulated
