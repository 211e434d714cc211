// SPDX-License-Identifier: Apache-2.0
#include <glint/base/slab.hpp>

#include <algorithm>
#include <atomic>
#include <new>
#include <utility>

#include "slab_store.hpp"

namespace glint::detail {

constinit slab_header no_slab;
constinit thread_local slab_heap* this_thread_heap = nullptr;

namespace {

constexpr std::uint32_t outgoing_max = 32;
constexpr std::uint32_t sorted_per_refill = 256;
constexpr std::size_t fresh_bytes = 4096;  // are put in a list at a time

/// All heaps there ever were; pushed to, never removed from.
constinit std::atomic<slab_heap*> heaps{nullptr};

void leave(slab_heap& heap) noexcept;

/// Ends a thread's use of its heap. Blocks that its other thread_local objects free later are returned one by one, and
/// what they allocate comes from a heap that they have for the one call.
struct thread_end {
  ~thread_end() {
    ended = true;
    if (slab_heap* heap = std::exchange(this_thread_heap, nullptr)) leave(*heap);
  }
  static constinit thread_local bool ended;
};
constinit thread_local bool thread_end::ended = false;

slab_heap* new_heap() noexcept {
  auto* heap = new (std::nothrow) slab_heap;
  if (!heap) return nullptr;
  heap->current.fill(&no_slab);
  heap->next_heap = heaps.load(std::memory_order_relaxed);
  while (!heaps.compare_exchange_weak(heap->next_heap, heap, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return heap;
}

/// One that a thread has left, or a new one; null: no memory.
slab_heap* obtain_heap() noexcept {
  for (slab_heap* heap = heaps.load(std::memory_order_acquire); heap; heap = heap->next_heap) {
    if (heap->returned.claim(heap_state::owned)) return heap;
  }
  return new_heap();
}

void add_partial(slab_heap& heap, slab_header& slab) noexcept {
  slab_header*& first = heap.partial[slab.size_class];
  slab.previous = nullptr;
  slab.next = first;
  if (first) first->previous = &slab;
  first = &slab;
  slab.listed = true;
}

void remove_partial(slab_heap& heap, slab_header& slab) noexcept {
  (slab.previous ? slab.previous->next : heap.partial[slab.size_class]) = slab.next;
  if (slab.next) slab.next->previous = slab.previous;
  slab.listed = false;
}

void give_back(slab_header& slab) noexcept {
  slab.owner = nullptr;
  slab_store::instance().release(slab);
}

/// Puts a free block into its slab.
void put(slab_heap& heap, slab_block* block) noexcept {
  slab_header& slab = slab_of(block);
  set_next(block, slab.free);
  slab.free = block;
  if (--slab.used == 0 || !slab.listed) slab_settle(heap, slab);
}

/// Sorts blocks that other threads freed, `most` of them at most.
void sort_returned(slab_heap& heap, std::uint32_t most) noexcept {
  for (std::uint32_t n = 0; n < most; ++n) {
    if (!heap.unsorted) heap.unsorted = heap.returned.take_all();
    if (!heap.unsorted) return;
    put(heap, std::exchange(heap.unsorted, next_of(heap.unsorted)));
  }
}

void sort_all(slab_heap& heap) noexcept {
  do {
    sort_returned(heap, sorted_per_refill);
  } while (heap.unsorted);
}

void drop_empty(slab_heap& heap) noexcept {
  for (auto& current : heap.current) {
    if (current == &no_slab || current->used != 1) continue;
    current->listed = false;
    give_back(*std::exchange(current, &no_slab));
  }
}

/// What is to be done about a heap without a thread.
void put_in_order(slab_heap& heap) noexcept {
  sort_all(heap);
  drop_empty(heap);
}

void push_returned(slab_heap& owner, slab_block* first, slab_block* last) noexcept {
  if (owner.returned.push(first, last)) owner.returned.tend([&owner]() noexcept { put_in_order(owner); });
}

void send_outgoing(slab_heap& heap) noexcept {
  if (heap.outgoing_count == 0) return;
  heap.outgoing_count = 0;
  push_returned(*heap.outgoing_owner, heap.outgoing_first, heap.outgoing_last);
}

void leave(slab_heap& heap) noexcept {
  send_outgoing(heap);
  put_in_order(heap);
  heap.returned.leave([&heap]() noexcept { put_in_order(heap); });
}

/// Makes some of the blocks that were never handed out the slab's free ones. False if there are none.
bool extend(slab_header& slab) noexcept {
  const auto room = static_cast<std::size_t>(slab.end - slab.fresh);
  const std::size_t count = std::min(fresh_bytes, room) / std::max<std::size_t>(slab.block_bytes, 1);
  if (count == 0) return false;
  std::byte* block = slab.fresh;
  slab.free = reinterpret_cast<slab_block*>(block);
  for (std::size_t i = 1; i < count; ++i) {
    std::byte* next = block + slab.block_bytes;
    set_next(reinterpret_cast<slab_block*>(block), reinterpret_cast<slab_block*>(next));
    block = next;
  }
  set_next(reinterpret_cast<slab_block*>(block), nullptr);
  slab.fresh = block + slab.block_bytes;
  return true;
}

void lay_out(slab_heap& heap, slab_header& slab, std::size_t size_class) noexcept {
  slab.free = nullptr;
  slab.used = 0;
  slab.size_class = static_cast<std::uint8_t>(size_class);
  slab.block_bytes = static_cast<std::uint16_t>((size_class + 1) * slab_step_bytes);
  slab.owner = &heap;
  slab.fresh = slab_store::first_block(slab);
  slab.end = slab_store::end_of(slab);
  GLINT_POISON(slab.fresh, static_cast<std::size_t>(slab.end - slab.fresh));
}

/// Another current slab, as this one is full; null: no memory.
slab_header* change_current(slab_heap& heap, std::size_t size_class) noexcept {
  slab_header* next = heap.partial[size_class];
  if (next) {
    remove_partial(heap, *next);
  } else {
    next = slab_store::instance().acquire();
    if (!next) return nullptr;
    lay_out(heap, *next, size_class);
  }
  slab_header*& current = heap.current[size_class];
  if (current != &no_slab) {
    --current->used;  // not zero: all its blocks are out
    current->listed = false;
  }
  ++next->used;
  next->listed = true;
  return current = next;
}

void* refill_from(slab_heap& heap, std::size_t size_class) noexcept {
  slab_header* slab = heap.current[size_class];
  if (!slab->free && !extend(*slab)) {
    sort_returned(heap, sorted_per_refill);
    if (!slab->free) slab = change_current(heap, size_class);
    if (!slab) return nullptr;
    if (!slab->free && !extend(*slab)) return nullptr;
  }
  slab_block* block = slab->free;
  slab->free = next_of(block);
  ++slab->used;
  return block;
}

}  // namespace

void* slab_refill(std::size_t size_class) noexcept {
  if (slab_heap* heap = this_thread_heap) return refill_from(*heap, size_class);
  slab_heap* heap = obtain_heap();
  if (!heap) return nullptr;
  if (thread_end::ended) {
    void* block = refill_from(*heap, size_class);
    leave(*heap);
    return block;
  }
  [[maybe_unused]] static thread_local thread_end at_end;
  this_thread_heap = heap;
  return refill_from(*heap, size_class);
}

void slab_settle(slab_heap& heap, slab_header& slab) noexcept {
  GLINT_ASSERT(slab.owner == &heap, "a slab belongs to who sorts its blocks");
  if (slab.used != 0) {
    if (!slab.listed) add_partial(heap, slab);
    return;
  }
  if (slab.listed) remove_partial(heap, slab);
  give_back(slab);
}

void slab_return(slab_block* block, slab_header& slab) noexcept {
  GLINT_POISON(block, slab.block_bytes);
  slab_heap* mine = this_thread_heap;
  if (!mine) return push_returned(*slab.owner, block, block);
  if (mine->outgoing_owner != slab.owner) {
    send_outgoing(*mine);
    mine->outgoing_owner = slab.owner;
  }
  if (mine->outgoing_count == 0) {
    mine->outgoing_last = block;
  } else {
    set_next(block, mine->outgoing_first);
  }
  mine->outgoing_first = block;
  if (++mine->outgoing_count == outgoing_max) send_outgoing(*mine);
}

}  // namespace glint::detail

namespace glint {

void slab::flush() noexcept {
  detail::slab_heap* heap = detail::this_thread_heap;
  if (!heap) return;
  detail::send_outgoing(*heap);
  detail::sort_all(*heap);
}

void slab::collect() noexcept {
  flush();
  if (detail::slab_heap* heap = detail::this_thread_heap) detail::drop_empty(*heap);
}

void slab::keep_bytes(std::size_t bytes) noexcept {
  detail::slab_store::instance().keep_bytes(bytes);
}

slab_counts slab::counts() noexcept {
  slab_counts counts = detail::slab_store::instance().counts();
  for (const auto* heap = detail::heaps.load(std::memory_order_acquire); heap; heap = heap->next_heap) {
    ++counts.heap_count;
  }
  return counts;
}

}  // namespace glint
