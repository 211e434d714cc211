// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/device_memory.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/base/log.hpp>

namespace glint::gpu {

namespace {

/// Precondition: `bytes` is not so large that rounding overflows.
std::size_t aligned(std::size_t bytes) {
  return (bytes + device_memory::alignment_bytes - 1) / device_memory::alignment_bytes * device_memory::alignment_bytes;
}

void* pointer(std::uintptr_t address) {
  return reinterpret_cast<void*>(address);
}

}  // namespace

device_memory::device_memory(slab_source& source, emptied slabs) noexcept
    : device_(source),
      slabs_emptied_(slabs),
      region_(std::min(region_bytes, aligned(source.info().capacity_bytes / 16))) {
  usage_.capacity_bytes = source.info().capacity_bytes;
}

device_memory::~device_memory() {
  const lock_guard lock(mutex_);
  if (usage_.in_use_bytes != 0) {
    log(log_level::warning, device_.info().name, ": ", usage_.in_use_bytes, " bytes were never freed");
  }
  for (const auto& [base, s] : slabs_) {
    if (!s.outer) device_.unreserve(pointer(base), s.bytes);  // nobody else can hold the lock
  }
}

result<void*> device_memory::allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes > device_.info().capacity_bytes) return fail(no_room(bytes));
  bytes = aligned(bytes);
  {
    const lock_guard lock(mutex_);
    if (void* block = take(bytes)) return block;
  }
  for (;;) {
    const lock_guard growing(growing_);
    {
      const lock_guard lock(mutex_);
      if (void* block = take(bytes)) return block;  // another thread grew, or somebody freed
    }
    // The next round can fail to find room only if another thread took the new slab's: then more is asked for.
    GLINT_TRY(grow(bytes));
  }
}

/// Null if there is no room.
void* device_memory::take(std::size_t bytes) {
  auto at = chunks_.end();
  if (bytes < region_ / 4) {
    at = take_from(free_small_, bytes);
    if (at == chunks_.end() && add_region()) at = take_from(free_small_, bytes);
  }
  if (at == chunks_.end()) at = take_from(free_, bytes);
  if (at == chunks_.end()) return nullptr;
  usage_.in_use_bytes += bytes;
  usage_.peak_bytes = std::max(usage_.peak_bytes, usage_.in_use_bytes);
  ++usage_.allocations;
  return pointer(at->first);
}

/// The smallest free chunk that is large enough, cut to size; the end if there is none.
device_memory::chunk_map::iterator device_memory::take_from(free_set& free, std::size_t bytes) {
  const auto best = free.lower_bound({bytes, 0});
  if (best == free.end()) return chunks_.end();
  const auto at = chunks_.find(best->second);
  GLINT_ASSERT(at != chunks_.end() && !at->second.used, "the free list names a chunk that is not free");
  free.erase(best);
  chunk& c = at->second;
  if (c.bytes > bytes) {
    const address rest = at->first + bytes;
    chunks_.emplace_hint(std::next(at), rest, chunk{c.bytes - bytes, c.slab, false});
    free.emplace(c.bytes - bytes, rest);
    c.bytes = bytes;
  }
  c.used = true;
  slabs_.at(c.slab).in_use_bytes += bytes;
  return at;
}

/// Makes a block a region of its own; its one chunk never merges with neighbours, as it is of another slab.
bool device_memory::add_region() {
  const auto at = take_from(free_, region_);
  if (at == chunks_.end()) return false;
  const address outer = std::exchange(at->second.slab, at->first + region_mark);
  at->second.used = false;
  slabs_.emplace(at->second.slab, slab{region_, 0, outer});
  free_small_.emplace(region_, at->first);
  return true;
}

/// An empty region becomes a free chunk of the slab that it lies in, which is returned.
device_memory::address device_memory::dissolve(address region) {
  const auto s = slabs_.find(region);
  const address outer = s->second.outer;
  free_small_.erase({region_, region - region_mark});
  slabs_.erase(s);
  auto at = chunks_.find(region - region_mark);
  at->second.slab = outer;
  slabs_.at(outer).in_use_bytes -= region_;
  at = merge(at);
  free_.emplace(at->second.bytes, at->first);
  return outer;
}

result<void> device_memory::grow(std::size_t bytes) {
  const device_info& info = device_.info();
  const std::size_t usual = info.slab_bytes != 0 ? info.slab_bytes : std::min(slab_bytes, info.capacity_bytes / 4);
  std::size_t slab_size = std::max(bytes, aligned(usual));
  auto base = reserve_slab(slab_size, bytes);
  if (!base) {
    if (base.error().code() != errc::out_of_memory) return fail(std::move(base).error());
    return fail(no_room(bytes).with_cause(std::move(base).error()));
  }
  const lock_guard lock(mutex_);
  add_slab(*base, slab_size);
  return {};
}

