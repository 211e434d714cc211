// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

/// Runs a small concurrent program in every order that matters, under the memory model of C++20, as Relacy, CHESS and
/// loom do for theirs. A program that is written against `std::atomic` through a policy runs here with
/// `interleavings::atomic`.
///
/// Threads are fibers of the calling thread. Every atomic operation is a point at which another thread may go on, and a
/// load may return any value that the model allows it, not only the newest. Each such choice is a branch of a tree that
/// is searched depth first, up to a number of preemptions (Musuvathi, Qadeer: "Iterative context bounding", PLDI 2007:
/// most errors need two).
///
/// The memory model is that of views (Kang et al., "A promising semantics", POPL 2017, without promises; what is
/// ordered by what follows RC11 and [atomics.order]): an atomic keeps all values that it ever had, a thread has a view
/// of how new a value of each it must see at least; release stores carry views, acquire loads take them over. Stores of
/// one thread may thus reach others in any order and late; release sequences end with a plain store, as they do from
/// C++20 on; seq_cst operations and fences are ordered by when they run.
/// Not modelled: a load that sees a store which runs later (load buffering), and stores of two threads to one place
/// that take effect in another order than they run; so where several threads write one place, they should exchange.
/// Compare-exchange fails only for a reason.
namespace interleavings {

inline constexpr std::size_t places_max = 60;
inline constexpr std::size_t threads_max = 4;

/// How new: of each atomic the index of a value, of each thread the number of an operation.
struct view {
  std::array<std::uint16_t, places_max + threads_max> at{};

  void join(const view& other) noexcept {
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = at[i] < other.at[i] ? other.at[i] : at[i];
  }
};

struct options {
  int preemptions = 3;  ///< At most so many times a thread is interrupted that could go on.
  std::uint64_t executions_max = 5'000'000;
  bool may_end_waiting = false;  ///< Threads may wait for ever in the end; `program::finally` says whether they should.
};

struct report {
  std::uint64_t executions = 0;
  bool complete = false;               ///< All that the bound allows was tried.
  std::optional<std::string> failure;  ///< The first that was found, and how it came about.
};

/// One execution's program: what is made before the threads start, the threads, and what holds in the end.
class program {
 public:
  void thread(std::function<void()> body) { threads.push_back(std::move(body)); }
  void finally(std::function<void()> body) { check = std::move(body); }

