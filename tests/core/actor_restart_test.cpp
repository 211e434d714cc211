// SPDX-License-Identifier: Apache-2.0
// Actors that are built anew after kill, and calls that are made again.
#include <latch>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::put;
using glint::spawn;
using glint::submit;

std::atomic<int> built{0};
std::atomic<int> begun{0};

class ActorRestart : public actor_case {
 protected:
  void SetUp() override {
    built = begun = 0;
    actor_case::SetUp();
  }
};

class phoenix {
 public:
  explicit phoenix(int start) : sum_(start) { ++built; }
  phoenix(int start, const std::string& word) : phoenix(start + static_cast<int>(word.size())) {}
  phoenix(const tracked& t, bool) : phoenix(t.value) {}
  int add(int d) { return sum_ += d; }
  int sum() const { return sum_; }
  /// Is held the first time only.
  int hold_once(const shared_event& inside, const shared_event& go, int value) {
    if (++begun > 1) return sum_ += value;
    (*inside)->set();
    (*go)->wait();
    return sum_ += value;
  }
  int hold(const shared_event& inside, const shared_event& go) {
    ++begun;
    (*inside)->set();
    (*go)->wait();
    return sum_;
  }

 private:
  int sum_;
  counted_object counted_;
};

TEST_F(ActorRestart, StateIsBuiltAnewFromTheConstructorsArguments) {
  auto a = spawn<phoenix>({.name = "bird", .max_restarts = 2}, submit<add>(3, 4), "abc");
  EXPECT_EQ(get(a.call<&phoenix::add>(1), deadline), 11);
  kill(a, {.restart = true});
  EXPECT_TRUE(eventually([] { return built == 2; }));
  ASSERT_TRUE(eventually([&] { return !thrown_by([&] { (void)get(a.call<&phoenix::sum>(), deadline); }); }));
  EXPECT_EQ(get(a.call<&phoenix::sum>(), deadline), 10) << "a ref and a value, both kept";
  EXPECT_EQ(objects_alive.load(), 1);
  EXPECT_EQ(*glint::get_actor<phoenix>("bird"), a) << "it keeps its name and its handles";
}

/// The restart is not over while the old body runs: calls meanwhile see it.
TEST_F(ActorRestart, CallsUnderWayAndMeanwhileAreUnavailable) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<phoenix>({.name = "bird", .max_restarts = 1}, 5);
  auto running = a.call<&phoenix::hold>(inside, go);
  auto queued = a.call<&phoenix::sum>();
  (*inside)->wait();
  kill(a, {.restart = true});
  for (const auto& ref : {running, queued, a.call<&phoenix::sum>()}) {
    ASSERT_TRUE(glint::try_get(ref).has_value()) << "at once";
    expect_failed(ref, errc::actor_unavailable, "on actor bird", "actor bird restarts: it was killed by the program");
  }
  EXPECT_EQ(built.load(), 1) << "not before the old object is gone";
  (*go)->set();
  EXPECT_TRUE(eventually([] { return built == 2; }));
  ASSERT_TRUE(eventually([&] { return !thrown_by([&] { (void)get(a.call<&phoenix::sum>(), deadline); }); }));
  EXPECT_EQ(get(a.call<&phoenix::sum>(), deadline), 5);
}

TEST_F(ActorRestart, NoMoreOftenThanAllowedThenItIsDeadWithTheReason) {
  auto a = spawn<phoenix>({.name = "bird", .max_restarts = 2}, 5);
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(eventually([&] { return !thrown_by([&] { (void)get(a.call<&phoenix::sum>(), deadline); }); }));
    EXPECT_EQ(built.load(), i);
    kill(a, {.restart = true});
  }
  ASSERT_TRUE(eventually([&] { return !thrown_by([&] { (void)get(a.call<&phoenix::sum>(), deadline); }); }));
  EXPECT_EQ(built.load(), 3);
  kill(a, {.restart = true});
  expect_failed(a.call<&phoenix::sum>(), errc::actor_stopped, "sum on actor bird",
                "actor bird was killed by the program, and may not restart");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  EXPECT_EQ(built.load(), 3);
}

TEST_F(ActorRestart, WithoutMaxRestartsKillWithRestartEndsIt) {
  auto a = spawn<phoenix>({.name = "bird"}, 5);
  EXPECT_EQ(get(a.call<&phoenix::sum>(), deadline), 5);
  kill(a, {.restart = true});
  expect_failed(a.call<&phoenix::sum>(), errc::actor_stopped, "sum on actor bird", "may not restart");
}

