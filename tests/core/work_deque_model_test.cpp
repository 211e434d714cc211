// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <glint/core/detail/work_deque.hpp>
#include "../support/interleavings.hpp"

/// All interleavings, up to a number of preemptions, of an owner and thieves of a small deque; and that each ordering
/// is needed: weaken any, and items are lost, taken twice, or read before they are written.
namespace {

using glint::detail::work_deque;
using glint::detail::work_deque_orders;
using interleavings::check;

struct item {
  explicit item(int i) : index(i) {}
  int index;
  interleavings::plain<int> payload{0};
};

/// What each thread does: the owner 'p'ushes the next item, p'o'ps, or 's'teals from itself; thieves steal.
struct scenario {
  const char* name;
  std::string_view owner;
  std::vector<int> thieves;  ///< Attempts of each.
  std::int64_t capacity = 4;
  int preemptions = 3;
};

const std::vector<scenario>& scenarios() {
  static const std::vector<scenario> all{
      {"the last item, popped and stolen", "po", {1}},     {"two items, popped and stolen", "ppoo", {2}},
      {"pushed again after it was empty", "popo", {2}},    {"two thieves and the owner meet", "ppo", {1, 1}, 4, 2},
      {"two thieves, three items", "pppoo", {1, 1}, 4, 2}, {"grows while it is stolen from", "ppp", {2}, 2},
      {"grows while two steal", "ppp", {1, 1}, 2, 2},      {"a slot is used again", "ppspo", {2}, 2},
      {"the owner takes the oldest", "ppsps", {2}},
  };
  return all;
}

template <class Orders, class Atomics>
class play {
 public:
  play(const scenario& s, interleavings::program& p) : deque_(s.capacity, 16), stolen_(s.thieves.size()) {
    for (std::size_t i = 0; i < s.owner.size(); ++i) items_.push_back(std::make_unique<item>(static_cast<int>(i)));
    taken_.resize(items_.size());
    p.thread([this, script = s.owner] { own(script); });
    for (std::size_t i = 0; i < s.thieves.size(); ++i) {
      p.thread([this, i, attempts = s.thieves[i]] { thieve(stolen_[i], attempts); });
    }
  }

  /// Each item that was pushed was taken once; what thieves took, from the oldest on.
  void settle() {
    while (item* left = deque_.pop()) take(left);
    for (int i = 0; i < pushed_; ++i) {
      check(taken_[static_cast<std::size_t>(i)] != 0, "an item was lost");
      check(taken_[static_cast<std::size_t>(i)] <= 1, "an item was taken twice");
    }
    for (const auto& of_one : stolen_) {
      for (std::size_t i = 1; i < of_one.size(); ++i) check(of_one[i - 1] < of_one[i], "stolen out of order");
    }
  }

 private:
  void own(std::string_view script) {
    for (const char step : script) {
      switch (step) {
        case 'p': {
          item& next = *items_[static_cast<std::size_t>(pushed_)];
          next.payload.set(pushed_ + 1);
          check(deque_.push(&next), "the deque is full");
          ++pushed_;
          break;
        }
        case 'o':
          if (item* popped = deque_.pop()) take(popped);
          break;
        default:
          if (item* oldest = deque_.steal()) take(oldest);
      }
    }
  }
  void thieve(std::vector<int>& stolen, int attempts) {
    for (int i = 0; i < attempts; ++i) {
      item* found = deque_.try_steal().item;
      if (!found) continue;
      stolen.push_back(found->index);
      take(found);
    }
  }
  void take(item* taken) {
    check(taken->payload.get() == taken->index + 1, "the item was not written yet");
    ++taken_[static_cast<std::size_t>(taken->index)];
  }

