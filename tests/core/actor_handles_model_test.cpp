// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../support/interleavings.hpp"
#include "counts_under_model.hpp"

/// All interleavings of an actor's last handle that goes with who finds the actor by its name, takes its name, has a
/// call on the way to it, or has ended it: the object and the cell are destroyed once, not while anybody has a handle,
/// and in the end always.
namespace {

using interleavings::check;
using interleavings::guard;
using interleavings::program;
using ::testing::StartsWith;
using under_model::glint::ref_counted;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto acquire = std::memory_order_acquire;
constexpr auto seq_cst = std::memory_order_seq_cst;

/// What a mutant leaves out.
struct cell_rules {
  static constexpr bool asks_if_reachable = true;    ///< try_add_handle: never a handle more once there was none.
  static constexpr bool removes_itself_only = true;  ///< actor_directory::remove: not who has taken the name since.
  static constexpr bool later_releases = true;       ///< The handles' count goes with the later of handles and object.
  static constexpr auto look_for_handles = seq_cst;  ///< drop_call, once no call is coming.
  static constexpr auto look_for_calls = seq_cst;    ///< next_duty, once no handle is left.
};

template <class Rules>
struct cell;

/// detail::actor_directory, of one name.
template <class Rules>
struct directory {
  interleavings::mutex mutex;
  interleavings::plain<cell<Rules>*> there{nullptr};

  cell<Rules>* find() {
    const guard g(mutex);
    cell<Rules>* found = there.get();
    return found && found->try_add_handle() ? found : nullptr;
  }
  /// Null: the name is its own; or who has it, with a handle more.
  cell<Rules>* claim(cell<Rules>& by) {
    cell<Rules>* replaced = nullptr;
    {
      const guard g(mutex);
      replaced = there.get();
      if (replaced && replaced->try_add_handle()) return replaced;
      by.hold();
      there.set(&by);
    }
    if (replaced) replaced->unhold();
    return nullptr;
  }
  void remove(cell<Rules>& leaving) {
    cell<Rules>* removed = nullptr;
    {
      const guard g(mutex);
      removed = there.get();
      if (!removed || (Rules::removes_itself_only && removed != &leaving)) return;
      there.set(nullptr);
    }
    removed->unhold();
  }
};

/// detail::actor_cell: its handles, its last call, its end; the functions are named as there. Turns are run by a
/// worker.
template <class Rules>
struct cell : ref_counted {
  explicit cell(directory<Rules>& d) : names(d) {
    hold();  // of the runtime's list
  }
  void destroy() noexcept override {
    check(!destroyed, "the cell is destroyed twice");
    check(object_ends == 1, "the cell goes before its object");
    destroyed = true;
  }
  void use() { check(object_ends == 0 && !destroyed, "the object went while somebody has a handle"); }

  bool try_add_handle() {
    check(!destroyed, "the directory has a cell that was destroyed");
    if (ended.load()) return false;
    auto count = handles.load();
    while (count != 0 || !Rules::asks_if_reachable) {
      if (handles.compare_exchange_weak(count, count + 1)) return true;
    }
    return false;
  }
  void drop_handle() {
    if (handles.fetch_sub(1) == 1) on_last_handle();
  }
  void on_last_handle() {
    const under_model::glint::hold_ptr<cell> alive(this);
    names.remove(*this);
    bool start = false;
    bool release_now = false;
    {
      const guard g(mutex);
      handles_gone.set(true);
      if (finished.get() || !Rules::later_releases) {
        release_now = true;
      } else {
        start = turn_for_duty();
      }
    }
    launch(start);
    if (release_now) release();
  }
  void add_call() {
    hold();
    coming_calls.fetch_add(1, relaxed);
  }
  void drop_call() {
    if (coming_calls.fetch_sub(1) == 1 && handles.load(Rules::look_for_handles) == 0) {
      bool start = false;
      {
        const guard g(mutex);
        if (handles_gone.get() && !finished.get()) start = turn_for_duty();
      }
      launch(start);
    }
    unhold();
  }
  void end() {
    bool start = false;
    {
      const guard g(mutex);
      if (ended.load()) return;
      ended.store(true);
      start = turn_for_duty();
    }
    launch(start);
  }

  bool turn_for_duty() {
    if (active_turns.get() != 0) return false;
    active_turns.set(1);
    hold();
    return true;
  }
  void launch(bool start) {
    if (start) queued.set();
  }
  void run_turn() {
    for (;;) {
      bool due = false;
      {
        const guard g(mutex);
        due = next_duty();
        if (!due) active_turns.set(0);
      }
      if (!due) return unhold();
      finish();
    }
  }
  bool next_duty() {
    if (finished.get()) return false;
    if (handles_gone.get() && coming_calls.load(Rules::look_for_calls) == 0) ended.store(true);
    return ended.load();
  }
  void finish() {
    ++object_ends;
    names.remove(*this);
    unhold();  // remove_actor
    bool release_now = false;
    {
      const guard g(mutex);
      finished.set(true);
      release_now = handles_gone.get();
    }
    if (release_now) release();
  }

