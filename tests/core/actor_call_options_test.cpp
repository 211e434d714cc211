// SPDX-License-Identifier: Apache-2.0
// Options of one call: its name, its deadline, the exceptions after which it is made again.
#include <mutex>
#include <stdexcept>
#include <vector>

#include "actor_fixture.hpp"
#include "runtime.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::co_task;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::retry_on;
using glint::spawn;
using glint::submit;

/// Notes what it does; its methods can be held and told to stop, and may fail a few times.
class noted {
 public:
  int note(int value) {
    order_.push_back(value);
    return value;
  }
  std::vector<int> order() const { return order_; }
  int hold(const shared_event& inside, const shared_event& go, int value) {
    (*inside)->set();
    (*go)->wait();
    return note(value);
  }
  int until_stopped(const shared_event& inside, const shared_event& seen) {
    (*inside)->set();
    if (eventually([] { return glint::stop_requested(); })) (*seen)->set();
    return 1;
  }
  co_task<int> await(shared_event begun, object_ref<int> ref) {
    (*begun)->set();
    co_return co_await ref;
  }
  std::string name() { return glint::this_task().name; }
  /// Throws while it was tried less than `times` before; returns the number of the attempt.
  int fail_first(int times) {
    const auto info = glint::this_task();
    order_.push_back(static_cast<int>(info.attempt));
    if (ids_.empty() || ids_.back() != info.id.value) ids_.push_back(info.id.value);
    if (static_cast<int>(info.attempt) < times) throw std::range_error("not yet");
    return static_cast<int>(info.attempt);
  }
  int ids() const { return static_cast<int>(ids_.size()); }

 private:
  std::vector<int> order_;
  std::vector<std::uint64_t> ids_;
  counted_object counted_;
};

using ActorCallOptions = actor_case;

// ---- name ----------------------------------------------------------------------------------------------------------

TEST_F(ActorCallOptions, TheNameIsThatOfTheCallAndOfItsErrors) {
  auto a = spawn<worker_actor>({.name = "hits", .max_restarts = 1});
  expect_chain(a.call<&worker_actor::refuse>({.name = "nightly"}),
               {{errc::user_exception, "call nightly on actor hits"}});
  expect_chain(a.call<&worker_actor::refuse>({.name = "nightly", .max_task_retries = 3}),
               {{errc::user_exception, "call nightly on actor hits"}});
  expect_chain(a.call<&worker_actor::refuse>(),
               {{errc::user_exception, "call glint_test::worker_actor::refuse on actor hits"}});
  auto b = spawn<noted>({.max_restarts = 1});
  EXPECT_EQ(get(b.call<&noted::name>({.name = "nightly"}), deadline), "nightly");
  EXPECT_EQ(get(b.call<&noted::name>({.name = "nightly", .max_task_retries = 3}), deadline), "nightly");
  EXPECT_THAT(get(b.call<&noted::name>(), deadline), testing::HasSubstr("noted::name"));
}

TEST_F(ActorCallOptions, SenselessOptionsThrowAtTheCall) {
  auto a = spawn<worker_actor>();
  EXPECT_EQ(thrown_by([&] { (void)a.call<&worker_actor::sum>({.timeout = -1ns}); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)a.call<&worker_actor::sum>({.read_ahead = 0}); }), errc::invalid_argument);
  EXPECT_EQ(thrown_by([&] { (void)a.call<&worker_actor::sum>({.max_task_retries = -2}); }), errc::invalid_argument);
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), 0);
}

// ---- timeout -------------------------------------------------------------------------------------------------------

TEST_F(ActorCallOptions, ARunningCallFailsAtItsDeadlineAndIsAskedToStop) {
  auto a = spawn<noted>({.name = "busy"});
  const auto inside = make_event();
  const auto seen = make_event();
  auto late = a.call<&noted::until_stopped>({.timeout = 1ms}, inside, seen);
  auto behind = a.call<&noted::note>(2);
  expect_failed(late, errc::timeout, "noted::until_stopped on actor busy", "not done within 0.001");
  EXPECT_EQ(get(behind, deadline), 2);
  EXPECT_EQ((*inside)->happened(), (*seen)->happened()) << "where it began before its deadline, it was stopped";
}

