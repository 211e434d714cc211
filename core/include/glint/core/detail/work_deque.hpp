// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include <glint/base/assert.hpp>
#include <glint/base/detail/std_atomics.hpp>

namespace glint::detail {

/// The orderings that `work_deque` needs, by name, so that the model test can weaken one at a time and see it fail.
struct work_deque_orders {
  static constexpr auto publish = std::memory_order_release;      ///< push: the end; carries the slot.
  static constexpr auto reserve = std::memory_order_seq_cst;      ///< pop: the end, one less;
  static constexpr auto reserved = std::memory_order_seq_cst;     ///< pop: then the begin.
  static constexpr auto steal_begin = std::memory_order_seq_cst;  ///< steal: the begin;
  static constexpr auto steal_end = std::memory_order_seq_cst;    ///< steal: then the end.
  static constexpr auto grow = std::memory_order_release;         ///< push: a larger array; carries its slots.
  static constexpr auto array = std::memory_order_acquire;        ///< steal: the array; the paper's `consume`.

  // A slot is not written again before its thief has read it: who steals releases, push acquires. A model in which no
  // load sees a later store cannot show that this is needed.
  static constexpr auto steal = std::memory_order_release;       ///< steal: the begin, one more.
  static constexpr auto full_check = std::memory_order_acquire;  ///< push: the begin.
  // The owner's exchange for its last item: that it is atomic is enough, as it wrote the slot itself.
  static constexpr auto last = std::memory_order_relaxed;
};

/// A queue of pointers that one thread owns and all may take from: the owner pushes and pops the newest, others steal
/// the oldest; the owner may steal, too, and does where order matters more than warmth.
///
/// Chase, Lev: "Dynamic circular work-stealing deque", SPAA 2005; orderings after Lê, Pop, Cohen, Zappa Nardelli:
/// "Correct and efficient work-stealing for weak memory models", PPoPP 2013, with these differences:
/// - no fences: seq_cst on the accesses that they stood between. ThreadSanitizer follows it, and on x86-64 it costs the
///   same. A relaxed store after a fence would also end the release sequence of the push before it, since C++20;
/// - the larger array is published by a release store and read by an acquire load. In the paper's code a thief may read
///   slots that were not written yet (Norris, Demsky: "CDSChecker", OOPSLA 2013);
/// - indices are signed: in the paper's code `pop` of a deque that was never used wraps around (size_t of 0 - 1);
/// - it does not grow beyond a bound: `push` says so, and the item goes elsewhere.
///
/// Invariants: (1) begin <= end + 1, begin never falls; (2) items are in slots [begin, end) modulo the capacity of the
/// newest array; (3) an index is taken once: by who moves `begin` past it, or by the owner while `begin` is less than
/// the end that it has reserved; (4) arrays are read by late thieves and live as long as the deque.
///
/// Thread-safe as said. Budget: push one release store; pop one seq_cst store, for the last item also one exchange;
/// steal one exchange. Never a lock; memory only when it grows, to twice as much.
template <class T, class Atomics = std_atomics, class Orders = work_deque_orders>
class work_deque {
 public:
  /// Capacities are powers of two. Throws std::bad_alloc.
  explicit work_deque(std::int64_t capacity = 256, std::int64_t capacity_max = 65'536)
      : capacity_max_(capacity_max), owned_(std::make_unique<ring>(capacity)) {
    GLINT_ASSERT((capacity & (capacity - 1)) == 0 && (capacity_max & (capacity_max - 1)) == 0, "powers of two",
                 capacity, capacity_max);
    array_.store(owned_.get(), std::memory_order_relaxed);
  }

  /// Owner only. False: it is full and cannot grow; the item is still the caller's.
  ///
  /// `Announced` is for who then looks for a sleeping thread (Dekker): seq_cst, so that either it sees the sleeper, or
  /// the sleeper, which looks for work after it has said that it sleeps, sees the item.
  template <std::memory_order Announced = Orders::publish>
  [[nodiscard]] bool push(T* item) noexcept {
    const std::int64_t end = end_.load(std::memory_order_relaxed);
    const std::int64_t begin = begin_.load(Orders::full_check);
    ring* array = array_.load(std::memory_order_relaxed);
    if (end - begin >= array->capacity) [[unlikely]] {
      array = grow(*array, begin, end);
      if (!array) return false;
    }
    array->slot(end).store(item, std::memory_order_relaxed);
    end_.store(end + 1, Announced);
    return true;
  }

  /// Owner only. The newest, or null.
  [[nodiscard]] T* pop() noexcept {
    const std::int64_t end = end_.load(std::memory_order_relaxed) - 1;
    if (begin_.load(std::memory_order_relaxed) > end) return nullptr;  // begin never falls: empty for sure
    ring* array = array_.load(std::memory_order_relaxed);
    end_.store(end, Orders::reserve);
    std::int64_t begin = begin_.load(Orders::reserved);
    if (begin < end) return array->slot(end).load(std::memory_order_relaxed);
    T* item = nullptr;
    if (begin == end) {
      item = array->slot(end).load(std::memory_order_relaxed);
      if (!begin_.compare_exchange_strong(begin, begin + 1, Orders::last, std::memory_order_relaxed)) item = nullptr;
    }
    end_.store(end + 1, std::memory_order_relaxed);  // nobody takes up to here: begin has reached it
    return item;
  }

  enum class stolen : std::uint8_t {
    nothing,  ///< It was empty.
    item,
    lost,  ///< Another took the item: look again, or elsewhere.
  };
  struct theft {
    stolen result;
    T* item;
  };

  /// Any thread. The oldest.
  [[nodiscard]] theft try_steal() noexcept {
    std::int64_t begin = begin_.load(Orders::steal_begin);
    const std::int64_t end = end_.load(Orders::steal_end);
    if (begin >= end) return {stolen::nothing, nullptr};
    ring* array = array_.load(Orders::array);
    T* item = array->slot(begin).load(std::memory_order_relaxed);
    if (!begin_.compare_exchange_strong(begin, begin + 1, Orders::steal, std::memory_order_relaxed)) {
      return {stolen::lost, nullptr};
    }
    return {stolen::item, item};
  }

  /// The same until there is an item or nothing: who lost made way for another.
  [[nodiscard]] T* steal() noexcept {
    for (;;) {
      const theft t = try_steal();
      if (t.result != stolen::lost) return t.item;
    }
  }

  /// What was there, about: so many items from index `begin`, which rises by one with each that is taken.
  struct extent {
    std::int64_t begin;
    std::int64_t size;
  };
  /// Any thread. seq_cst: for who has said that it sleeps and then looks for work.
  [[nodiscard]] extent look() const noexcept {
    const std::int64_t begin = begin_.load();
    const std::int64_t end = end_.load();
    return {begin, begin < end ? end - begin : 0};
  }
  [[nodiscard]] std::int64_t size() const noexcept { return look().size; }

 private:
  struct ring {
    explicit ring(std::int64_t n) : capacity(n), slots(new slot_type[static_cast<std::size_t>(n)]) {}
    using slot_type = typename Atomics::template atomic<T*>;

    [[nodiscard]] slot_type& slot(std::int64_t index) noexcept {
      return slots[static_cast<std::size_t>(index & (capacity - 1))];
    }

    const std::int64_t capacity;
    std::unique_ptr<slot_type[]> slots;
    std::unique_ptr<ring> smaller;  ///< Before it: thieves may still read there. Together less than this one.
  };

  [[gnu::noinline]] ring* grow(const ring& full, std::int64_t begin, std::int64_t end) noexcept try {
    if (full.capacity >= capacity_max_) return nullptr;
    auto larger = std::make_unique<ring>(2 * full.capacity);
    for (std::int64_t i = begin; i < end; ++i) {
      larger->slot(i).store(owned_->slot(i).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    larger->smaller = std::move(owned_);
    owned_ = std::move(larger);
    array_.store(owned_.get(), Orders::grow);
    return owned_.get();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }

  alignas(64) typename Atomics::template atomic<std::int64_t> begin_{0};
  alignas(64) typename Atomics::template atomic<std::int64_t> end_{0};
  typename Atomics::template atomic<ring*> array_{nullptr};
  const std::int64_t capacity_max_;
  std::unique_ptr<ring> owned_;  // the owner's
};

}  // namespace glint::detail
