// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <vector>

#include "fixture.hpp"
#include "user_thread.hpp"

/// How tasks end that would not by themselves, and what must not end with them.
namespace {

using glint::co_task;
using glint::errc;
using glint::generator;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using glint_test::deadline;
using glint_test::echo;
using glint_test::eventually;
using glint_test::expect_chain;
using glint_test::expect_shutdown;
using glint_test::make_event;
using glint_test::shared_event;

TEST(ShutdownEnds, ACoroutineThatSleepsInALoop) {
  glint::init(glint_test::small_node());
  auto ticked = make_event();
  auto ticker = submit([ticked]() -> co_task<> {
    for (;;) {
      co_await glint::sleep_for(std::chrono::milliseconds(1));
      (*ticked)->set();
    }
  });
  (*ticked)->wait();
  glint::shutdown();
  expect_shutdown(ticker);
}

TEST(ShutdownEnds, ALongSleepWithoutRunningWhatFollows) {
  glint::init(glint_test::small_node());
  auto begun = make_event();
  auto after = make_event();
  auto sleeper = submit([=]() -> co_task<> {
    (*begun)->set();
    co_await glint::sleep_for(std::chrono::hours(1));
    (*after)->set();
  });
  (*begun)->wait();
  glint::shutdown();
  expect_shutdown(sleeper);
  EXPECT_FALSE((*after)->happened());
}

TEST(ShutdownEnds, ABodyThatLooksAtItsStopToken) {
  glint::init(glint_test::small_node());
  auto begun = make_event();
  auto loop = submit([begun] {
    (*begun)->set();
    while (!glint::stop_requested()) std::this_thread::yield();
  });
  (*begun)->wait();
  glint::shutdown();
  expect_shutdown(loop);
}

generator<int> endless() {
  for (int i = 0;; ++i) co_yield i;
}

TEST(ShutdownEnds, AGeneratorWhoseReaderKeepsUp) {
  glint::init(glint_test::small_node());
  auto stream = submit<endless>();
  std::atomic<int> read{0};
  std::optional<errc> code;
  glint_test::user_thread reader([&] {
    code = glint_test::thrown_by([&] {
      while (auto ref = stream.next()) {
        (void)get(*ref);
        ++read;
      }
    });
  });
  EXPECT_TRUE(eventually([&] { return read > 1000; }));
  glint::shutdown();
  reader.join();
  EXPECT_EQ(code, errc::shutdown);
}

TEST(ShutdownEnds, AGeneratorThatWaitsForRoomAndItsStreamIsHarmless) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = held;
  glint::init(glint_test::small_node());
  auto stream = submit(
      {.read_ahead = 2},
      [](glint::local_only<std::shared_ptr<int>>) -> generator<int> {
        for (int i = 0;; ++i) co_yield i;
      },
      glint::local_only(std::move(held)));
  EXPECT_EQ(get(*stream.next(), deadline), 0);
  glint::shutdown();
  EXPECT_TRUE(alive.expired());
  int left = 0;
  while (auto ref = stream.next()) {
    expect_shutdown(*ref);
    ++left;
  }
  EXPECT_LE(left, 3);
}

class task_ends : public glint_test::runtime_test {
 protected:
  task_ends() : runtime_test(glint_test::small_node(4)) {}
};

tensor<float> held_up(gpu_context& gpu, const shared_event& go) {
  auto y = gpu.zeros<float>({4});
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return y;
}

TEST_F(task_ends, ADeviceTaskIsLateWhileItsKernelsRun) {
  auto go = make_event();
  auto slow = submit<held_up>({.name = "slow", .timeout = std::chrono::milliseconds(20)}, go);
  expect_chain(slow, {{errc::timeout, "task slow"}});
  (*go)->set();
  auto fast = submit<held_up>({.timeout = std::chrono::hours(1)}, go);
  EXPECT_EQ(get(fast, deadline).size(), 4);
}

TEST_F(task_ends, GrandchildrenOfAChildThatHasEndedEndToo) {
  auto born = make_event();
  auto stopped = make_event();
  auto child_over = make_event();
  auto top = submit([=] {
    get(submit([=] {
      (void)submit([=] {
        (*born)->set();
        if (eventually([] { return glint::stop_requested(); })) (*stopped)->set();
      });
    }));
    (*child_over)->set();
    eventually([] { return glint::stop_requested(); });
  });
  (*born)->wait();
  (*child_over)->wait();
  EXPECT_TRUE(glint::cancel(top, {.recursive = true}));
  (*stopped)->wait();
}

TEST_F(task_ends, AChildDoesNotKeepTheResultOfItsParent) {
  auto go = make_event();
  auto born = make_event();
  {
    auto top = submit([=] {
      (void)submit([=] {
        (*born)->set();
        (*go)->wait();
      });
      return 5;
    });
    EXPECT_EQ(get(top, deadline), 5);
  }
  (*born)->wait();
  EXPECT_TRUE(only_left(1)) << "the child's result";
  (*go)->set();
}

