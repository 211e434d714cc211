// SPDX-License-Identifier: Apache-2.0
// What shutdown does to work that is not done.
#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

#include "fixture.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

TEST(Shutdown, ShutdownWakesABlockedThread) {
  glint::init(small_node());
  const auto pending = never();
  std::latch about_to(2);
  std::optional<errc> of_get;
  std::size_t settled = 0;
  user_thread getter([&, pending] {
    about_to.count_down();
    of_get = thrown_by([&] { (void)get(pending); });
  });
  user_thread waiter([&, pending] {
    about_to.count_down();
    settled = glint::wait({pending}).ready.size();
  });
  about_to.wait();
  glint::shutdown();
  getter.join();
  waiter.join();
  EXPECT_EQ(of_get, errc::shutdown);
  EXPECT_EQ(settled, 1u);
}

std::atomic<bool> body_saw_shutdown{false};
TEST(Shutdown, ShutdownWakesABlockedBody) {
  body_saw_shutdown = false;
  glint::init(small_node());
  constexpr auto body = [](object_ref<int> pending, const shared_event& inside) {
    (*inside)->set();
    body_saw_shutdown = thrown_by([&] { (void)get(pending); }) == errc::shutdown;
    return 0;
  };
  const auto inside = make_event();
  const auto blocked = submit<body>(never(), inside);
  (*inside)->wait();
  glint::shutdown();
  EXPECT_TRUE(body_saw_shutdown.load());
  expect_shutdown(blocked);
}

std::atomic<int> late_bodies{0};
TEST(Shutdown, QueuedTasksFailWithShutdownAndNeverRun) {
  constexpr auto counts = [](int x) {
    ++late_bodies;
    return x;
  };
  for (int round = 0; round < 5; ++round) {
    late_bodies = 0;
    glint::init(small_node(1, 0));
    const auto go = make_event();
    const auto inside = make_event();
    const auto running = submit<[](const shared_event& in, const shared_event& e) {
      (*in)->set();
      (*e)->wait();
      return 1;
    }>(inside, go);
    (*inside)->wait();
    std::vector<object_ref<int>> queued;
    for (int i = 0; i < 5000; ++i) queued.push_back(submit<counts>(i));
    const auto waiting = submit<counts>(queued.front());
    // The slot becomes free as soon as the first of them has failed.
    const std::jthread releases([&] {
      (void)glint::wait(queued, {.count = 1});
      (*go)->set();
    });
    glint::shutdown();
    for (const auto& q : queued) expect_shutdown(q);
    expect_shutdown(waiting);
    EXPECT_EQ(late_bodies.load(), 0);
  }
}

TEST(Shutdown, DependentsOfWhatShutdownEndedFailWithShutdown) {
  glint::init(small_node());
  const auto root = never();
  const auto dependent = submit<add>({.name = "dependent"}, root, 1);
  object_ref<int> from_another_thread;
  std::jthread([&] { from_another_thread = submit<add>({.name = "other"}, root, 1); }).join();
  glint::shutdown();
  expect_shutdown(root);
  expect_shutdown(dependent);
  expect_shutdown(from_another_thread);
}

TEST(Shutdown, ShutdownWhileThreadsSubmit) {
  for (int round = 0; round < 10; ++round) {
    glint::init(small_node());
    std::latch submitting(4);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        std::vector<object_ref<int>> refs{put(t)};
        const auto code = thrown_by([&] {
          for (int i = 0;; ++i) {
            refs.push_back(submit<add>(refs.back(), 1));
            if (i == 20) submitting.count_down();
            if (i % 3 == 0) refs.push_back(put(i));
            if (i % 500 == 499) refs.erase(refs.begin(), refs.end() - 1);
          }
        });
        EXPECT_EQ(code, errc::not_running);
        for (const auto& r : refs) EXPECT_EQ(glint::wait({r}, {.timeout = deadline}).ready.size(), 1u);
      });
    }
    submitting.wait();
    glint::shutdown();
    threads.clear();
  }
}

}  // namespace
}  // namespace glint_test
