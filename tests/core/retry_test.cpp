// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <vector>

#include "fixture.hpp"

/// Further attempts, and what is known of them.
namespace {

using glint::errc;
using glint::get;
using glint::submit;
using glint_test::deadline;
using glint_test::expect_chain;

std::atomic<int> attempts{0};  // of the bodies of a case

class retries : public glint_test::runtime_test {
 protected:
  void SetUp() override {
    runtime_test::SetUp();
    attempts = 0;
  }
};

struct flaky_link : std::runtime_error {
  using runtime_error::runtime_error;
};
struct weak_link : flaky_link {
  using flaky_link::flaky_link;
};

TEST_F(retries, AnExceptionOfAListedTypeIsTriedAgain) {
  auto ref = submit(
      {.name = "link", .max_retries = 5, .retry_on = glint::retry_on<flaky_link>},
      [](int x) {
        EXPECT_EQ(glint::this_task().attempt, static_cast<std::uint32_t>(attempts.load()));
        if (++attempts < 4) throw weak_link("down");  // of a derived type
        return x;
      },
      7);
  EXPECT_EQ(get(ref, deadline), 7);
  EXPECT_EQ(attempts, 4);
  EXPECT_EQ(glint::statistics().retries, 3u);
}

TEST_F(retries, NotMoreOftenThanAllowed) {
  auto ref = submit({.name = "link", .max_retries = 2, .retry_on = glint::retry_on<flaky_link>}, [] {
    ++attempts;
    throw flaky_link("down");
  });
  expect_chain(ref, {{errc::user_exception, "task link"}});
  EXPECT_EQ(attempts, 3);
}

TEST_F(retries, OtherExceptionsAreNotTriedAgain) {
  auto listed = submit({.retry_on = glint::retry_on<flaky_link, std::bad_alloc>}, [] {
    ++attempts;
    throw std::logic_error("wrong");
  });
  expect_chain(listed, {{errc::user_exception, ""}});
  EXPECT_EQ(attempts, 1);
  auto none = submit([] {
    ++attempts;
    throw flaky_link("down");
  });
  expect_chain(none, {{errc::user_exception, ""}});
  EXPECT_EQ(attempts, 2);
}

TEST_F(retries, ValuesAreThereAgain) {
  const std::vector<int> given{1, 2, 3};
  auto ref = submit(
      {.retry_on = glint::retry_on<flaky_link>},
      [](std::vector<int> v, const std::string& s) {
        EXPECT_EQ(v, (std::vector<int>{1, 2, 3}));
        EXPECT_EQ(s, "text");
        v.clear();
        if (++attempts < 3) throw flaky_link("down");
        return attempts.load();
      },
      given, "text");
  EXPECT_EQ(get(ref, deadline), 3);
}

TEST_F(retries, BorrowedObjectsAreThereAgain) {
  auto object = glint::put(std::vector<int>{1, 2});
  auto ref = submit(
      {.retry_on = glint::retry_on<flaky_link>},
      [](const std::vector<int>& v) {
        if (++attempts < 3) throw flaky_link("down");
        return v.size();
      },
      object);
  EXPECT_EQ(get(ref, deadline), 2u);
}

TEST_F(retries, AnArgumentThatWasMovedInEndsIt) {
  auto ref = submit(
      {.name = "taker", .retry_on = glint::retry_on<flaky_link>},
      [](std::vector<int> v) {
        ++attempts;
        if (!v.empty()) throw flaky_link("down");
      },
      glint::put(std::vector<int>{1}));  // the last ref
  const auto failure = glint_test::error_of(ref);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code(), errc::user_exception);
  EXPECT_EQ(failure->subject(), "task taker");
  EXPECT_THAT(failure->message(), testing::HasSubstr("not tried again: an argument had been moved in"));
  EXPECT_EQ(attempts, 1);
}

TEST_F(retries, FailuresOfTheSystemAreTriedAgainByDefault) {
  auto ref = submit(
      {.name = "kernel"},
      [](glint::gpu_context& gpu, const glint::tensor<float>& x) {
        if (++attempts < 3) throw glint::exception(glint::error(errc::device_error, "busy"));
        auto y = gpu.empty_like(x);
        gpu.reads(x);
        gpu.writes(y);
        gpu.run_on_host_device([in = x.data(), out = y.data()] { out[0] = in[0]; });
        return y;
      },
      glint::put(glint::tensor<float>::from({5.f})));
  EXPECT_EQ(get(submit([](const glint::tensor<float>& t) { return t.values()[0]; }, ref), deadline), 5.f);
  EXPECT_EQ(attempts, 3);
}

TEST_F(retries, UntilTheyAreUsedUp) {
  auto ref = submit({.name = "kernel"}, [](glint::gpu_context&) {
    ++attempts;
    throw glint::exception(glint::error(errc::device_error, "broken"));
  });
  expect_chain(ref, {{errc::device_error, "task kernel"}, {errc::device_error, ""}});
  EXPECT_EQ(attempts, 4);
  attempts = 0;
  auto once = submit({.max_retries = 0}, [](glint::gpu_context&) {
    ++attempts;
    throw glint::exception(glint::error(errc::device_error, "broken"));
  });
  expect_chain(once, {{errc::device_error, ""}, {errc::device_error, ""}});
  EXPECT_EQ(attempts, 1);
}

