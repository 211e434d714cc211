// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../support/interleavings.hpp"
#include "counts_under_model.hpp"
#include "model_plays.hpp"

/// All interleavings of an object and its maker, who know each other without a count, while either goes: whoever finds
/// the other takes a count first, or finds that it is gone.
namespace {

using interleavings::check;
using interleavings::guard;
using interleavings::program;
using model_plays::expect_sound;
using model_plays::failure_of;
using ::testing::StartsWith;
using under_model::glint::ref_counted;

// ---- a combination that knows its outcome --------------------------------------------------------------------------

struct claim_rules {
  static constexpr bool asks_if_alive = true;
  static constexpr bool abandons_under_lock = true;
  static constexpr bool claims_once = true;
};

/// detail::combination and its outcome, which knows who makes it and is known to it without a count: two of the objects
/// that it is made of settle while its last ref goes. It is published once, or to nobody.
template <class Rules = claim_rules>
struct combined {
  explicit combined(program& p) {
    p.thread([this] { e.release(); });
    for (int input = 0; input < 2; ++input) p.thread([this] { settled(); });
  }
  /// combination::claim and combination_of::settle
  void settled() {
    bool held = false;
    {
      const guard g(mutex);
      const bool bound = outcome.get();
      if (Rules::claims_once) outcome.set(false);
      if (!bound) return;
      check(!e.gone, "asked though it is gone");
      if (Rules::asks_if_alive) {
        held = e.hold_if_alive();
      } else {
        e.hold();
        held = true;
      }
    }
    if (!held) return;
    check(!e.destroyed, "claimed though it was destroyed");
    e.watching.set(false);
    e.value.set(e.value.get() + 1);
    e.unhold();
  }
  /// combination::abandon, of ~combined_entry
  void abandon() {
    if (Rules::abandons_under_lock) mutex.lock();
    outcome.set(false);
    if (Rules::abandons_under_lock) mutex.unlock();
  }
  void settle() {
    check(e.destroyed, "nobody counts on it, and it is there");
    check(e.value.get() <= 1, "published twice");
  }

  struct entry : ref_counted {
    explicit entry(combined& m) : maker(m) {}
    void destroy() noexcept override {
      check(!destroyed, "destroyed twice");
      destroyed = true;
      if (watching.get()) maker.abandon();
      (void)value.get();
      gone = true;
    }
    combined& maker;
    interleavings::plain<bool> watching{true};
    interleavings::plain<int> value{0};
    bool destroyed = false;
    bool gone = false;
  };
  interleavings::mutex mutex;
  interleavings::plain<bool> outcome{true};
  entry e{*this};
};

struct claims_the_dead : claim_rules {
  static constexpr bool asks_if_alive = false;
};
struct abandons_without_lock : claim_rules {
  static constexpr bool abandons_under_lock = false;
};
struct claims_twice : claim_rules {
  static constexpr bool claims_once = false;
};

TEST(makers_model_test, ACombinationSettlesItsOutcomeOnceOrFindsThatItIsGone) {
  expect_sound<combined<>>();
  EXPECT_THAT(failure_of<combined<claims_the_dead>>(), StartsWith("claimed though it was destroyed"));
  EXPECT_THAT(failure_of<combined<abandons_without_lock>>(), StartsWith("a data race"));
  EXPECT_THAT(failure_of<combined<claims_twice>>(), StartsWith("asked though it is gone"));
}

// ---- an object that knows its task ---------------------------------------------------------------------------------

struct pin_rules {
  static constexpr bool pins_under_lock = true;             ///< entry::pin_producer
  static constexpr bool forgets_producer = true;            ///< entry::rise, under the same lock.
  static constexpr bool publishes_first = true;             ///< The task, before it drops its own pin.
  static constexpr auto alone = std::memory_order_acquire;  ///< task_base::unpin, where the pin is the only one.
};

/// store::entry and detail::task_base: a task ends while two others stop it, which they find through its object. The
/// record goes once, behind all that anybody did with it. Who drops the only pin does so by a load: that it is not an
/// old value follows from the entry's lock, under which others were pinned.
template <class Rules = pin_rules>
struct stopped {
  explicit stopped(program& p) {
    p.thread([this] {
      if (Rules::publishes_first) rise();
      unpin();
      if (!Rules::publishes_first) rise();
    });
    for (int i = 0; i < 2; ++i) {
      p.thread([this] {
        if (!pin_producer()) return;
        check(!gone, "stopped though its record is gone");
        (void)record.get();
        rise();
        unpin();
      });
    }
  }
  bool pin_producer() {
    bool found = false;
    {
      const guard g(mutex);
      found = producer.get();
      if (found && Rules::pins_under_lock) pin();
    }
    if (found && !Rules::pins_under_lock) pin();
    return found;
  }
  void rise() {
    const guard g(mutex);
    if (Rules::forgets_producer) producer.set(false);
  }
  void pin() {
    check(!gone, "pinned though its record is gone");
    pins.fetch_add(1, std::memory_order_relaxed);
  }
  void unpin() {
    if (pins.load(Rules::alone) != 1 && pins.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    check(!gone, "the record went twice");
    gone = true;
    record.set(0);
  }
  void settle() { check(gone, "nobody has a pin, and the record is there"); }

  interleavings::mutex mutex;
  interleavings::plain<bool> producer{true};
  interleavings::atomic<int> pins{1};
  interleavings::plain<int> record{7};
  bool gone = false;
};

struct pins_late : pin_rules {
  static constexpr bool pins_under_lock = false;
};
struct remembers_producer : pin_rules {
  static constexpr bool forgets_producer = false;
};
struct publishes_last : pin_rules {
  static constexpr bool publishes_first = false;
};
struct relaxed_alone : pin_rules {
  static constexpr auto alone = std::memory_order_relaxed;
};

TEST(makers_model_test, ATaskThatIsStoppedThroughItsObjectGoesOnce) {
  expect_sound<stopped<>>(3);
  EXPECT_THAT(failure_of<stopped<pins_late>>(), StartsWith("a data race"));
  EXPECT_THAT(failure_of<stopped<remembers_producer>>(), StartsWith("pinned though its record is gone"));
  EXPECT_THAT(failure_of<stopped<publishes_last>>(), StartsWith("pinned though its record is gone"));
  EXPECT_THAT(failure_of<stopped<relaxed_alone>>(), StartsWith("a data race"));
}

}  // namespace