TEST_F(ActorCallOptions, AQueuedCallFailsAtItsDeadlineAndNeverRuns) {
  auto a = spawn<noted>({.name = "busy"});
  const auto inside = make_event();
  const auto go = make_event();
  auto running = a.call<&noted::hold>(inside, go, 1);
  (*inside)->wait();
  auto first = a.call<&noted::note>(2);
  auto late = a.call<&noted::note>({.name = "nightly", .timeout = 1ms}, 3);
  auto last = a.call<&noted::note>({.timeout = 1h}, 4);
  expect_failed(late, errc::timeout, "call nightly on actor busy", "not done within 0.001");
  expect_chain_and_dependent(late, {{errc::timeout, "call nightly on actor busy"}});
  EXPECT_FALSE(glint::try_get(running).has_value());
  (*go)->set();
  EXPECT_EQ(get(last, deadline), 4);
  EXPECT_EQ(get(first, deadline), 2);
  EXPECT_EQ(get(a.call<&noted::order>(), deadline), (std::vector<int>{1, 2, 4}));
}

TEST_F(ActorCallOptions, ACallWithALateArgumentFailsAtItsDeadlineAndThoseBehindGoOnInOrder) {
  const auto go = make_event();
  auto argument = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<noted>({.name = "busy"});
  auto late = a.call<&noted::note>({.timeout = 1ms}, argument);
  std::vector<object_ref<int>> behind;
  for (int i = 2; i < 12; ++i) behind.push_back(a.call<&noted::note>(i));
  expect_failed(late, errc::timeout, "noted::note on actor busy", "not done within");
  for (int i = 2; i < 12; ++i) EXPECT_EQ(get(behind[static_cast<std::size_t>(i) - 2], deadline), i);
  EXPECT_FALSE(glint::try_get(argument).has_value()) << "what it waited for is still late";
  EXPECT_EQ(get(a.call<&noted::order>(), deadline), (std::vector<int>{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  (*go)->set();
}

TEST_F(ActorCallOptions, ACoroutineIsWokenAtItsDeadline) {
  const auto go = make_event();
  const auto begun = make_event();
  auto argument = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<noted>({.name = "busy"});
  expect_failed(a.call<&noted::await>({.timeout = 1ms}, begun, argument), errc::timeout, "noted::await on actor busy",
                "not done within");
  EXPECT_EQ(get(a.call<&noted::note>(2), deadline), 2) << "the object is closed no longer";
  (*go)->set();
}

TEST_F(ActorCallOptions, WhileTheConstructorWaits) {
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "slow"}, submit<after>({.cpus = 0}, go, 5));
  expect_failed(a.call<&worker_actor::add>({.timeout = 1ms}, 1), errc::timeout, "add on actor slow", "not done within");
  auto behind = a.call<&worker_actor::add>(10);
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 15);
}

TEST_F(ActorCallOptions, ACallThatIsDoneInTimeHasItsResult) {
  auto a = spawn<noted>({.max_restarts = 1});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get(a.call<&noted::note>({.timeout = 1h}, i), deadline), i);
  EXPECT_EQ(get(a.call<&noted::note>({.max_task_retries = 2, .timeout = 1h}, 7), deadline), 7);
}

/// A runtime whose time stands still.
class ActorCallDeadline : public testing::Test {
 protected:
  void SetUp() override { glint::detail::init_with_clock(small_node(2, 0), clock_); }
  void TearDown() override { glint::shutdown(); }
  glint::manual_clock clock_;
};

/// Says which attempt has begun, and stays until it is to stop.
class stubborn {
 public:
  int work(const glint::local_only<std::shared_ptr<std::vector<event>>>& begun) {
    (*begun)->at(glint::this_task().attempt).set();
    EXPECT_TRUE(eventually([] { return glint::stop_requested(); }));
    return 1;
  }
  int value() const { return 1; }
};

TEST_F(ActorCallDeadline, ABodyThatRunsIsAskedToStopAndNotBefore) {
  auto begun = std::make_shared<std::vector<event>>(1);
  auto a = spawn<stubborn>({.name = "busy"});
  auto call = a.call<&stubborn::work>({.timeout = 10s}, glint::local_only(begun));
  begun->at(0).wait();
  clock_.advance(9s);
  EXPECT_FALSE(glint::try_get(call).has_value());
  clock_.advance(1s);
  expect_failed(call, errc::timeout, "stubborn::work on actor busy", "not done within 10");
  EXPECT_EQ(get(a.call<&stubborn::value>(), deadline), 1) << "the body has ended";
}

TEST_F(ActorCallDeadline, SpansAllAttempts) {
  auto begun = std::make_shared<std::vector<event>>(2);
  auto a = spawn<stubborn>({.name = "busy", .max_restarts = -1, .max_task_retries = -1});
  auto call = a.call<&stubborn::work>({.timeout = 10s}, glint::local_only(begun));
  begun->at(0).wait();
  clock_.advance(6s);
  kill(a, {.restart = true});
  begun->at(1).wait();
  clock_.advance(3s);
  EXPECT_FALSE(glint::try_get(call).has_value());
  clock_.advance(1s);
  expect_failed(call, errc::timeout, "stubborn::work on actor busy", "not done within 10");
  EXPECT_EQ(get(a.call<&stubborn::value>(), deadline), 1) << "the second attempt was stopped, too";
}

