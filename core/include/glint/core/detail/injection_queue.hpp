// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <glint/core/detail/link_queue.hpp>

namespace glint::detail {

/// The orderings of `injection_queue`.
struct injection_queue_orders : link_queue_orders {
  // take: whose turn it is, and its end, which carries where the next goes on. Only exchanges, which meet what is
  // newest: who asks comes before the end of the other's turn, who then looks again, or has the next turn itself.
  static constexpr auto turn = std::memory_order_acquire;
  static constexpr auto leave = std::memory_order_release;
};

/// Work from outside of the workers, in order of arrival: a `link_queue` from which many take in turns.
///
/// One takes at a time; another who comes meanwhile gets nothing, and looks elsewhere, as the first has up to a batch
/// for others to steal. Before the first leaves with nothing it looks once more, as what the other came for may be
/// newer than what it saw.
///
/// Sleep protocol: who pushes then looks for a sleeper; who took something and then sees more (`looks_empty` is false)
/// wakes one, too; who is about to sleep says so and tries once more to take. Nobody has to wait for another's push or
/// take to end.
///
/// Thread-safe. Budget: push as link_queue's; take two exchanges, for all that it takes.
template <class T, class Atomics = std_atomics, class Orders = injection_queue_orders>
class injection_queue {
 public:
  void push(T& item) noexcept { items_.push(item); }

  /// Takes the oldest, as many as there are and `out` has room for; returns how many. None as well while another thread
  /// takes, or behind a push that is under way.
  [[nodiscard]] std::size_t take(std::span<T*> out) noexcept {
    if (!begin_turn()) return 0;
    std::size_t n = 0;
    do {
      while (n < out.size() && (out[n] = items_.take())) ++n;
      taken_.store(taken_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    } while (!end_turn(n != 0));
    return n;
  }

  /// Has `see` look at the oldest, which stays. False: there is none, or it is being taken. Whoever takes meanwhile
  /// gets nothing, and may sleep: wake one afterwards.
  template <class See>
  bool look_at_oldest(See see) {
    return look([&see](const T& oldest) {
             see(oldest);
             return false;
           }) != 0;
  }

  /// How many there are, up to `most`; 0 while another takes. Wake one afterwards, as after `look_at_oldest`.
  [[nodiscard]] std::size_t count(std::size_t most) noexcept {
    if (most == 0) return 0;
    return look([left = most](const T&) mutable { return --left != 0; });
  }

  /// How many were taken ever: who is oldest has not changed as long as this has not.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

  /// False from when a push enters until its item was taken.
  [[nodiscard]] bool looks_empty() const noexcept { return items_.looks_empty(); }

 private:
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
  /// How many `see` was called with; none while another takes.
  template <class See>
  std::size_t look(See see) {
    auto now = turn::free;
    if (!turn_.compare_exchange_strong(now, turn::taken, Orders::turn, std::memory_order_relaxed)) return 0;
    std::size_t n = 0;
    items_.look([&](const T& item) {
      ++n;
      return see(item);
    });
    turn_.exchange(turn::free, Orders::leave);
    return n;
  }

  link_queue<T, Atomics, Orders> items_;
  alignas(64) typename Atomics::template atomic<turn> turn_{turn::free};
  std::atomic<std::uint64_t> taken_{0};  // written by whose turn it is
};

}  // namespace glint::detail