/// Whether the constructor has begun is a matter of luck: the outcome must not be.
TEST_F(ActorRestart, WithoutMaxRestartsKillWithRestartEndsAlsoWhatIsNotBuiltYet) {
  const auto go = make_event();
  auto a = spawn<phoenix>({.name = "bird"}, submit<after>({.cpus = 0}, go, 5));
  auto queued = a.call<&phoenix::sum>();
  kill(a, {.restart = true});
  for (const auto& ref : {queued, a.call<&phoenix::sum>()}) {
    ASSERT_TRUE(glint::try_get(ref).has_value()) << "at once";
    expect_failed(ref, errc::actor_stopped, "sum on actor bird", "may not restart");
  }
  (*go)->set();
}

TEST_F(ActorRestart, PlainKillEndsARestartingActorForGood) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<phoenix>({.name = "bird", .max_restarts = -1, .max_task_retries = -1}, 5);
  auto running = a.call<&phoenix::hold>(inside, go);
  (*inside)->wait();
  kill(a, {.restart = true});
  auto waits = a.call<&phoenix::sum>();
  EXPECT_FALSE(glint::try_get(waits).has_value());
  kill(a);
  expect_failed(running, errc::actor_stopped, "hold on actor bird", "killed by the program");
  expect_failed(waits, errc::actor_stopped, "sum on actor bird", "killed by the program");
  (*go)->set();
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  EXPECT_EQ(built.load(), 1);
}

TEST_F(ActorRestart, ACallInFlightIsMadeAgainAndWaitingOnesWait) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<phoenix>({.max_restarts = 1, .max_task_retries = 1}, 5);
  auto running = a.call<&phoenix::hold_once>(inside, go, 10);
  auto queued = a.call<&phoenix::add>(100);
  (*inside)->wait();
  kill(a, {.restart = true});
  auto meanwhile = a.call<&phoenix::add>(1000);
  EXPECT_FALSE(glint::try_get(running).has_value());
  (*go)->set();
  EXPECT_EQ(get(running, deadline), 15) << "in the new state, before the others";
  EXPECT_EQ(get(queued, deadline), 115);
  EXPECT_EQ(get(meanwhile, deadline), 1115);
  EXPECT_EQ(begun.load(), 2);
  EXPECT_EQ(built.load(), 2);
}

/// Each attempt waits for an event of its own, so that each can be killed in its body.
struct stages {
  std::vector<std::shared_ptr<event>> inside;
  std::vector<std::shared_ptr<event>> go;
  std::atomic<std::size_t> attempts{0};
};
using shared_stages = glint::local_only<std::shared_ptr<stages>>;
shared_stages make_stages(std::size_t count) {
  auto s = std::make_shared<stages>();
  for (std::size_t i = 0; i < count; ++i) {
    s->inside.push_back(std::make_shared<event>());
    s->go.push_back(std::make_shared<event>());
  }
  return shared_stages(s);
}
class staged {
 public:
  int work(const shared_stages& s) {
    const std::size_t attempt = (*s)->attempts++;
    (*s)->inside.at(attempt)->set();
    (*s)->go.at(attempt)->wait();
    return static_cast<int>(attempt);
  }

 private:
  counted_object counted_;
};

TEST_F(ActorRestart, RetriesAreCountedPerCall) {
  auto a = spawn<staged>({.name = "bird", .max_restarts = -1, .max_task_retries = 1});
  const auto s = make_stages(2);
  auto call = a.call<&staged::work>(s);
  for (std::size_t attempt = 0; attempt < 2; ++attempt) {
    (*s)->inside[attempt]->wait();
    EXPECT_FALSE(glint::try_get(call).has_value());
    kill(a, {.restart = true});
    if (attempt == 0) (*s)->go[0]->set();
  }
  expect_failed(call, errc::actor_unavailable, "work on actor bird", "restarts: it was killed");
  (*s)->go[1]->set();
  const auto more = make_stages(4);
  auto tough = a.call<&staged::work>({.max_task_retries = 3}, more);
  for (std::size_t attempt = 0; attempt < 3; ++attempt) {
    (*more)->inside[attempt]->wait();
    kill(a, {.restart = true});
    (*more)->go[attempt]->set();
  }
  (*more)->go[3]->set();
  EXPECT_EQ(get(tough, deadline), 3) << "the call's own number";
  const auto once = make_stages(1);
  auto frail = a.call<&staged::work>({.max_task_retries = 0}, once);
  (*once)->inside[0]->wait();
  kill(a, {.restart = true});
  expect_failed(frail, errc::actor_unavailable, "work on actor bird", "restarts");
  (*once)->go[0]->set();
}

