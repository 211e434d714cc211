// SPDX-License-Identifier: Apache-2.0
// What a program keeps over a shutdown, and uses in the next runtime's time.
#include <gtest/gtest.h>

#include <optional>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;

class stale : public testing::Test {
 protected:
  void SetUp() override {
    objects_alive = 0;
    glint::init(small_node(2, 0));
  }
  void TearDown() override {
    glint::shutdown();
    EXPECT_EQ(objects_alive.load(), 0);
  }
  static void next_runtime() {
    glint::shutdown();
    glint::init(small_node(2, 0));
  }
  static void expect_stopped(const glint::actor_handle<worker_actor>& handle) {
    const auto failure = error_thrown_by([&] { (void)handle.call<&worker_actor::sum>(); });
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->code(), errc::actor_stopped);
    EXPECT_EQ(failure->subject(), "actor old");
    EXPECT_THAT(failure->message(), testing::HasSubstr("its runtime was shut down"));
  }
};

/// The runtime that it was in is gone, and it was in no list of that any more.
TEST_F(stale, AHandleOfAnActorThatHadEndedBeforeTheShutdown) {
  auto old = glint::spawn<worker_actor>({.name = "old"}, 1);
  EXPECT_EQ(get(old.call<&worker_actor::sum>(), deadline), 1);
  glint::kill(old);
  ASSERT_TRUE(eventually([] { return objects_alive == 0; }));
  next_runtime();
  expect_stopped(old);
  EXPECT_NO_THROW(glint::kill(old));
  const auto young = glint::spawn<worker_actor>({.name = "old"}, 2);
  old = {};
  EXPECT_EQ(get(young.call<&worker_actor::sum>(), deadline), 2) << "the name is another's";
}

TEST_F(stale, AHandleOfAnActorThatLivedUntilTheShutdown) {
  auto old = glint::spawn<worker_actor>({.name = "old"}, 1);
  next_runtime();
  expect_stopped(old);
}

TEST_F(stale, APromiseIsKeptForNobody) {
  std::optional<glint::promise<int>> dropped(std::in_place);
  glint::promise<int> kept;
  glint::promise<int> failed;
  const auto of_dropped = dropped->ref();
  const auto of_kept = kept.ref();
  const auto of_failed = failed.ref();
  glint::shutdown();
  EXPECT_FALSE(kept.set(1));
  dropped.reset();
  glint::init(small_node(2, 0));
  EXPECT_FALSE(failed.fail(glint::error(errc::user_exception, "no")));
  expect_shutdown(of_dropped);
  expect_shutdown(of_kept);
  expect_shutdown(of_failed);
}

}  // namespace
}  // namespace glint_test