TEST_F(retries, AShareOfADeviceIsExactAfterwards) {
  auto ref = submit({.gpus = 1, .max_retries = 3}, [](glint::gpu_context&) {
    if (++attempts < 3) throw glint::exception(glint::error(errc::device_error, "busy"));
  });
  get(ref, deadline);
  EXPECT_EQ(get(submit({.gpus = 1}, [](glint::gpu_context& gpu) { return gpu.device().index(); }), deadline), 0);
}

TEST_F(retries, ACancelledTaskIsNotTriedAgain) {
  auto begun = glint_test::make_event();
  auto ref = submit({.name = "link", .retry_on = glint::retry_on<flaky_link>}, [begun] {
    ++attempts;
    (*begun)->set();
    glint_test::eventually([] { return glint::stop_requested(); });
    throw flaky_link("down");
  });
  (*begun)->wait();
  glint::cancel(ref);
  expect_chain(ref, {{errc::cancelled, "task link"}});
  EXPECT_TRUE(only_left(1));
  EXPECT_EQ(attempts, 1);
}

TEST_F(retries, ManyAttemptsNeedNoStack) {
  auto ref = submit({.max_retries = 20'000, .retry_on = glint::retry_on<flaky_link>}, [] {
    if (++attempts <= 20'000) throw flaky_link("down");
    return attempts.load();
  });
  EXPECT_EQ(get(ref, deadline), 20'001);
}

/// Fails behind its body in the first two attempts; what it made is twice what it read.
glint::tensor<float> doubled_in_the_end(glint::gpu_context& gpu, const glint::tensor<float>& x) {
  auto y = gpu.empty_like(x);
  gpu.reads(x);
  gpu.writes(y);
  const bool fails = ++attempts < 3;
  gpu.run_on_host_device([fails, in = x.data(), out = y.data()] {
    out[0] = 2 * in[0];
    if (fails) throw std::runtime_error("behind the body");
  });
  return y;
}
float first_of(const glint::tensor<float>& t) {
  return t.values()[0];
}

TEST_F(retries, WhatWasEnqueuedIsTriedAgainWhereAskedFor) {
  const auto five = glint::put(glint::tensor<float>::from({5.f}));
  const auto ref = submit<doubled_in_the_end>({.retry_enqueued = true}, five);
  // Nobody begins behind an attempt that fails: these see the third.
  const auto again = submit<doubled_in_the_end>({.retry_enqueued = true}, ref);
  EXPECT_EQ(get(submit<first_of>(again), deadline), 20.f);
  EXPECT_EQ(get(submit<first_of>(ref), deadline), 10.f);
  EXPECT_EQ(attempts, 4);
  EXPECT_EQ(glint::statistics().retries, 2u);
}

TEST_F(retries, WhatWasEnqueuedFailsTheTaskWhereNotAskedFor) {
  const auto ref = submit<doubled_in_the_end>({.name = "doubled"}, glint::put(glint::tensor<float>::from({5.f})));
  expect_chain(ref, {{errc::kernel_failed, "task doubled"}});
  EXPECT_EQ(attempts, 1);
}

TEST_F(retries, WhatWasEnqueuedIsTriedNotMoreOftenThanAllowed) {
  const auto five = glint::put(glint::tensor<float>::from({5.f}));
  const auto ref = submit<doubled_in_the_end>({.name = "doubled", .max_retries = 1, .retry_enqueued = true}, five);
  expect_chain(ref, {{errc::kernel_failed, "task doubled"}});
  EXPECT_EQ(attempts, 2);
}

/// The body has returned, its work is held up: it is cancelled at once, and not tried again when that fails.
TEST_F(retries, ATaskThatWaitsForWhatItEnqueuedCanBeCancelled) {
  const auto go = glint_test::make_event();
  const auto returned = glint_test::make_event();
  const auto ref = submit({.name = "slow", .gpus = 1, .retry_enqueued = true}, [=](glint::gpu_context& gpu) {
    ++attempts;
    gpu.run_on_host_device([go, returned] {
      (*returned)->set();
      (*go)->wait();
      throw std::runtime_error("behind the body");
    });
  });
  (*returned)->wait();
  EXPECT_FALSE(glint::try_get(ref));
  glint::cancel(ref);
  expect_chain(ref, {{errc::cancelled, "task slow"}});
  const auto next = submit({.gpus = 1, .max_retries = 0}, [](glint::gpu_context& gpu) { return gpu.device().index(); });
  EXPECT_TRUE(glint::wait({next}, {.timeout = std::chrono::milliseconds(0)}).ready.empty()) << "its kernel still runs";
  (*go)->set();
  EXPECT_EQ(get(next, deadline), 0);
  EXPECT_EQ(attempts, 1);
}

}  // namespace