  work_deque<item, Atomics, Orders> deque_;
  std::vector<std::unique_ptr<item>> items_;
  std::vector<int> taken_;
  std::vector<std::vector<int>> stolen_;
  int pushed_ = 0;
};

template <class Orders, class Atomics = interleavings::model_atomics>
interleavings::report explore(const scenario& s) {
  std::unique_ptr<play<Orders, Atomics>> current;
  return interleavings::explore(
      [&](interleavings::program& p) {
        current.reset();
        current = std::make_unique<play<Orders, Atomics>>(s, p);
        p.finally([&current] { current->settle(); });
      },
      {.preemptions = s.preemptions});
}

TEST(work_deque_model_test, NothingIsLostTakenTwiceOrReadTooEarly) {
  for (const scenario& s : scenarios()) {
    const auto report = explore<work_deque_orders>(s);
    EXPECT_FALSE(report.failure) << s.name << ": " << *report.failure;
    EXPECT_TRUE(report.complete || report.failure) << s.name;
    EXPECT_GT(report.executions, 100u) << s.name << ": too few to mean anything";
  }
}

/// Whether some scenario shows that these orders are too weak.
template <class Orders, class Atomics = interleavings::model_atomics>
::testing::AssertionResult caught() {
  for (const scenario& s : scenarios()) {
    const auto report = explore<Orders, Atomics>(s);
    if (report.failure) return ::testing::AssertionSuccess() << s.name << ": " << *report.failure;
  }
  return ::testing::AssertionFailure() << "no scenario fails";
}

/// The paper's fences in place of seq_cst accesses.
template <bool Releases>
struct fenced {
  template <class T>
  struct atomic : interleavings::atomic<T> {
    using interleavings::atomic<T>::atomic;
    T load(std::memory_order order = std::memory_order_seq_cst) const noexcept {
      if (order != std::memory_order_seq_cst) return interleavings::atomic<T>::load(order);
      interleavings::model_atomics::fence(order);
      return interleavings::atomic<T>::load(std::memory_order_acquire);
    }
    void store(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
      if (order != std::memory_order_seq_cst) return interleavings::atomic<T>::store(value, order);
      interleavings::atomic<T>::store(value, Releases ? std::memory_order_release : std::memory_order_relaxed);
      interleavings::model_atomics::fence(order);
    }
  };
};

/// With C++11 the store of `pop` went on with the release sequence of the last push; since C++20 it ends it, and a
/// thief that reads it does not see the item behind an older slot.
TEST(work_deque_model_test, FencesNeedAReleaseStoreSinceCpp20) {
  EXPECT_TRUE((caught<work_deque_orders, fenced<false>>()));
  EXPECT_FALSE((caught<work_deque_orders, fenced<true>>()));
}

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto release = std::memory_order_release;

struct relaxed_publish : work_deque_orders {
  static constexpr auto publish = relaxed;
};
struct release_reserve : work_deque_orders {
  static constexpr auto reserve = release;
};
struct acquire_reserved : work_deque_orders {
  static constexpr auto reserved = acquire;
};
struct acquire_steal_begin : work_deque_orders {
  static constexpr auto steal_begin = acquire;
};
struct acquire_steal_end : work_deque_orders {
  static constexpr auto steal_end = acquire;
};
struct relaxed_grow : work_deque_orders {
  static constexpr auto grow = relaxed;
};
struct relaxed_array : work_deque_orders {
  static constexpr auto array = relaxed;
};

/// An exchange that looks and then writes.
template <class T>
struct torn_atomic : interleavings::atomic<T> {
  using interleavings::atomic<T>::atomic;
  bool compare_exchange_strong(T& expected, T desired, std::memory_order success, std::memory_order failure) noexcept {
    const T found = this->load(failure);
    if (found != std::exchange(expected, found)) return false;
    this->store(desired, success);
    return true;
  }
};
struct torn_atomics {
  template <class T>
  using atomic = torn_atomic<T>;
};

TEST(work_deque_model_test, AnExchangeThatIsNotAtomicIsCaught) {
  EXPECT_TRUE((caught<work_deque_orders, torn_atomics>()));
}

TEST(work_deque_model_test, EachWeakerOrderIsCaught) {
  EXPECT_TRUE(caught<relaxed_publish>());
  EXPECT_TRUE(caught<release_reserve>());
  EXPECT_TRUE(caught<acquire_reserved>());
  EXPECT_TRUE(caught<acquire_steal_begin>());
  EXPECT_TRUE(caught<acquire_steal_end>());
  EXPECT_TRUE(caught<relaxed_grow>());
  EXPECT_TRUE(caught<relaxed_array>());
}

}  // namespace