  std::vector<std::function<void()>> threads;
  std::function<void()> check;
};

/// Explores the program that `make` sets up, anew for each execution, until something fails or all is tried.
[[nodiscard]] report explore(const std::function<void(program&)>& make, options how = {});

/// Notes a failure of the present execution.
void check(bool holds, const char* what);

/// One of so many things that may happen next, as an answer that may come early or late: each is tried.
[[nodiscard]] std::uint32_t choose(std::uint32_t count);

namespace detail {

/// An atomic, as the explorer knows it.
[[nodiscard]] std::size_t new_place(std::uint64_t value);
[[nodiscard]] std::uint64_t load(std::size_t place, std::memory_order order);
void store(std::size_t place, std::uint64_t value, std::memory_order order);
/// What becomes of the newest value; nothing: the operation is a load.
struct change {
  void* context;
  std::optional<std::uint64_t> (*of)(void* context, std::uint64_t value);
};
std::uint64_t modify(std::size_t place, change what, std::memory_order success, std::memory_order failure);
void fence(std::memory_order order);
[[nodiscard]] std::size_t new_plain();
void access_plain(std::size_t plain, bool writes);
[[nodiscard]] std::size_t new_event();
void wait_for(std::size_t event);
void set(std::size_t event);

template <class T>
std::uint64_t to_bits(T value) noexcept {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}
template <class T>
T from_bits(std::uint64_t bits) noexcept {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace detail

/// In place of std::atomic. That it was made must happen before it is used.
template <class T>
class atomic {
 public:
  atomic(T value = T()) : place_(detail::new_place(detail::to_bits(value))) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  T load(std::memory_order order = std::memory_order_seq_cst) const noexcept {
    return detail::from_bits<T>(detail::load(place_, order));
  }
  void store(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    detail::store(place_, detail::to_bits(value), order);
  }
  T exchange(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return change([value](T) { return value; }, order);
  }
  T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return change([value](T old) { return static_cast<T>(old + value); }, order);
  }
  T fetch_sub(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return change([value](T old) { return static_cast<T>(old - value); }, order);
  }
  T fetch_or(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return change([value](T old) { return static_cast<T>(old | value); }, order);
  }
  T fetch_and(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return change([value](T old) { return static_cast<T>(old & value); }, order);
  }
  /// What std::atomic has not: any change in one step, for what stands for something that is tried by itself.
  template <class Next>
  T update(const Next& next, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return change(next, order);
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure) noexcept {
    const std::uint64_t wanted = detail::to_bits(expected);
    const auto swap = [&](std::uint64_t old) {
      return old == wanted ? std::optional(detail::to_bits(desired)) : std::nullopt;
    };
    const std::uint64_t found = modify(swap, success, failure);
    expected = detail::from_bits<T>(found);
    return found == wanted;
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return compare_exchange_strong(expected, desired, order, without_release(order));
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order success, std::memory_order failure) noexcept {
    return compare_exchange_strong(expected, desired, success, failure);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order order = std::memory_order_seq_cst) noexcept {
    return compare_exchange_strong(expected, desired, order);
  }

 private:
  static std::memory_order without_release(std::memory_order order) noexcept {
    if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
    return order == std::memory_order_release ? std::memory_order_relaxed : order;
  }
  template <class Change>
  T change(const Change& next, std::memory_order order) noexcept {
    const auto of_bits = [&next](std::uint64_t old) {
      return std::optional(detail::to_bits<T>(next(detail::from_bits<T>(old))));
    };
    return detail::from_bits<T>(modify(of_bits, order, order));
  }
  template <class OfBits>
  std::uint64_t modify(OfBits& next, std::memory_order success, std::memory_order failure) noexcept {
    const auto call = [](void* context, std::uint64_t old) { return (*static_cast<OfBits*>(context))(old); };
    return detail::modify(place_, {const_cast<void*>(static_cast<const void*>(&next)), call}, success, failure);
  }

  std::size_t place_;
};

/// A variable that is no atomic: two accesses, one of them a write, must be ordered, or the execution fails.
template <class T>
class plain {
 public:
  plain(T value = T()) : id_(detail::new_plain()), value_(value) { detail::access_plain(id_, true); }
  T get() const {
    detail::access_plain(id_, false);
    return value_;
  }
  void set(T value) {
    detail::access_plain(id_, true);
    value_ = value;
  }

 private:
  std::size_t id_;
  T value_;
};

/// Where a thread waits until another has set it, as a parked thread does; one that goes on uses that up. When all
/// wait, the execution fails.
class event {
 public:
  void wait() { detail::wait_for(id_); }
  void set() { detail::set(id_); }

 private:
  std::size_t id_ = detail::new_event();
};

/// A lock that is no part of what is tried: who finds it held waits for it, which is no preemption.
class mutex {
 public:
  mutex() { free_.set(); }
  void lock() { free_.wait(); }
  void unlock() { free_.set(); }

 private:
  event free_;
};

/// Holds it for the scope.
class guard {
 public:
  explicit guard(mutex& m) : mutex_(m) { mutex_.lock(); }
  ~guard() { mutex_.unlock(); }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

 private:
  mutex& mutex_;
};

/// The policy for templates over atomics.
struct model_atomics {
  template <class T>
  using atomic = interleavings::atomic<T>;
  static void fence(std::memory_order order) { detail::fence(order); }
};

}  // namespace interleavings
