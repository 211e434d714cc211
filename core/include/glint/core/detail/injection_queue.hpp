// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <glint/base/detail/std_atomics.hpp>

namespace glint::detail {

/// The orderings of `injection_queue`; see `work_deque_orders`. Where they are seq_cst, it is for the sleep protocol:
/// who has said that it sleeps, and then takes nothing, is seen by who links afterwards, or by who was taking.
struct injection_queue_orders {
  /// push: the newest. At least acq_rel, as an item's own empty link comes before the link that the next push writes
  /// there: a model in which stores to one place are ordered by when they run cannot show that.
  static constexpr auto enter = std::memory_order_seq_cst;
  static constexpr auto linked = std::memory_order_seq_cst;  ///< push: the link to the item, which it carries.
  static constexpr auto follow = std::memory_order_seq_cst;  ///< take: that link.
  // take: whose turn it is, and its end, which carries where the next goes on. Only exchanges, which meet what is
  // newest: who asks comes before the end of the other's turn, who then looks again, or has the next turn itself.
  static constexpr auto turn = std::memory_order_acquire;
  static constexpr auto leave = std::memory_order_release;
  static constexpr auto look = std::memory_order_seq_cst;  ///< looks_empty, after that.
};

/// Base of what an `injection_queue` links.
template <class Atomics = std_atomics>
struct injection_link {
  typename Atomics::template atomic<injection_link*> next_injected{nullptr};
};

/// Work from outside of the workers, in order of arrival. Unbounded: the items are the memory.
///
/// Many push, without a lock or a loop: one exchange and one store. One takes at a time; another who comes meanwhile
/// gets nothing, and looks elsewhere, as the first has up to a batch for others to steal. Before the first leaves with
/// nothing it looks once more, as what the other came for may be newer than what it saw. (D. Vyukov, "Intrusive MPSC
/// node-based queue", 2010.)
///
/// Invariants: (1) from `oldest_` links lead to `newest_`, but for a push that has entered and not linked yet, behind
/// which all waits; (2) the queue is empty when both are `stub_`, which may also lie among the items; (3) `oldest_` is
/// written by who holds `taking_`.
///
/// Sleep protocol: who pushes then looks for a sleeper; who took something and then sees more (`looks_empty` is false)
/// wakes one, too; who is about to sleep says so and tries once more to take. Nobody has to wait for another's push or
/// take to end.
///
/// Thread-safe. `T` derives from injection_link; each item is in one queue at a time. Budget: push one exchange and one
/// seq_cst store; take the same, for all that it takes.
template <class T, class Atomics = std_atomics, class Orders = injection_queue_orders>
class injection_queue {
 public:
  void push(T& item) noexcept { enter(item); }

  /// Takes the oldest, as many as there are and `out` has room for; returns how many. None as well while another thread
  /// takes, or behind a push that is under way.
  [[nodiscard]] std::size_t take(std::span<T*> out) noexcept {
    if (!begin_turn()) return 0;
    std::size_t n = 0;
    do {
      while (n < out.size() && (out[n] = take_one())) ++n;
      taken_.store(taken_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    } while (!end_turn(n != 0));
    return n;
  }

  /// Has `see` look at the oldest, which stays. False: there is none, or it is being taken. Whoever takes meanwhile
  /// gets nothing, and may sleep: wake one afterwards.
  template <class See>
  bool look_at_oldest(See see) {
    auto now = turn::free;
    if (!turn_.compare_exchange_strong(now, turn::taken, Orders::turn, std::memory_order_relaxed)) return false;
    link* first = oldest_.load(std::memory_order_relaxed);
    if (first == &stub_) first = first->next_injected.load(Orders::follow);
    if (first) see(static_cast<const T&>(*first));
    turn_.exchange(turn::free, Orders::leave);
    return first != nullptr;
  }

  /// How many there are, up to `most`; 0 while another takes. Wake one afterwards, as after `look_at_oldest`.
  [[nodiscard]] std::size_t count(std::size_t most) noexcept {
    std::size_t n = 0;
    look_at_oldest([&](const link& oldest) {
      for (const link* l = &oldest; l && n < most; l = l->next_injected.load(Orders::follow)) n += l != &stub_ ? 1 : 0;
    });
    return n;
  }

  /// How many were taken ever: who is oldest has not changed as long as this has not.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

  /// False from when a push enters until its item was taken.
  [[nodiscard]] bool looks_empty() const noexcept {
    return newest_.load(Orders::look) == &stub_ && oldest_.load(Orders::look) == &stub_;
  }

 private:
  using link = injection_link<Atomics>;

  enum class turn : std::uint8_t {
    free,
    taken,
    asked,  ///< Taken, and another has come meanwhile.
  };

  [[nodiscard]] bool begin_turn() noexcept {
    auto now = turn::free;
    if (turn_.compare_exchange_strong(now, turn::taken, Orders::turn, std::memory_order_relaxed)) return true;
    return turn_.exchange(turn::asked, Orders::turn) == turn::free;
  }
  /// False: look again.
  [[nodiscard]] bool end_turn(bool found) noexcept {
    if (found) {
      turn_.exchange(turn::free, Orders::leave);
      return true;
    }
    auto now = turn::taken;
    if (turn_.compare_exchange_strong(now, turn::free, Orders::leave, std::memory_order_relaxed)) return true;
    turn_.exchange(turn::taken, Orders::leave);  // was asked: as if it had come later
    return false;
  }

  void enter(link& item) noexcept {
    item.next_injected.store(nullptr, std::memory_order_relaxed);
    link* before = newest_.exchange(&item, Orders::enter);
    before->next_injected.store(&item, Orders::linked);
  }

  T* take_one() noexcept {
    link* first = oldest_.load(std::memory_order_relaxed);
    link* next = first->next_injected.load(Orders::follow);
    if (first == &stub_) {
      if (!next) return nullptr;
      oldest_.store(first = next, std::memory_order_relaxed);
      next = first->next_injected.load(Orders::follow);
    }
    if (!next) {
      // The last can be taken only when something is behind it, or another would link itself to what is gone.
      if (newest_.load(std::memory_order_relaxed) != first) return nullptr;
      enter(stub_);
      next = first->next_injected.load(Orders::follow);
      if (!next) return nullptr;
    }
    oldest_.store(next, std::memory_order_relaxed);
    return static_cast<T*>(first);
  }

  link stub_;
  alignas(64) typename Atomics::template atomic<link*> newest_{&stub_};
  alignas(64) typename Atomics::template atomic<turn> turn_{turn::free};
  typename Atomics::template atomic<link*> oldest_{&stub_};
  std::atomic<std::uint64_t> taken_{0};  // written by whose turn it is
};

}  // namespace glint::detail