  directory<Rules>& names;
  interleavings::atomic<int> handles{1};
  interleavings::atomic<int> coming_calls{0};
  interleavings::atomic<bool> ended{false};
  interleavings::mutex mutex;
  interleavings::plain<bool> handles_gone{false};
  interleavings::plain<bool> finished{false};
  interleavings::plain<int> active_turns{0};
  interleavings::event queued;
  int object_ends = 0;
  bool destroyed = false;
};

/// One handle, of a named actor, and what others do while it goes.
template <class Rules>
struct play {
  enum class other { finds, has_a_call, ends_it, takes_the_name };

  play(program& p, other what) : second(names) {
    (void)names.claim(first);
    if (what == other::has_a_call) first.add_call();
    if (what == other::ends_it) first.handles.fetch_add(1, relaxed);
    p.thread([this] { first.drop_handle(); });
    p.thread([this, what] { beside(what); });
    p.thread([this] {
      for (;;) {  // a worker; in the end it waits for more
        first.queued.wait();
        first.run_turn();
      }
    });
  }
  void beside(other what) {
    if (what == other::has_a_call) return first.drop_call();
    if (what == other::ends_it) {
      first.end();
      return first.drop_handle();
    }
    cell<Rules>* const found = what == other::finds ? names.find() : names.claim(second);
    took_name = what == other::takes_the_name && !found;
    if (!found) return;
    found->use();
    found->drop_handle();
  }
  void settle() {
    check(first.destroyed, "nobody can reach the actor, and it is there");
    check(first.object_ends == 1, "its object was destroyed more than once");
    check(!took_name || names.there.get() == &second, "the name was taken from who has it now");
  }

  directory<Rules> names;
  cell<Rules> first{names};
  cell<Rules> second;
  bool took_name = false;
};

template <class Rules = cell_rules>
interleavings::report explore(typename play<Rules>::other what) {
  std::unique_ptr<play<Rules>> current;
  return interleavings::explore(
      [&](program& p) {
        current.reset();
        current = std::make_unique<play<Rules>>(p, what);
        p.finally([&current] { current->settle(); });
      },
      {.preemptions = 3, .may_end_waiting = true});
}

TEST(actor_handles_model_test, AnActorGoesOnceAndNotWhileSomebodyHasIt) {
  using other = play<cell_rules>::other;
  for (const other what : {other::finds, other::has_a_call, other::ends_it, other::takes_the_name}) {
    const auto report = explore(what);
    EXPECT_FALSE(report.failure) << static_cast<int>(what) << ": " << *report.failure;
    EXPECT_TRUE(report.complete);
    EXPECT_GT(report.executions, 100u) << "too few to mean anything";
  }
}

template <class Rules>
std::string failure_of(typename play<Rules>::other what) {
  return explore<Rules>(what).failure.value_or("nothing");
}

struct reaches_the_unreachable : cell_rules {
  static constexpr bool asks_if_reachable = false;
};
struct removes_whoever : cell_rules {
  static constexpr bool removes_itself_only = false;
};
struct releases_both : cell_rules {
  static constexpr bool later_releases = false;
};
struct misses_handles : cell_rules {
  static constexpr auto look_for_handles = acquire;
};
struct misses_calls : cell_rules {
  static constexpr auto look_for_calls = acquire;
};

TEST(actor_handles_model_test, EachRuleIsNeeded) {
  using reaches = play<reaches_the_unreachable>::other;
  EXPECT_THAT(failure_of<reaches_the_unreachable>(reaches::finds), StartsWith("released more often than retained"));
  using removes = play<removes_whoever>::other;
  EXPECT_THAT(failure_of<removes_whoever>(removes::takes_the_name),
              StartsWith("the name was taken from who has it now"));
  using releases = play<releases_both>::other;
  EXPECT_THAT(failure_of<releases_both>(releases::ends_it), StartsWith("released more often than retained"));
  using handles = play<misses_handles>::other;
  EXPECT_THAT(failure_of<misses_handles>(handles::has_a_call),
              StartsWith("nobody can reach the actor, and it is there"));
  using calls = play<misses_calls>::other;
  EXPECT_THAT(failure_of<misses_calls>(calls::has_a_call), StartsWith("nobody can reach the actor, and it is there"));
}

}  // namespace
