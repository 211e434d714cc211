// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include <glint/base/detail/std_atomics.hpp>

namespace glint::detail {

enum class heap_state : std::uint8_t {
  owned,   ///< By a thread.
  orphan,  ///< Its thread has ended.
  tended,  ///< An orphan, and somebody sorts what was freed.
};

/// The orderings of `return_list`, by name, so that the model test can weaken one at a time and see it fail.
struct return_list_orders {
  static constexpr auto push = std::memory_order_seq_cst;   ///< The list: carries what was done with the blocks;
  static constexpr auto look = std::memory_order_seq_cst;   ///< then whether it is an orphan.
  static constexpr auto leave = std::memory_order_seq_cst;  ///< An orphan from now on; carries the heap;
  static constexpr auto check = std::memory_order_seq_cst;  ///< then the list.
  static constexpr auto claim = std::memory_order_acquire;  ///< The heap is the caller's.
  static constexpr auto take = std::memory_order_acquire;   ///< The list.
};

/// Blocks that were freed by other threads than their heap's, and whose the heap is.
///
/// Invariant: a block on the list of an orphan is somebody's to sort. Dekker: who frees pushes, then looks whether the
/// heap is an orphan; who makes it one (its thread at the end, or who tended it) looks for blocks afterwards. One of
/// them sees the other's. (A model test runs this in all interleavings.)
///
/// Thread-safe; `next_of` and `set_next` are found by the block's namespace.
template <class Block, class Atomics = std_atomics, class Orders = return_list_orders>
class return_list {
 public:
  /// Any thread: from `first` to `last` they are linked. True: the heap is an orphan; the caller is to `tend` it.
  [[nodiscard]] bool push(Block* first, Block* last) noexcept {
    Block* head = blocks_.load(std::memory_order_relaxed);
    do {
      set_next(last, head);
    } while (!blocks_.compare_exchange_weak(head, first, Orders::push, std::memory_order_relaxed));
    return state_.load(Orders::look) == heap_state::orphan;
  }

  /// Whose the heap is: what was pushed, the last first; null if nothing.
  [[nodiscard]] Block* take_all() noexcept {
    return blocks_.load(std::memory_order_relaxed) ? blocks_.exchange(nullptr, Orders::take) : nullptr;
  }

  /// True if it was an orphan and now is the caller's.
  [[nodiscard]] bool claim(heap_state as) noexcept {
    auto expected = heap_state::orphan;
    return state_.load(std::memory_order_relaxed) == expected &&
           state_.compare_exchange_strong(expected, as, Orders::claim, std::memory_order_relaxed);
  }

  /// Whose the heap is: nobody's from now on, once `sort` has nothing left to do. `sort` takes and sorts all.
  template <class Sort>
  void leave(Sort sort) noexcept {
    state_.store(heap_state::orphan, Orders::leave);
    tend(sort);
  }

  /// Sorts what lies on an orphan's list, unless another does.
  template <class Sort>
  void tend(Sort sort) noexcept {
    while (blocks_.load(Orders::check) && claim(heap_state::tended)) {
      sort();
      state_.store(heap_state::orphan, Orders::leave);
    }
  }

 private:
  typename Atomics::template atomic<Block*> blocks_{nullptr};
  typename Atomics::template atomic<heap_state> state_{heap_state::owned};
};

}  // namespace glint::detail