/// Takes a slab of `bytes` bytes; where the device has no room for that, after giving an empty slab back, one of just
/// `needed_bytes`. Sets `bytes` to what it got.
result<void*> device_memory::reserve_slab(std::size_t& bytes, std::size_t needed_bytes) {
  for (;;) {
    auto base = device_.reserve(bytes);
    if (base || base.error().code() != errc::out_of_memory) return base;
    if (slabs_emptied_ == emptied::given_back && give_back_an_empty_slab()) continue;
    if (bytes == needed_bytes) return base;
    bytes = needed_bytes;
  }
}

void device_memory::add_slab(void* base, std::size_t bytes) {
  const auto at = reinterpret_cast<address>(base);
  GLINT_ASSERT(at % alignment_bytes == 0, "a slab that is not aligned", at);
  slabs_.emplace(at, slab{bytes, 0, 0});
  chunks_.emplace(at, chunk{bytes, at, false});
  free_.emplace(bytes, at);
  usage_.reserved_bytes += bytes;
  ++usage_.slabs;
}

void device_memory::free(void* block) noexcept {
  if (!block) return;
  std::pair<void*, std::size_t> empty{};
  {
    const lock_guard lock(mutex_);
    auto at = chunks_.find(reinterpret_cast<address>(block));
    GLINT_ASSERT(at != chunks_.end() && at->second.used, "freed twice, or never allocated here", block);
    address base = at->second.slab;
    const slab& s = slabs_.at(base);
    slabs_.at(base).in_use_bytes -= at->second.bytes;
    usage_.in_use_bytes -= at->second.bytes;
    at->second.used = false;
    at = merge(at);
    free_in(s).emplace(at->second.bytes, at->first);
    if (s.outer && s.in_use_bytes == 0) base = dissolve(base);
    const bool goes = slabs_emptied_ == emptied::given_back && slabs_.at(base).in_use_bytes == 0;
    if (goes && has_other_empty_slab(base)) empty = detach_empty_slab(base);
  }
  if (empty.first) device_.unreserve(empty.first, empty.second);
}

/// Joins a chunk, which is free but not in the free list, with its free neighbours; returns the joined one.
device_memory::chunk_map::iterator device_memory::merge(chunk_map::iterator at) {
  const auto joins = [&at](chunk_map::iterator other) {
    return !other->second.used && other->second.slab == at->second.slab;
  };
  free_set& free = free_in(slabs_.at(at->second.slab));
  if (const auto next = std::next(at); next != chunks_.end() && joins(next)) {
    free.erase({next->second.bytes, next->first});
    at->second.bytes += next->second.bytes;
    chunks_.erase(next);
  }
  if (at == chunks_.begin()) return at;
  const auto before = std::prev(at);
  if (!joins(before)) return at;
  free.erase({before->second.bytes, before->first});
  before->second.bytes += at->second.bytes;
  chunks_.erase(at);
  return before;
}

bool device_memory::has_other_empty_slab(address base) const {
  return std::ranges::any_of(
      slabs_, [base](const auto& s) { return s.first != base && !s.second.outer && s.second.in_use_bytes == 0; });
}

/// Forgets a slab without blocks; the caller gives it to the driver after unlocking.
std::pair<void*, std::size_t> device_memory::detach_empty_slab(address base) {
  const auto s = slabs_.find(base);
  const std::size_t bytes = s->second.bytes;
  GLINT_ASSERT(chunks_.at(base).bytes == bytes, "an empty slab whose chunks did not merge", bytes);
  free_.erase({bytes, base});
  chunks_.erase(base);
  slabs_.erase(s);
  usage_.reserved_bytes -= bytes;
  --usage_.slabs;
  return {pointer(base), bytes};
}

bool device_memory::give_back_an_empty_slab() {
  std::pair<void*, std::size_t> empty{};
  {
    const lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(slabs_, [](const auto& s) { return !s.second.outer && s.second.in_use_bytes == 0; });
    if (found == slabs_.end()) return false;
    empty = detach_empty_slab(found->first);
  }
  device_.unreserve(empty.first, empty.second);
  return true;
}

device_memory::usage device_memory::read_usage() const {
  const lock_guard lock(mutex_);
  return usage_;
}

error device_memory::no_room(std::size_t bytes) const {
  const usage now = read_usage();
  const std::string& name = device_.info().name;
  return error(errc::out_of_memory, name + " has no room for " + std::to_string(bytes) +
                                        " bytes: " + std::to_string(now.in_use_bytes) + " of " +
                                        std::to_string(now.capacity_bytes) + " are in use")
      .with_subject(name);
}

}  // namespace glint::gpu
