// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>

#include <glint/base/detail/return_list.hpp>
#include "../support/interleavings.hpp"

/// All interleavings, up to a number of preemptions, of a heap whose thread ends, is inherited, and is freed to.
namespace return_list_model {

using glint::detail::heap_state;
using glint::detail::return_list;
using glint::detail::return_list_orders;
using interleavings::check;
using interleavings::program;

struct block {
  interleavings::plain<block*> next{nullptr};
  interleavings::plain<int> used{0};  ///< By the program, until it frees the block.
  int sorted = 0;
};
block* next_of(const block* b) {
  return b->next.get();
}
void set_next(block* b, block* next) {
  b->next.set(next);
}

template <class Orders>
struct heap {
  return_list<block, interleavings::model_atomics, Orders> returned;
  interleavings::plain<int> slabs{0};  ///< What only one thread at a time may touch.
  block blocks[2];
  bool inherited = false;

  void sort() {
    while (block* b = returned.take_all()) {
      while (b) {
        block* next = next_of(b);
        slabs.set(slabs.get() + 1);
        check(b->used.get() == 1, "a block was sorted before it was freed");
        ++b->sorted;
        b = next;
      }
    }
  }
  void leave() {
    sort();
    returned.leave([this] { sort(); });
  }
  void free(block& b) {
    b.used.set(1);
    if (returned.push(&b, &b)) returned.tend([this] { sort(); });
  }
  void settle() {
    if (inherited) sort();  // its thread goes on, and sorts when it needs blocks
    for (const block& b : blocks) check(b.sorted == 1, "a block was lost, or sorted twice");
  }
};

template <class Orders>
interleavings::report explore(int frees_each, bool inherits) {
  std::unique_ptr<heap<Orders>> h;
  return interleavings::explore(
      [&](program& p) {
        h = std::make_unique<heap<Orders>>();
        p.thread([&] { h->leave(); });
        p.thread([&, frees_each] {
          for (int i = 0; i < frees_each; ++i) h->free(h->blocks[i]);
        });
        if (frees_each == 1) p.thread([&] { h->free(h->blocks[1]); });
        if (inherits) {
          p.thread([&] {
            if (!h->returned.claim(heap_state::owned)) return;
            h->inherited = true;
            h->sort();
          });
        }
        p.finally([&h] { h->settle(); });
      },
      {.preemptions = 3});
}

TEST(return_list_model_test, NoBlockIsLostWhereAThreadEnds) {
  for (const bool inherits : {false, true}) {
    const auto report = explore<return_list_orders>(inherits ? 2 : 1, inherits);
    EXPECT_FALSE(report.failure) << *report.failure;
    EXPECT_TRUE(report.complete);
    EXPECT_GT(report.executions, 1'000u);
  }
}

template <class Orders>
bool caught() {
  return explore<Orders>(1, false).failure || explore<Orders>(2, true).failure;
}

struct release_push : return_list_orders {
  static constexpr auto push = std::memory_order_release;
};
struct acquire_look : return_list_orders {
  static constexpr auto look = std::memory_order_acquire;
};
struct release_leave : return_list_orders {
  static constexpr auto leave = std::memory_order_release;
};
struct acquire_check : return_list_orders {
  static constexpr auto check = std::memory_order_acquire;
};
struct relaxed_claim : return_list_orders {
  static constexpr auto claim = std::memory_order_relaxed;
};
struct relaxed_take : return_list_orders {
  static constexpr auto take = std::memory_order_relaxed;
};

TEST(return_list_model_test, EachWeakerOrderIsCaught) {
  EXPECT_TRUE(caught<release_push>());
  EXPECT_TRUE(caught<acquire_look>());
  EXPECT_TRUE(caught<release_leave>());
  EXPECT_TRUE(caught<acquire_check>());
  EXPECT_TRUE(caught<relaxed_claim>());
  EXPECT_TRUE(caught<relaxed_take>());
}

}  // namespace return_list_model
