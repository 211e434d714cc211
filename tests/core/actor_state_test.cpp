// SPDX-License-Identifier: Apache-2.0
// Actors with save and load, on the host.
#include <algorithm>
#include <thread>

#include "actor_fixture.hpp"
#include "warnings.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::put;
using glint::spawn;

std::atomic<int> saves{0};
std::atomic<int> loads{0};
std::atomic<int> failing_saves{0};
std::atomic<int> failing_loads{0};
std::atomic<int> halves{0};
std::atomic<int> begun{0};

class ActorState : public actor_case {
 protected:
  void SetUp() override {
    saves = loads = failing_saves = failing_loads = halves = begun = 0;
    actor_case::SetUp();
  }
};

/// Its calls are to be made again as often as it takes: after a restart, the next one says that it is over.
constexpr glint::call_options patient{.max_task_retries = -1};

struct tally_state {
  int sum = 0;
  std::vector<int> added;
};

class tally {
 public:
  explicit tally(int start) : sum_(start) {}

  int add(int d) {
    added_.push_back(d);
    return sum_ += d;
  }
  int add_and_save(int d) {
    glint::save_actor();
    return add(d);
  }
  /// Adds, and then is held; the first time only.
  int hold_once(const shared_event& inside, const shared_event& go, int d) {
    const int sum = add(d);
    if (++begun == 1) {
      (*inside)->set();
      (*go)->wait();
    }
    return sum;
  }
  /// Half done while it waits for the object.
  glint::co_task<int> add_later(object_ref<int> d) {
    half_ = true;
    const int value = co_await d;
    half_ = false;
    co_return add(value);
  }
  int sum() const { return sum_; }
  std::vector<int> added() const { return added_; }

  tally_state save() const {
    if (half_) ++halves;
    if (failing_saves > 0 && failing_saves-- > 0) throw std::domain_error("no paper");
    ++saves;
    return {.sum = sum_, .added = added_};
  }
  void load(tally_state from) {
    ++loads;
    if (failing_loads > 0 && failing_loads-- > 0) throw std::domain_error("cannot read it");
    sum_ = from.sum;
    added_ = std::move(from.added);
  }

 private:
  int sum_;
  bool half_ = false;
  std::vector<int> added_;
  counted_object counted_;
};

int sum_after_restart(const actor_handle<tally>& a) {
  kill(a, {.restart = true});
  return get(a.call<&tally::sum>(patient), deadline);
}

TEST_F(ActorState, IsRestoredBehindTheConstructor) {
  auto a = spawn<tally>({.name = "sums", .max_restarts = 2}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  EXPECT_EQ(get(a.call<&tally::add>(2), deadline), 8);
  EXPECT_EQ(sum_after_restart(a), 8);
  EXPECT_EQ(saves.load(), 2);
  EXPECT_EQ(loads.load(), 1);
  EXPECT_EQ(glint::statistics().states_saved, 2u);
  EXPECT_EQ(get(a.call<&tally::add>(3), deadline), 11);
  EXPECT_EQ(sum_after_restart(a), 11);
  EXPECT_EQ(objects_alive.load(), 1);
}

/// The object gets a copy: what `load` does to it is not what the next one gets.
TEST_F(ActorState, IsRestoredAgainAndAgain) {
  auto a = spawn<tally>({.max_restarts = -1}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(sum_after_restart(a), 6);
    EXPECT_EQ(get(a.call<&tally::added>(), deadline), std::vector<int>{1});
    EXPECT_EQ(loads.load(), i);
  }
  EXPECT_EQ(saves.load(), 1);
}

TEST_F(ActorState, WithoutASaveBeforeTheConstructorAloneRuns) {
  auto a = spawn<tally>({.max_restarts = 1}, 5);
  EXPECT_EQ(get(a.call<&tally::sum>(), deadline), 5);
  EXPECT_EQ(sum_after_restart(a), 5);
  EXPECT_EQ(loads.load(), 0);
}

TEST_F(ActorState, ACallThatARestartFoundUnderWayIsNotInIt) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<tally>({.name = "sums", .max_restarts = 1}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  auto running = a.call<&tally::hold_once>(inside, go, 10);
  (*inside)->wait();
  kill(a, {.restart = true});
  expect_failed(running, errc::actor_unavailable, "on actor sums", "restarts");
  (*go)->set();
  EXPECT_EQ(get(a.call<&tally::sum>(patient), deadline), 6);
  EXPECT_EQ(saves.load(), 1);
}

TEST_F(ActorState, CallsMadeAgainComeBehindItInTheirOrder) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<tally>({.max_restarts = 1, .max_task_retries = 1}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  auto running = a.call<&tally::hold_once>(inside, go, 10);
  auto queued = a.call<&tally::add>(100);
  (*inside)->wait();
  kill(a, {.restart = true});
  auto meanwhile = a.call<&tally::add>(1000);
  (*go)->set();
  EXPECT_EQ(get(running, deadline), 16);
  EXPECT_EQ(get(queued, deadline), 116);
  EXPECT_EQ(get(meanwhile, deadline), 1116);
  EXPECT_EQ(get(a.call<&tally::added>(), deadline), (std::vector<int>{1, 10, 100, 1000}));
}

TEST_F(ActorState, IsSavedAfterSoManyCallsThatAreNotConst) {
  auto a = spawn<tally>({.max_restarts = 1, .save_every = 3}, 5);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6 + i);
    EXPECT_EQ(get(a.call<&tally::sum>(), deadline), 6 + i);
    EXPECT_EQ(saves.load(), (i + 1) / 3) << "a save that is due comes before the next call";
  }
  EXPECT_EQ(sum_after_restart(a), 11) << "the seventh call was not saved";
}