class chain_of_kernels {
 public:
  explicit chain_of_kernels(gpu_context& gpu) : state_(gpu.zeros<float>({1})) {}
  tensor<float> add(gpu_context& gpu, const shared_event& begun, const shared_event& go) {
    (*begun)->set();
    gpu.writes(state_);
    gpu.run_on_host_device([p = state_.data(), go] {
      (*go)->wait();
      p[0] += 1;
    });
    auto y = gpu.empty_like(state_);
    gpu.writes(y);
    gpu.run_on_host_device([in = state_.data(), out = y.data()] { out[0] = in[0]; });
    return y;
  }

 private:
  tensor<float> state_;
};

TEST_F(task_ends, CancellingAnIssuedCallLeavesThoseBehindIt) {
  auto go = make_event();
  auto a = glint::spawn<chain_of_kernels>();
  auto begun = make_event();
  auto first = a.call<&chain_of_kernels::add>(begun, go);
  auto second = a.call<&chain_of_kernels::add>(make_event(), go);
  (*begun)->wait();
  EXPECT_TRUE(glint::cancel(first));
  (*go)->set();
  EXPECT_EQ(get(submit([](const tensor<float>& t) { return t.values()[0]; }, second), deadline), 2.f);
  (void)glint_test::error_of(first);
}

std::atomic<int> attempts{0};

TEST_F(task_ends, ACopyThatABodyTookIsMadeAgain) {
  attempts = 0;
  auto x = glint::put(tensor<float>::from({1.f}));
  auto ref = submit(
      [](gpu_context& gpu, tensor<float> mine) {
        gpu.writes(mine);
        gpu.run_on_host_device([p = mine.data()] { p[0] += 1; });
        if (++attempts < 4) throw glint::exception(glint::error(errc::device_error, "busy"));
        return mine;
      },
      x);
  EXPECT_EQ(get(submit([](const tensor<float>& t) { return t.values()[0]; }, ref), deadline), 2.f);
  EXPECT_EQ(attempts, 4);
}

TEST_F(task_ends, AFailureOfTheSystemIsTriedAgainOnACpuToo) {
  attempts = 0;
  EXPECT_EQ(get(submit(
                    [](int x) {
                      if (++attempts < 3) throw glint::exception(glint::error(errc::out_of_memory, "for now"));
                      return x;
                    },
                    5),
                deadline),
            5);
}

struct consumer {
  std::vector<int> input{1, 2, 3};
  std::size_t operator()() {
    const std::vector<int> mine = std::move(input);
    if (++attempts < 3) throw std::runtime_error("again");
    return mine.size();
  }
};

TEST_F(task_ends, AFunctionObjectStartsAnew) {
  attempts = 0;
  EXPECT_EQ(get(submit({.retry_on = glint::retry_on<std::runtime_error>}, consumer{}), deadline), 3u);
}

co_task<int> at_once(int x) {
  co_return x;
}
co_task<std::int64_t> sum_many(int count) {
  const auto one = glint::put(1);
  std::int64_t sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await at_once(1) + co_await one;
  co_return sum;
}

TEST_F(task_ends, ManyAwaitsNeedNoStack) {
  EXPECT_EQ(get(submit<sum_many>(200'000), deadline), 400'000);
}

TEST_F(task_ends, WhatWasMovedFromThrows) {
  auto stream = submit<endless>();
  const auto taken = std::move(stream);
  EXPECT_EQ(glint_test::thrown_by([&] { (void)stream.next(); }), errc::empty_ref);
  const auto code = get(submit([]() -> co_task<bool> {
                          auto inner = at_once(1);
                          (void)co_await std::move(inner);
                          try {
                            (void)co_await std::move(inner);
                          } catch (const glint::exception& e) {
                            co_return e.code() == errc::empty_ref;
                          }
                          co_return false;
                        }),
                        deadline);
  EXPECT_TRUE(code);
}

TEST_F(task_ends, ACancelledCoroutineStopsAtTheNextAwait) {
  auto begun = make_event();
  auto over = make_event();
  auto ref = submit([=]() -> co_task<> {
    const struct guard {
      shared_event e;
      ~guard() { (*e)->set(); }
    } at_end{over};
    const auto ready = glint::put(1);
    for (;;) {
      co_await ready;
      (*begun)->set();
    }
  });
  (*begun)->wait();
  glint::cancel(ref);
  (*over)->wait();
}

TEST_F(task_ends, ASleepThatTheClockCannotCountIsLong) {
  auto begun = make_event();
  auto ref = submit([begun]() -> co_task<> {
    (*begun)->set();
    co_await glint::sleep_for(std::chrono::hours::max());
  });
  (*begun)->wait();
  EXPECT_TRUE(glint::wait({ref}, {.timeout = std::chrono::milliseconds(5)}).ready.empty());
  EXPECT_TRUE(glint::cancel(ref));
}

}  // namespace