TEST_F(ActorCallDeadline, ALateArgumentOfACallWithRetriesEndsItToo) {
  const auto go = make_event();
  auto argument = submit<after>({.cpus = 0}, go, 1);
  auto a = spawn<noted>({.name = "busy", .max_restarts = -1, .max_task_retries = -1});
  auto late = a.call<&noted::note>({.timeout = 10s}, argument);
  auto behind = a.call<&noted::note>(2);
  EXPECT_FALSE(glint::try_get(behind).has_value());
  clock_.advance(10s);
  expect_failed(late, errc::timeout, "noted::note on actor busy", "not done within 10");
  EXPECT_EQ(get(behind, deadline), 2);
  (*go)->set();
}

// ---- retry_on ------------------------------------------------------------------------------------------------------

TEST_F(ActorCallOptions, ExceptionsThatAreNamedAreTriedAgainInTheSameObjectBeforeTheCallsBehind) {
  auto a = spawn<noted>();
  auto call = a.call<&noted::fail_first>({.max_task_retries = 2, .retry_on = retry_on<std::runtime_error>}, 2);
  auto behind = a.call<&noted::note>(7);
  EXPECT_EQ(get(call, deadline), 2);
  EXPECT_EQ(get(behind, deadline), 7);
  EXPECT_EQ(get(a.call<&noted::order>(), deadline), (std::vector<int>{0, 1, 2, 7}));
  EXPECT_EQ(get(a.call<&noted::ids>(), deadline), 1) << "one call, one id";
  EXPECT_EQ(glint::statistics().retries, 2u);
  EXPECT_EQ(glint::statistics().failed, 0u);
}

TEST_F(ActorCallOptions, NoMoreOftenThanAllowed) {
  auto a = spawn<noted>({.name = "weak", .max_task_retries = 2});
  expect_failed(a.call<&noted::fail_first>({.retry_on = retry_on<std::range_error>}, 9), errc::user_exception,
                "noted::fail_first on actor weak", "not yet");
  EXPECT_EQ(get(a.call<&noted::order>(), deadline), (std::vector<int>{0, 1, 2})) << "the actor's own number";
  EXPECT_EQ(glint::statistics().failed, 1u) << "one call failed, however often it was tried";
}

TEST_F(ActorCallOptions, OtherExceptionsAndCallsWithoutRetriesAreNot) {
  auto a = spawn<noted>({.name = "weak", .max_restarts = -1});
  expect_failed(a.call<&noted::fail_first>({.max_task_retries = -1, .retry_on = retry_on<std::logic_error>}, 9),
                errc::user_exception, "noted::fail_first on actor weak", "not yet");
  expect_failed(a.call<&noted::fail_first>({.max_task_retries = -1}, 9), errc::user_exception, "fail_first", "not yet");
  expect_failed(a.call<&noted::fail_first>({.retry_on = retry_on<std::range_error>}, 9), errc::user_exception,
                "fail_first", "not yet");
  EXPECT_EQ(get(a.call<&noted::order>(), deadline), (std::vector<int>{0, 0, 0}));
}

/// Fails for ever.
class hopeless {
 public:
  int fail(const shared_event& tried) {
    if (glint::this_task().attempt == 10) (*tried)->set();
    throw std::range_error("never");
  }
  int value() const { return 1; }

 private:
  counted_object counted_;
};

TEST_F(ActorCallOptions, CancelAndKillEndTheAttempts) {
  const auto options = [] {
    return glint::call_options{.max_task_retries = -1, .retry_on = retry_on<std::range_error>};
  };
  auto a = spawn<hopeless>({.name = "hopeless"});
  const auto tried = make_event();
  auto call = a.call<&hopeless::fail>(options(), tried);
  (*tried)->wait();
  EXPECT_TRUE(glint::cancel(call));
  expect_failed(call, errc::cancelled, "hopeless::fail on actor hopeless", "it was cancelled");
  EXPECT_EQ(get(a.call<&hopeless::value>(), deadline), 1);
  const auto again = make_event();
  auto killed = a.call<&hopeless::fail>(options(), again);
  (*again)->wait();
  kill(a);
  const auto failure = error_of(killed);
  ASSERT_TRUE(failure.has_value());
  EXPECT_TRUE(failure->code() == errc::actor_stopped || failure->code() == errc::user_exception)
      << failure->describe() << ": where an attempt was under way, or one had just failed";
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

}  // namespace
}  // namespace glint_test