TEST_F(ActorState, IsSavedWhenACallAsksForIt) {
  auto a = spawn<tally>({.max_restarts = 1, .save_every = 0}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  EXPECT_EQ(get(a.call<&tally::add_and_save>(2), deadline), 8);
  EXPECT_EQ(get(a.call<&tally::add>(4), deadline), 12);
  EXPECT_EQ(sum_after_restart(a), 8);
  EXPECT_EQ(saves.load(), 1);
}

TEST_F(ActorState, AnActorThatNeverRestartsIsNotSaved) {
  auto a = spawn<tally>(5);
  EXPECT_EQ(get(a.call<&tally::add_and_save>(1), deadline), 6);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 7);
  EXPECT_EQ(get(a.call<&tally::sum>(), deadline), 7);
  EXPECT_EQ(saves.load(), 0);
}

TEST_F(ActorState, IsNotRestoredWhenNoRestartIsLeft) {
  auto a = spawn<tally>({.name = "sums", .max_restarts = 1}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  EXPECT_EQ(sum_after_restart(a), 6);
  kill(a, {.restart = true});
  expect_failed(a.call<&tally::sum>(), errc::actor_stopped, "sum on actor sums", "may not restart");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  EXPECT_EQ(loads.load(), 1);
  EXPECT_TRUE(only_left(0)) << "the state is gone, too";
}

TEST_F(ActorState, IsNotMadeWhileACallIsInProgress) {
  auto a = spawn<tally>({.max_concurrency = 2, .max_restarts = 1}, 5);
  auto [later, promise] = [] {
    glint::promise<int> made;
    auto ref = made.ref();
    return std::pair(std::move(ref), std::move(made));
  }();
  auto suspended = a.call<&tally::add_later>(later);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 5 + i);
  EXPECT_EQ(saves.load(), 0) << "the calls before the last have been over for long";
  promise.set(10);
  EXPECT_EQ(get(suspended, deadline), 18);
  EXPECT_EQ(get(a.call<&tally::sum>(), deadline), 18);
  EXPECT_EQ(saves.load(), 1) << "once for all four";
  EXPECT_EQ(halves.load(), 0);
  EXPECT_EQ(sum_after_restart(a), 18);
}

TEST_F(ActorState, ASaveThatThrowsFailsNothing) {
  warnings logged;
  auto a = spawn<tally>({.name = "sums", .max_restarts = 1}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  EXPECT_EQ(get(a.call<&tally::sum>(), deadline), 6);
  failing_saves = 4;
  const auto failed = glint::statistics().failed;
  for (int i = 2; i <= 4; ++i) EXPECT_EQ(get(a.call<&tally::add>(i), deadline), 5 + i * (i + 1) / 2);
  EXPECT_EQ(sum_after_restart(a), 6) << "what was saved before stays";
  EXPECT_EQ(failing_saves.load(), 1);
  EXPECT_EQ(glint::statistics().failed, failed + 3);
  EXPECT_EQ(logged.count("actor sums was not saved"), 2) << "the first and the second of three";
  EXPECT_TRUE(logged.has("no paper"));
}

TEST_F(ActorState, ALoadThatThrowsEndsTheActor) {
  auto a = spawn<tally>({.name = "sums", .max_restarts = -1}, 5);
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), 6);
  failing_loads = 1;
  kill(a, {.restart = true});
  const auto failure = error_of(a.call<&tally::sum>(patient));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::actor_failed) << failure->describe();
  EXPECT_THAT(failure->message(), testing::HasSubstr("load of actor sums failed"));
  EXPECT_THAT(failure->describe(), testing::HasSubstr("cannot read it"));
  EXPECT_EQ(loads.load(), 1) << "it is not tried again";
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorState, CanBeAskedForOnlyInMethodsOfActorsThatHaveIt) {
  EXPECT_EQ(thrown_by([] { glint::save_actor(); }), errc::invalid_argument);
  struct plain {
    int ask() {
      glint::save_actor();
      return 1;
    }
  };
  auto a = spawn<plain>({.name = "plain", .max_restarts = 1});
  const auto failure = error_of(a.call<&plain::ask>());
  ASSERT_TRUE(failure.has_value());
  EXPECT_THAT(failure->describe(), testing::HasSubstr("save_actor in an actor without save and load"));
}