TEST_F(ActorRestart, ACallThatHadNotBegunPaysNoRetry) {
  auto a = spawn<staged>({.max_restarts = -1});
  const auto blocking = make_stages(1);
  auto blocker = a.call<&staged::work>(blocking);
  const auto s = make_stages(2);
  auto call = a.call<&staged::work>({.max_task_retries = 1}, s);
  (*blocking)->inside[0]->wait();
  kill(a, {.restart = true});  // finds `call` waiting
  (*blocking)->go[0]->set();
  (*s)->inside[0]->wait();
  kill(a, {.restart = true});  // finds it in its body
  (*s)->go[0]->set();
  (*s)->go[1]->set();
  EXPECT_EQ(get(call, deadline), 1);
  EXPECT_EQ(thrown_by([&] { (void)get(blocker, deadline); }), errc::actor_unavailable);
}

int product(int a, int b) {
  return a * b;
}
class calculator {
 public:
  int multiply(const shared_stages& s, const std::vector<int>& values, int factor) {
    const std::size_t attempt = (*s)->attempts++;
    (*s)->inside.at(attempt)->set();
    (*s)->go.at(attempt)->wait();
    int sum = 0;
    for (const int v : values) sum += v * factor;
    return sum;
  }
  std::vector<int> take(const shared_stages& s, std::vector<int> values) {
    const std::size_t attempt = (*s)->attempts++;
    (*s)->inside.at(attempt)->set();
    (*s)->go.at(attempt)->wait();
    values.push_back(static_cast<int>(attempt));
    return values;
  }
};

TEST_F(ActorRestart, ArgumentsAreKeptForEachAttempt) {
  auto a = spawn<calculator>({.max_restarts = -1, .max_task_retries = -1});
  const auto s = make_stages(3);
  std::vector<int> mine{1, 2, 3};
  auto product_ref = submit<product>(2, 5);
  auto call = a.call<&calculator::multiply>(s, std::move(mine), product_ref);
  const auto again = make_stages(2);
  auto taken = a.call<&calculator::take>(again, put(std::vector<int>{7}));
  for (std::size_t attempt = 0; attempt < 2; ++attempt) {
    (*s)->inside[attempt]->wait();
    kill(a, {.restart = true});
    (*s)->go[attempt]->set();
  }
  (*s)->go[2]->set();
  EXPECT_EQ(get(call, deadline), 60);
  (*again)->inside[0]->wait();
  kill(a, {.restart = true});
  (*again)->go[0]->set();
  (*again)->go[1]->set();
  EXPECT_EQ(get(taken, deadline), (std::vector<int>{7, 1})) << "the value that the first attempt took was a copy";
}

TEST_F(ActorRestart, ALateArgumentIsWaitedForWhateverHappensMeanwhile) {
  const auto go = make_event();
  auto a = spawn<phoenix>({.max_restarts = -1, .max_task_retries = -1}, 5);
  auto late = submit<after>({.cpus = 0}, go, 10);
  auto call = a.call<&phoenix::add>(late);
  auto behind = a.call<&phoenix::add>(100);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(get(submit<[](const actor_handle<phoenix>& h) { return get(h.call<&phoenix::sum>()); }>(a), deadline), 5);
    kill(a, {.restart = true});
  }
  (*go)->set();
  EXPECT_EQ(get(call, deadline), 15);
  EXPECT_EQ(get(behind, deadline), 115) << "in order";
}

struct picky {
  explicit picky(std::unique_ptr<int> p) : value(*p) {}
  explicit picky(int v) : value(v) {}
  int take(std::unique_ptr<int> p) { return value += *p; }
  int sum() const { return value; }
  int value;
};

