// SPDX-License-Identifier: Apache-2.0
// A thread that waits for a task may run it: as any body runs, on a slot, once.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::submit;

class helping : public runtime_test, public testing::WithParamInterface<int> {
 protected:
  helping() : runtime_test(small_node(GetParam(), 0)) {}
};
INSTANTIATE_TEST_SUITE_P(Slots, helping, testing::Values(1, 2));

/// On which thread, and what it knows of itself.
struct seen {
  std::size_t thread = 0;
  std::string name = {};
};
std::size_t this_thread() {
  return std::hash<std::thread::id>()(std::this_thread::get_id());
}
seen look_around() {
  return {this_thread(), glint::this_task().name};
}

class helping_with_two : public runtime_test {
 protected:
  helping_with_two() : runtime_test(small_node(2, 0)) {}
};

/// A worker is faster, now and then.
TEST_F(helping_with_two, AThreadRunsTheTaskThatItWaitsFor) {
  seen last;
  EXPECT_TRUE(eventually([&] {
    last = get(submit<look_around>({.name = "looks"}));
    return last.thread == this_thread();
  }));
  EXPECT_EQ(last.name, "looks");
  EXPECT_EQ(glint::this_task().name, "") << "the thread is itself again";
}

int wait_for_child(int value) {
  return get(submit<echo>(value));
}

/// Its body gives the slot away while it blocks, or the child would never run.
TEST_P(helping, ABodyOnSuchAThreadCanBlock) {
  for (int i = 0; i < 500; ++i) ASSERT_EQ(get(submit<wait_for_child>(i)), i);
}

TEST_P(helping, NoMoreBodiesRunThanThereAreSlots) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  const auto body = [&inside, &most](int value) {
    const int now = ++inside;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
    }
    std::this_thread::yield();
    --inside;
    return value;
  };
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) wrong += get(submit(body, i)) == i ? 0 : 1;
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(most, GetParam());
  EXPECT_EQ(glint::statistics().tasks, 1200u) << "each ran once";
}

TEST_P(helping, AnExceptionIsTheTasks) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_THROW(get(submit<throw_out_of_range>("far")), glint::user_exception);
  }
}

/// A body that does not end in time must not keep the thread.
TEST_P(helping, ATimeoutIsKept) {
  for (int i = 0; i < 20; ++i) {
    const auto go = make_event();
    const auto ref = submit<after>(go, 1);
    try {
      (void)get(ref, 1ms);
      ADD_FAILURE() << "it cannot have ended";
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::timeout);
    }
    (*go)->set();
    EXPECT_EQ(get(ref, deadline), 1);
  }
}

int run_until_stopped(const shared_event& inside) {
  (*inside)->set();
  eventually([] { return glint::stop_requested(); });
  return 1;
}

/// Wherever the body runs, shutdown stops it, waits for it, and wakes who waits.
TEST(helping_life, ShutdownWaitsForTheBody) {
  for (int i = 0; i < 50; ++i) {
    glint::init(small_node(2, 0));
    const auto inside = make_event();
    std::atomic<errc> ended{errc::invalid_argument};
    std::thread thread([&] {
      try {
        (void)get(submit<run_until_stopped>(inside));
      } catch (const glint::exception& e) {
        ended = e.code();
      }
    });
    (*inside)->wait();
    glint::shutdown();
    thread.join();
    EXPECT_EQ(ended, errc::shutdown);
  }
}

}  // namespace
}  // namespace glint_test