/// A state that holds a ref holds its object.
struct holds_ref {
  object_ref<int> kept;
};
class holder {
 public:
  void keep(object_ref<int> ref) { kept_ = std::move(ref); }
  int value() const { return kept_ ? get(kept_, deadline) : 0; }
  holds_ref save() const { return {kept_}; }
  void load(const holds_ref& from) { kept_ = from.kept; }

 private:
  object_ref<int> kept_;
  counted_object counted_;
};

TEST_F(ActorState, KeepsWhatTheRefsInItReferTo) {
  auto a = spawn<holder>({.max_restarts = 1});
  get(a.call<&holder::keep>(put(7)), deadline);
  kill(a, {.restart = true});
  EXPECT_EQ(get(a.call<&holder::value>(patient), deadline), 7);
}

/// Loads are held, so that restarts and ends come while the object is half built.
class slow_loader {
 public:
  int add() { return ++sum_; }
  int sum() const { return sum_; }
  int save() const { return sum_; }
  void load(int from) {
    const auto turn = static_cast<std::size_t>(loads++);
    if (turn < inside.size()) {
      (*inside[turn])->set();
      (*go[turn])->wait();
    }
    sum_ = from;
  }
  static inline std::vector<shared_event> inside;
  static inline std::vector<shared_event> go;
  static void hold_loads(std::size_t count) {
    inside.clear();
    go.clear();
    for (std::size_t i = 0; i < count; ++i) {
      inside.push_back(make_event());
      go.push_back(make_event());
    }
  }

 private:
  int sum_ = 0;
  counted_object counted_;
};

TEST_F(ActorState, ARestartDuringLoadBeginsAnew) {
  slow_loader::hold_loads(1);
  auto a = spawn<slow_loader>({.max_restarts = 2});
  EXPECT_EQ(get(a.call<&slow_loader::add>(), deadline), 1);
  kill(a, {.restart = true});
  (*slow_loader::inside[0])->wait();
  auto waits = a.call<&slow_loader::sum>(patient);
  kill(a, {.restart = true});
  (*slow_loader::go[0])->set();
  EXPECT_EQ(get(waits, deadline), 1);
  EXPECT_EQ(loads.load(), 2);
  EXPECT_EQ(objects_alive.load(), 1);
  slow_loader::hold_loads(0);
}

TEST_F(ActorState, AKillDuringLoadEndsTheActor) {
  slow_loader::hold_loads(1);
  auto a = spawn<slow_loader>({.name = "slow", .max_restarts = 2});
  EXPECT_EQ(get(a.call<&slow_loader::add>(), deadline), 1);
  kill(a, {.restart = true});
  (*slow_loader::inside[0])->wait();
  auto waits = a.call<&slow_loader::sum>(patient);
  kill(a);
  expect_failed(waits, errc::actor_stopped, "sum on actor slow", "was killed");
  (*slow_loader::go[0])->set();
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  slow_loader::hold_loads(0);
}

/// Whenever a restart comes, a call whose result was seen is in the state, and one that is made again is not.
TEST_F(ActorState, EachCallCountsOnceHoweverOftenTheActorRestarts) {
  constexpr int restarts = 30;
  auto a = spawn<tally>({.max_restarts = -1, .max_task_retries = -1}, 0);
  int calls = 1;
  EXPECT_EQ(get(a.call<&tally::add>(1), deadline), calls);
  std::atomic<bool> done{false};
  std::jthread killer([&] {
    for (int i = 0; i < restarts; ++i) {
      kill(a, {.restart = true});
      (void)get(a.call<&tally::sum>(), deadline);  // it has come back
    }
    done = true;
  });
  while (!done) {
    std::vector<object_ref<int>> ahead;
    for (int i = 0; i < 8; ++i) ahead.push_back(a.call<&tally::add>(1));
    for (const auto& ref : ahead) EXPECT_EQ(get(ref, deadline), ++calls);
  }
  killer.join();
  EXPECT_EQ(get(a.call<&tally::sum>(), deadline), calls);
  EXPECT_EQ(loads.load(), restarts);
}

}  // namespace
}  // namespace glint_test
