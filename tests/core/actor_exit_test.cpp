// SPDX-License-Identifier: Apache-2.0
// An actor that ends itself.
#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::spawn;
using glint::submit;

using ActorExit = actor_case;

TEST_F(ActorExit, ItsCallCompletesEarlierOnesHaveAndLaterOnesFail) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "leaver"});
  auto earlier = a.call<&worker_actor::hold>(inside, go);
  auto leaving = a.call<&worker_actor::leave>(7);
  auto queued = a.call<&worker_actor::add>(1);
  (*inside)->wait();
  (*go)->set();
  EXPECT_EQ(get(earlier, deadline), 0);
  EXPECT_EQ(get(leaving, deadline), 7);
  expect_failed(queued, errc::actor_stopped, "add on actor leaver",
                "actor leaver left by exit_actor in call glint_test::worker_actor::leave on actor leaver");
  expect_failed(a.call<&worker_actor::sum>(), errc::actor_stopped, "sum on actor leaver", "left by exit_actor");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorExit, OutsideOfAnActorItThrows) {
  EXPECT_EQ(thrown_by([] { glint::exit_actor(); }), errc::invalid_argument);
  constexpr auto body = [] { glint::exit_actor(); };
  const auto failure = error_of(submit<body>({.name = "mere task"}));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::user_exception);
  EXPECT_EQ(failure->subject(), "task mere task");
  ASSERT_NE(failure->cause(), nullptr);
  EXPECT_EQ(failure->cause()->code(), errc::invalid_argument);
}

struct leaves_at_birth {
  leaves_at_birth() { glint::exit_actor(); }
  int value() const { return 1; }
  counted_object counted;
};

TEST_F(ActorExit, InTheConstructor) {
  auto a = spawn<leaves_at_birth>({.name = "brief"});
  expect_failed(a.call<&leaves_at_birth::value>(), errc::actor_stopped, "value on actor brief", "left by exit_actor");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorExit, IsNoReasonToRestart) {
  auto a = spawn<worker_actor>({.name = "leaver", .max_restarts = -1}, 5);
  EXPECT_EQ(get(a.call<&worker_actor::leave>(1), deadline), 1);
  expect_failed(a.call<&worker_actor::sum>(), errc::actor_stopped, "sum on actor leaver", "left by exit_actor");
}

TEST_F(ActorExit, AMethodThatThrowsAfterItFailsItsCall) {
  struct rude {
    int leave() {
      glint::exit_actor();
      throw std::domain_error("slammed the door");
    }
    counted_object counted;
  };
  auto a = spawn<rude>({.name = "rude"});
  expect_failure(a.call<&rude::leave>(), errc::user_exception, "leave on actor rude", "slammed the door");
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

}  // namespace
}  // namespace glint_test
