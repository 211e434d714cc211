// SPDX-License-Identifier: Apache-2.0
// Calls that cannot be made again, on actors whose calls are made again.
#include <memory>
#include <string>
#include <tuple>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::spawn;
using testing::HasSubstr;

using ActorMadeOnce = actor_case;

class maker {
 public:
  std::tuple<int, int> both(const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    return {1, 2};
  }
  int take(std::unique_ptr<int> value) { return *value; }
  int take_when(std::unique_ptr<int> value, const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    return *value;
  }
  int echo(int value) { return value; }
};

constexpr glint::actor_options hardy{.name = "maker", .max_restarts = -1, .max_task_retries = -1};

TEST_F(ActorMadeOnce, AMethodWithSeveralResultsIs) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<maker>(hardy);
  auto [first, second] = a.call<&maker::both>(inside, go);
  (*inside)->wait();
  kill(a, {.restart = true});
  expect_failed(first, errc::actor_unavailable, "both on actor maker", "restarts");
  expect_failed(second, errc::actor_unavailable, "both on actor maker", "restarts");
  (*go)->set();
  EXPECT_EQ(get(a.call<&maker::echo>(3), deadline), 3) << "the actor's own retries are for calls that can be";
}

TEST_F(ActorMadeOnce, ACallWhoseArgumentCannotBeCopiedIs) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<maker>(hardy);
  EXPECT_EQ(get(a.call<&maker::take>(std::make_unique<int>(5)), deadline), 5);
  auto under_way = a.call<&maker::take_when>({.name = "moved"}, std::make_unique<int>(6), inside, go);
  (*inside)->wait();
  kill(a, {.restart = true});
  expect_failed(under_way, errc::actor_unavailable, "moved on actor maker", "restarts");
  (*go)->set();
  EXPECT_EQ(get(a.call<&maker::echo>(3), deadline), 3);
}

/// Asserts that the call is refused where it is made, with this in its message.
template <class Call>
void expect_refused(const std::string& text, Call&& call) {
  const auto refused = error_thrown_by(call);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code(), errc::invalid_argument) << refused->describe();
  EXPECT_THAT(refused->message(), HasSubstr(text));
  EXPECT_EQ(refused->cause(), nullptr);
}

TEST_F(ActorMadeOnce, ItThrowsWhereTheCallItselfAsksForRetries) {
  const auto inside = make_event();
  auto a = spawn<maker>(hardy);
  expect_refused("can be made only once", [&] { (void)a.call<&maker::both>({.max_task_retries = 1}, inside, inside); });
  expect_refused("can be made only once", [&] {
    (void)a.call<&maker::both>({.retry_on = glint::retry_on<std::runtime_error>}, inside, inside);
  });
  expect_refused("cannot be copied",
                 [&] { (void)a.call<&maker::take>({.max_task_retries = -1}, std::make_unique<int>(1)); });
  EXPECT_FALSE((*inside)->happened());
  EXPECT_EQ(get(a.call<&maker::take>({.max_task_retries = 0}, std::make_unique<int>(7)), deadline), 7);
  auto mortal = spawn<maker>();  // never restarts: retries mean nothing
  EXPECT_EQ(get(mortal.call<&maker::take>({.max_task_retries = 2}, std::make_unique<int>(8)), deadline), 8);
}

}  // namespace
}  // namespace glint_test