TEST_F(ActorRestart, ArgumentsThatCannotBeKeptThrowAtTheCall) {
  const auto at_spawn =
      error_thrown_by([] { (void)spawn<picky>({.name = "picky", .max_restarts = 1}, std::make_unique<int>(1)); });
  ASSERT_TRUE(at_spawn.has_value());
  EXPECT_EQ(at_spawn->code(), errc::invalid_argument);
  EXPECT_THAT(at_spawn->message(), testing::HasSubstr("max_restarts"));
  EXPECT_THAT(at_spawn->message(), testing::HasSubstr("unique_ptr"));
  EXPECT_FALSE(glint::get_actor<picky>("picky").has_value());
  auto plain = spawn<picky>(std::make_unique<int>(4));
  EXPECT_EQ(get(plain.call<&picky::take>(std::make_unique<int>(1)), deadline), 5) << "never restarts: nothing is kept";
  auto a = spawn<picky>({.max_restarts = 1, .max_task_retries = 1}, 1);
  const auto at_call =
      error_thrown_by([&] { (void)a.call<&picky::take>({.max_task_retries = 1}, std::make_unique<int>(1)); });
  ASSERT_TRUE(at_call.has_value());
  EXPECT_EQ(at_call->code(), errc::invalid_argument);
  EXPECT_THAT(at_call->message(), testing::HasSubstr("max_task_retries"));
  EXPECT_THAT(at_call->message(), testing::HasSubstr("unique_ptr"));
  EXPECT_EQ(get(a.call<&picky::take>(std::make_unique<int>(1)), deadline), 2) << "made once";
  EXPECT_EQ(thrown_by([&] { (void)a.call<&picky::take>({.max_task_retries = 1}, put(std::make_unique<int>(1))); }),
            errc::invalid_argument)
      << "a ref whose value the method takes";
  struct several {
    std::tuple<int, int> two() { return {1, 2}; }
  };
  auto b = spawn<several>({.max_restarts = 1});
  EXPECT_EQ(thrown_by([&] { (void)b.call<&several::two>({.max_task_retries = 1}); }), errc::invalid_argument);
  EXPECT_EQ(get(std::get<1>(b.call<&several::two>()), deadline), 2);
}

TEST_F(ActorRestart, KillingAnActorThatIsNotBuiltYetCostsNothing) {
  const auto go = make_event();
  auto a = spawn<phoenix>({.max_restarts = 1}, submit<after>({.cpus = 0}, go, 5));
  auto call = a.call<&phoenix::sum>();
  for (int i = 0; i < 5; ++i) kill(a, {.restart = true});
  EXPECT_FALSE(glint::try_get(call).has_value()) << "nothing of it is lost";
  (*go)->set();
  EXPECT_EQ(get(call, deadline), 5);
  kill(a, {.restart = true});
  ASSERT_TRUE(eventually([&] { return !thrown_by([&] { (void)get(a.call<&phoenix::sum>(), deadline); }); }));
  EXPECT_EQ(built.load(), 2);
}

struct slow_to_build {
  explicit slow_to_build(const shared_stages& s) {
    const std::size_t attempt = (*s)->attempts++;
    (*s)->inside.at(attempt)->set();
    (*s)->go.at(attempt)->wait();
    number = static_cast<int>(attempt);
  }
  int value() const { return number; }
  int number = 0;
  counted_object counted;
};

TEST_F(ActorRestart, WhileTheConstructorRuns) {
  const auto s = make_stages(2);
  auto a = spawn<slow_to_build>({.name = "slow", .max_restarts = 1}, s);
  auto call = a.call<&slow_to_build::value>();
  auto patient = a.call<&slow_to_build::value>({.max_task_retries = 1});
  (*s)->inside[0]->wait();
  kill(a, {.restart = true});
  expect_failed(call, errc::actor_unavailable, "value on actor slow", "restarts");
  (*s)->go[0]->set();
  (*s)->inside[1]->wait();
  EXPECT_EQ(objects_alive.load(), 1) << "the first is destroyed";
  EXPECT_FALSE(glint::try_get(patient).has_value());
  (*s)->go[1]->set();
  EXPECT_EQ(get(patient, deadline), 1);
}

struct fails_later {
  fails_later() {
    if (++built > 1) throw std::length_error("not twice");
  }
  int value() const { return 1; }
  counted_object counted;
};

