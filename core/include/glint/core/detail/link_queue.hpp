// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include <glint/base/detail/std_atomics.hpp>

namespace glint::detail {

/// The orderings of `link_queue`; see `work_deque_orders`. Where they are seq_cst, it is for the protocols of those who
/// take: who has said that it sleeps, and then takes nothing, is seen by who links afterwards, or by who was taking.
struct link_queue_orders {
  /// push: the newest. At least acq_rel, as an item's own empty link comes before the link that the next push writes
  /// there: a model in which stores to one place are ordered by when they run cannot show that.
  static constexpr auto enter = std::memory_order_seq_cst;
  static constexpr auto linked = std::memory_order_seq_cst;  ///< push: the link to the item, which it carries.
  static constexpr auto follow = std::memory_order_seq_cst;  ///< take: that link.
  static constexpr auto look = std::memory_order_seq_cst;    ///< looks_empty, after that.
};

/// Base of what a `link_queue` links.
template <class Atomics = std_atomics>
struct injection_link {
  typename Atomics::template atomic<injection_link*> next_injected{nullptr};
};

/// Items of many threads, in order of arrival, for one thread at a time to take. Unbounded: the items are the memory.
/// (D. Vyukov, "Intrusive MPSC node-based queue", 2010.)
///
/// Invariants: (1) from `oldest_` links lead to `newest_`, but for a push that has entered and not linked yet, behind
/// which all waits; (2) the queue is empty when both are `stub_`, which may also lie among the items.
///
/// `T` derives from injection_link; each item is in one queue at a time. Budget: push one exchange and one seq_cst
/// store, no loop; to take the last item costs the same, any other two loads.
template <class T, class Atomics = std_atomics, class Orders = link_queue_orders>
class link_queue {
 public:
  using link = injection_link<Atomics>;

  /// Thread-safe.
  void push(T& item) noexcept { enter(item); }
  /// False from when a push enters until its item was taken. Thread-safe.
  [[nodiscard]] bool looks_empty() const noexcept {
    return newest_.load(Orders::look) == &stub_ && oldest_.load(Orders::look) == &stub_;
  }

  // ---- for one thread at a time

  /// The oldest; null if there is none, or a push is under way before it.
  [[nodiscard]] T* take() noexcept {
    link* const first = leave_stub();
    if (!first) return nullptr;
    link* next = first->next_injected.load(Orders::follow);
    if (!next) {
      // The last can be taken only when something is behind it, or another would link itself to what is gone.
      if (newest_.load(std::memory_order_relaxed) != first) return nullptr;
      enter(stub_);
      next = first->next_injected.load(Orders::follow);
      if (!next) return nullptr;
    }
    return leave(first, next);
  }
  /// The same, but leaves the last one: that would cost whoever pushes next the line of memory that all push to.
  [[nodiscard]] T* take_unless_last() noexcept {
    link* const first = leave_stub();
    link* const next = first ? first->next_injected.load(Orders::follow) : nullptr;
    return next ? leave(first, next) : nullptr;
  }
  /// Calls `see` on each, from the oldest on, as long as that returns true.
  template <class See>
  void look(See see) const {
    const link* l = oldest_.load(std::memory_order_relaxed);
    for (; l; l = l->next_injected.load(Orders::follow)) {
      if (l != &stub_ && !see(static_cast<const T&>(*l))) return;
    }
  }

 private:
  void enter(link& item) noexcept {
    item.next_injected.store(nullptr, std::memory_order_relaxed);
    link* before = newest_.exchange(&item, Orders::enter);
    before->next_injected.store(&item, Orders::linked);
  }
  /// The oldest item; null if there is none that is linked.
  [[nodiscard]] link* leave_stub() noexcept {
    link* const first = oldest_.load(std::memory_order_relaxed);
    if (first != &stub_) return first;
    link* const next = first->next_injected.load(Orders::follow);
    if (next) oldest_.store(next, std::memory_order_relaxed);
    return next;
  }
  [[nodiscard]] T* leave(link* first, link* next) noexcept {
    oldest_.store(next, std::memory_order_relaxed);
    return static_cast<T*>(first);
  }

  alignas(64) typename Atomics::template atomic<link*> newest_{&stub_};
  alignas(64) typename Atomics::template atomic<link*> oldest_{&stub_};
  link stub_;
};

}  // namespace glint::detail
