// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../support/interleavings.hpp"
#include "counts_under_model.hpp"
#include "model_plays.hpp"

/// All interleavings, up to a number of preemptions, of the end of an object: its last count goes while others look it
/// up, hand it on, or ask whether they are its last user. It is destroyed once, by somebody, after all that anybody did
/// with it, and is not found from then on. The counts are base's own code.
namespace {

using interleavings::check;
using interleavings::guard;
using interleavings::program;
using model_plays::expect_sound;
using model_plays::failure_of;
using ::testing::StartsWith;
using under_model::with_weaker;
using under_model::glint::ref_counted;

constexpr auto relaxed = std::memory_order_relaxed;

// ---- found in the list of all objects ------------------------------------------------------------------------------

/// What a mutant leaves out.
struct list_rules {
  static constexpr bool asks_if_alive = true;      ///< hold_if_alive: never a count more once there was none.
  static constexpr bool leaves_under_lock = true;  ///< The destructor takes the list's lock.
  static constexpr bool leaves_first = true;       ///< And leaves the list before its memory goes.
  static constexpr bool knows_if_listed = true;    ///< Who was forgotten does not leave once more.
};

/// store::registry and store::entry, with one shard and one entry: the functions are named as there.
template <class Rules>
struct registry {
  struct entry : ref_counted {
    explicit entry(registry& r) : list(r) {}
    void destroy() noexcept override {
      check(!destroyed, "destroyed twice");
      destroyed = true;
      if (!Rules::leaves_first) gone = true;
      value.set(0);
      list.remove(*this);  // ~entry
      gone = true;
    }
    registry& list;
    interleavings::plain<int> value{7};
    interleavings::plain<bool> registered{true};
    bool destroyed = false;
    bool gone = false;
  };

  /// registry::for_each. `forget`: shutdown's last, which empties what is left.
  void for_each(bool forget) {
    bool held = false;
    {
      const guard g(mutex);
      if (!first.get()) return;
      check(!e.gone, "an entry is listed that is gone");
      if (forget) e.registered.set(false);
      held = hold(e);
      if (forget) {
        first.set(false);
        count.set(0);
      }
    }
    if (!held) return;
    check(!e.destroyed, "an entry was found that was destroyed");
    e.unhold();
  }
  static bool hold(entry& found) {
    if (Rules::asks_if_alive) return found.hold_if_alive();
    found.hold();
    return true;
  }
  /// registry::remove
  void remove(entry& leaving) {
    if (Rules::leaves_under_lock) mutex.lock();
    if (leaving.registered.get() || !Rules::knows_if_listed) {
      first.set(false);
      count.set(count.get() - 1);
    }
    if (Rules::leaves_under_lock) mutex.unlock();
  }
  void settle() {
    check(e.destroyed, "nobody counts on it, and it is there");
    check(!first.get() && count.get() == 0, "it is listed still");
  }

  interleavings::mutex mutex;
  interleavings::plain<bool> first{true};
  interleavings::plain<int> count{1};
  entry e{*this};
};

/// Two refs to one object go while shutdown looks at all objects.
template <class Rules = list_rules, bool Forgets = false>
struct listed : registry<Rules> {
  explicit listed(program& p) {
    this->e.retain();
    for (int user = 0; user < 2; ++user) {
      p.thread([this] {
        check(this->e.value.get() == 7, "the value of an object that is held went");
        this->e.release();
      });
    }
    p.thread([this] {
      this->for_each(false);
      if (Forgets) this->for_each(true);
    });
  }
};

TEST(last_count_model_test, WhatIsListedIsDestroyedOnceAndNotFoundAfterwards) {
  expect_sound<listed<>>();
  expect_sound<listed<list_rules, true>>(2);
}

struct holds_the_dead : list_rules {
  static constexpr bool asks_if_alive = false;
};
struct leaves_without_lock : list_rules {
  static constexpr bool leaves_under_lock = false;
};
struct leaves_last : list_rules {
  static constexpr bool leaves_first = false;
};
struct leaves_twice : list_rules {
  static constexpr bool knows_if_listed = false;
};

TEST(last_count_model_test, EachRuleOfTheListIsNeeded) {
  EXPECT_THAT(failure_of<listed<holds_the_dead>>(), StartsWith("an entry was found that was destroyed"));
  EXPECT_THAT(failure_of<listed<leaves_without_lock>>(), StartsWith("a data race"));
  EXPECT_THAT(failure_of<listed<leaves_last>>(), StartsWith("an entry is listed that is gone"));
  EXPECT_THAT((failure_of<listed<leaves_twice, true>>()), StartsWith("it is listed still"));
}

TEST(last_count_model_test, WhoDestroysSeesWhatAllDid) {
  {
    const with_weaker release({.subtract = relaxed});
    EXPECT_THAT(failure_of<listed<>>(), StartsWith("a data race"));
  }
  const with_weaker acquire({.load = relaxed});
  EXPECT_THAT(failure_of<listed<>>(), StartsWith("a data race"));
}

// ---- moved out by its last user ------------------------------------------------------------------------------------

struct move_rules {
  static constexpr bool finders_hold = true;  ///< Who finds an object in a list is no user, and leaves its value alone.
  static constexpr bool asks_first = true;    ///< take_value: moves only if it is the last user.
};

/// detail::take_value by two users, of an object whose producer is on its way out and which shutdown looks at: each
/// gets the value, one of them at most the original.
template <class Rules = move_rules>
struct moved {
  explicit moved(program& p) {
    e.retain();
    if (Rules::finders_hold) e.hold();  // the producer's, or who found it
    for (int user = 0; user < 2; ++user) {
      p.thread([this] {
        const under_model::glint::intrusive_ptr<entry> ref(&e, under_model::glint::adopt);
        take_value();
      });
    }
    p.thread([this] {
      if (Rules::finders_hold) return e.unhold();
      if (!e.hold_if_alive()) return;
      e.retain();
      e.unhold();
      take_value();
      e.release();
    });
  }
  void take_value() {
    check(!e.destroyed, "used, though it was destroyed");
    check(e.value.get() == 7, "read after it was moved out");
    if (!Rules::asks_first || e.unique()) {
      e.value.set(0);
      check(++moves == 1, "moved out twice");
    } else {
      check(e.value.get() == 7, "moved out while others hold it");
    }
  }
  void settle() { check(e.destroyed, "nobody counts on it, and it is there"); }

  struct entry : ref_counted {
    void destroy() noexcept override {
      check(!destroyed, "destroyed twice");
      destroyed = true;
      header.set(0);
    }
    interleavings::plain<int> value{7};
    interleavings::plain<int> header{0};
    bool destroyed = false;
  };
  entry e;
  int moves = 0;
};

struct finders_use : move_rules {
  static constexpr bool finders_hold = false;
};
struct moves_unasked : move_rules {
  static constexpr bool asks_first = false;
};

TEST(last_count_model_test, OnlyTheLastUserMovesAValueOut) {
  expect_sound<moved<>>();
  EXPECT_THAT(failure_of<moved<moves_unasked>>(), StartsWith("a data race"));
  EXPECT_THAT(failure_of<moved<finders_use>>(), StartsWith("a data race"))
      << "who became a user without having been given a ref";
}

TEST(last_count_model_test, WhoMovesAValueOutSeesWhatAllDid) {
  {
    const with_weaker release({.subtract = relaxed});
    EXPECT_THAT(failure_of<moved<>>(), StartsWith("a data race"));
  }
  const with_weaker acquire({.load = relaxed});
  EXPECT_THAT(failure_of<moved<>>(), StartsWith("a data race"));
}

}  // namespace