TEST_F(ActorRestart, AConstructorThatThrowsTheSecondTimeEndsTheActor) {
  auto a = spawn<fails_later>({.name = "weak", .max_restarts = -1});
  EXPECT_EQ(get(a.call<&fails_later::value>(), deadline), 1);
  kill(a, {.restart = true});
  auto patient = a.call<&fails_later::value>({.max_task_retries = -1});
  expect_failure(patient, errc::actor_failed, "value on actor weak", "the constructor of actor weak failed",
                 errc::user_exception);
  expect_failure(a.call<&fails_later::value>(), errc::actor_failed, "value on actor weak", "weak",
                 errc::user_exception);
  EXPECT_EQ(built.load(), 2);
}

struct worn_out {
  worn_out() = default;
  worn_out(const worn_out&) {
    if (worn) throw std::runtime_error("worn out");
  }
  template <class Archive>
  void serialize(Archive&) {}
  static inline std::atomic<bool> worn{false};
};
struct wants_copies {
  explicit wants_copies(const worn_out&) {}
  int value() const { return 1; }
  counted_object counted;
};

TEST_F(ActorRestart, AnArgumentThatCannotBeCopiedAgainEndsTheActor) {
  worn_out::worn = false;
  auto a = spawn<wants_copies>({.name = "weak", .max_restarts = -1}, worn_out());
  ASSERT_EQ(get(a.call<&wants_copies::value>(), deadline), 1);
  worn_out::worn = true;
  kill(a, {.restart = true});
  expect_failure(a.call<&wants_copies::value>({.max_task_retries = -1}), errc::actor_stopped, "value on actor weak",
                 "could not be built anew", errc::user_exception);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorRestart, AnArgumentThatCannotBeCopiedAgainFailsTheCall) {
  worn_out::worn = false;
  struct holds_on {
    int work(const shared_stages& s, const worn_out&) {
      const std::size_t attempt = (*s)->attempts++;
      (*s)->inside.at(attempt)->set();
      (*s)->go.at(attempt)->wait();
      return 1;
    }
  };
  auto a = spawn<holds_on>({.name = "weak", .max_restarts = -1, .max_task_retries = -1});
  const auto s = make_stages(1);
  auto call = a.call<&holds_on::work>(s, worn_out());
  (*s)->inside[0]->wait();
  worn_out::worn = true;
  kill(a, {.restart = true});
  expect_failure(call, errc::user_exception, "holds_on::work on actor weak", "worn out");
  (*s)->go[0]->set();
}

TEST_F(ActorRestart, TheLastHandleGoingDuringARestartEndsIt) {
  for (int round = 0; round < 20; ++round) {
    const auto inside = make_event();
    const auto go = make_event();
    auto a = spawn<phoenix>({.max_restarts = -1}, 5);
    (void)a.call<&phoenix::hold>(inside, go);
    (*inside)->wait();
    kill(a, {.restart = true});
    a = {};
    (*go)->set();
    EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  }
}

TEST_F(ActorRestart, RacingWithCallsEveryCallEndsAndNothingLeaks) {
  for (int round = 0; round < 10; ++round) {
    auto a = spawn<phoenix>({.max_concurrency = round % 2 ? 3 : 1, .max_restarts = -1, .max_task_retries = -1}, 0);
    std::vector<object_ref<int>> refs;
    std::latch together(2);
    {
      std::jthread killer([&together, a] {
        together.arrive_and_wait();
        for (int i = 0; i < 20; ++i) kill(a, {.restart = true});
      });
      together.arrive_and_wait();
      for (int i = 0; i < 100; ++i) {
        refs.push_back(i % 3 ? a.call<&phoenix::add>(1) : a.call<&phoenix::add>(submit<echo>(1)));
      }
    }
    for (const auto& r : refs) EXPECT_GT(get(r, deadline), 0) << "each is made again until it succeeds";
  }
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorRestart, ShutdownDuringARestart) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<phoenix>({.max_restarts = -1, .max_task_retries = -1}, 5);
  auto running = a.call<&phoenix::hold>(inside, go);
  (*inside)->wait();
  kill(a, {.restart = true});
  auto waiting = a.call<&phoenix::sum>();
  (*go)->set();
  glint::shutdown();
  for (const auto& r : {running, waiting}) {
    ASSERT_EQ(glint::wait({r}, {.timeout = deadline}).ready.size(), 1u);
    if (const auto failure = glint::try_get(r)->has_value() ? std::nullopt : error_of(r)) {
      EXPECT_EQ(failure->code(), errc::shutdown) << failure->describe();
    }
  }
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
