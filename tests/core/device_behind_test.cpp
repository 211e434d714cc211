// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <glint/glint.hpp>
#include "failure.hpp"
#include "fixture.hpp"

/// What happens behind the end of a body, when its kernels run: failures there, memory that streams still use, shares
/// of devices that are still in use.
namespace {

using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using glint_test::deadline;
using glint_test::eventually;
using glint_test::make_event;
using glint_test::shared_event;

struct behind : testing::Test {
  void SetUp() override { start(1); }
  void TearDown() override { glint::shutdown(); }
  static void start(std::uint32_t devices) {
    glint::init({.cpus = 2,
                 .devices = devices,
                 .device_memory_bytes = 8 << 20,
                 .backend = glint::device_backend::emulated,
                 .log_level = glint::log_level::warning});
  }
};

struct behind_two : behind {
  void SetUp() override { start(2); }
};

object_ref<tensor<float>> numbers() {
  return glint::put(tensor<float>::from({1.f, 2.f, 3.f, 4.f}));
}

float total(const tensor<float>& x) {
  float sum = 0;
  for (const float v : x.values()) sum += v;
  return sum;
}

/// Enqueues a kernel that waits and throws.
void enqueue_failure(gpu_context& gpu, const shared_event& go) {
  gpu.run_on_host_device([go] {
    (*go)->wait();
    throw std::runtime_error("behind the body");
  });
}

tensor<float> copied(gpu_context& gpu, const tensor<float>& x) {
  auto y = gpu.empty_like(x);
  gpu.reads(x);
  gpu.writes(y);
  gpu.run_on_host_device([in = x.data(), out = y.data(), n = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) out[i] = in[i];
  });
  return y;
}

/// Fails in its first kernel, lets somebody record an event behind that, and goes on.
tensor<float> fails_early(gpu_context& gpu) {
  const auto at_once = make_event();
  (*at_once)->set();
  enqueue_failure(gpu, at_once);
  const auto middle = gpu.stream().now();
  EXPECT_TRUE(eventually([&] { return middle.reached(); }));
  return gpu.zeros<float>({4});
}

TEST_F(behind, AFailureThatAnEventInTheMiddleReportedFailsTheTask) {
  auto ref = submit<fails_early>({.name = "early"});
  glint_test::expect_failure(ref, errc::kernel_failed, "early", "behind the body");
}

void hold_transfers(gpu_context& gpu, const shared_event& go) {
  if (!gpu.context().transfer_stream()->enqueue([go] { (*go)->wait(); })) throw std::runtime_error("refused");
}
tensor<float> zeroed_on_host(tensor<float> x) {
  for (float& v : x.values()) v = 0;
  return x;
}

TEST_F(behind, HostMemoryThatAStreamStillReadsIsNotOverwritten) {
  const auto late = make_event();
  get(submit<hold_transfers>(late), deadline);
  auto x = numbers();
  auto on_device = submit<copied>(x);  // the copy to the device is enqueued and held up
  auto zeros = submit<zeroed_on_host>(std::move(x));
  EXPECT_EQ(total(get(zeros, deadline)), 0);
  (*late)->set();
  EXPECT_EQ(get(submit<total>(on_device), deadline), 10);
}

TEST_F(behind, AValueTakenOutOfTheStoreIsNobodyElses) {
  const auto late = make_event();
  get(submit<hold_transfers>(late), deadline);
  auto x = numbers();
  auto on_device = submit<copied>(x);
  std::thread opener([late] { (*late)->set(); });
  auto mine = get(std::move(x), deadline);  // waits for the copy
  for (float& v : mine.values()) v = 0;
  opener.join();
  EXPECT_EQ(get(submit<total>(on_device), deadline), 10);
}

class fragile {
 public:
  explicit fragile(gpu_context& gpu) : state_(gpu.zeros<float>({4})) {}
  /// Fails behind its body.
  fragile(gpu_context& gpu, const shared_event& late) : fragile(gpu) { enqueue_failure(gpu, late); }
  void break_down(gpu_context& gpu, const shared_event& late) {
    gpu.writes(state_);
    enqueue_failure(gpu, late);
  }
  tensor<float> read(gpu_context& gpu) {
    ++reads;
    return copied(gpu, state_);
  }
  tensor<float> read_when_told(gpu_context& gpu, const shared_event& told) {
    auto y = read(gpu);
    (*told)->wait();
    return y;
  }
  tensor<float> member() const { return state_; }
  int reads_so_far() { return reads; }

  static inline std::atomic<int> reads{0};

 private:
  tensor<float> state_;
};

TEST_F(behind, AConstructorThatFailsBehindItsBodyFailsEveryCall) {
  const auto late = make_event();
  fragile::reads = 0;
  auto a = glint::spawn<fragile>({.name = "egg"}, late);
  auto early = a.call<&fragile::read>();
  // Enqueued behind the failure, not after it: a call on the host runs when the body before it has returned.
  ASSERT_EQ(get(a.call<&fragile::reads_so_far>(), deadline), 1);
  (*late)->set();
  glint_test::expect_failure(early, errc::dependency_failed, "read on actor egg", "", errc::kernel_failed);
  auto later = a.call<&fragile::read>();
  glint_test::expect_failure(later, errc::actor_failed, "read on actor egg", "egg", errc::kernel_failed);
}

TEST_F(behind, AConstructorThatFailsBehindItsBodyFailsTheCallInProgress) {
  const auto late = make_event();
  const auto told = make_event();
  fragile::reads = 0;
  auto a = glint::spawn<fragile>({.name = "egg"}, late);
  auto running = a.call<&fragile::read_when_told>(told);
  ASSERT_TRUE(eventually([] { return fragile::reads == 1; }));
  (*late)->set();
  glint_test::expect_failure(running, errc::actor_failed, "read_when_told on actor egg", "egg", errc::kernel_failed);
  (*told)->set();
}

TEST_F(behind, ACallBehindAFailingOneOfItsActorFailsToo) {
  const auto late = make_event();
  fragile::reads = 0;
  auto a = glint::spawn<fragile>({.name = "egg"});
  auto broken = a.call<&fragile::break_down>(late);
  auto next = a.call<&fragile::read>();
  auto member = a.call<&fragile::member>();
  auto host = submit<total>({.name = "reader"}, member);
  ASSERT_TRUE(eventually([] { return fragile::reads == 1; }));
  (*late)->set();
  glint_test::expect_failure(broken, errc::kernel_failed, "break_down on actor egg", "behind the body");
  glint_test::expect_failure(next, errc::dependency_failed, "read on actor egg", "", errc::kernel_failed);
  glint_test::expect_failure(host, errc::dependency_failed, "reader", "", errc::dependency_failed);
}

TEST_F(behind, ACallThatWasStillEnqueuingWhenTheOneBeforeItFailedFailsToo) {
  const auto late = make_event();
  const auto told = make_event();
  fragile::reads = 0;
  auto a = glint::spawn<fragile>({.name = "egg"});
  auto broken = a.call<&fragile::break_down>(late);
  auto next = a.call<&fragile::read_when_told>(told);
  ASSERT_TRUE(eventually([] { return fragile::reads == 1; }));
  (*late)->set();
  glint_test::expect_failure(broken, errc::kernel_failed, "break_down on actor egg", "behind the body");
  (*told)->set();
  glint_test::expect_failure(next, errc::dependency_failed, "read_when_told on actor egg", "", errc::kernel_failed);
}

int use(gpu_context& gpu) {
  return gpu.device().index();
}
int use_with(gpu_context& gpu, const tensor<float>&) {
  return gpu.device().index();
}
tensor<float> failing(gpu_context& gpu, const shared_event& go) {
  auto y = gpu.zeros<float>({4});
  enqueue_failure(gpu, go);
  return y;
}

TEST_F(behind, AShareOfADeviceIsHeldUntilTheKernelsHaveRun) {
  const auto late = make_event();
  auto first =
      submit<[](gpu_context& gpu, const shared_event& go) { gpu.run_on_host_device([go] { (*go)->wait(); }); }>(
          {.gpus = 1}, late);
  auto second = submit<use>({.gpus = 0.5});
  EXPECT_TRUE(glint::wait({second}, {.timeout = std::chrono::milliseconds(20)}).ready.empty());
  (*late)->set();
  EXPECT_EQ(get(second, deadline), 0);
}

TEST_F(behind, ThousandsOfFailingReservationsNeedNoStack) {
  const auto late = make_event();
  auto bad = submit<failing>(late);
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 20'000; ++i) refs.push_back(submit<use_with>({.gpus = 1}, bad));
  (*late)->set();
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(submit<use>({.gpus = 1}), deadline), 0) << "nothing is held any more";
}

struct unbuildable {
  explicit unbuildable(gpu_context&) { throw std::length_error("too long"); }
  int value() { return 1; }
};

TEST_F(behind, AnActorThatCouldNotBeBuiltHoldsNoShare) {
  auto a = glint::spawn<unbuildable>({.name = "ruin", .gpus = 1});
  glint_test::expect_failure(a.call<&unbuildable::value>(), errc::actor_failed, "value", "ruin", errc::user_exception);
  EXPECT_EQ(get(submit<use>({.gpus = 1}), deadline), 0);
}

struct holder {
  explicit holder(gpu_context& gpu) : device_(gpu.device().index()) {}
  int device() const { return device_; }
  int device_;
};

TEST_F(behind_two, AnActorTakesTheDeviceThatIsFree) {
  auto a = glint::spawn<holder>({.gpus = 1});
  auto unreserved = glint::spawn<holder>();
  auto b = glint::spawn<holder>({.gpus = 1});
  EXPECT_NE(get(a.call<&holder::device>(), deadline), get(b.call<&holder::device>(), deadline));
}

struct maker {
  tensor<float> make(gpu_context& gpu) { return gpu.zeros<float>({640 << 10}); }
};
tensor<float> as_much(gpu_context& gpu) {
  return gpu.zeros<float>({640 << 10});
}

TEST_F(behind, AnActorDoesNotKeepTheResultsOfItsCalls) {
  std::vector<glint::actor_handle<maker>> actors;
  for (int i = 0; i < 3; ++i) {
    actors.push_back(glint::spawn<maker>());
    const auto made = actors.back().call<&maker::make>();  // 2.5 MiB each, of 8
    EXPECT_EQ(get(made, deadline).size(), 640 << 10);
  }
  EXPECT_EQ(get(submit<total>(submit<as_much>()), deadline), 0);
}

struct plain {
  int pass(int x) { return x; }
};

TEST_F(behind, AnActorWhoseLastCallWaitsForALateArgumentEndsCleanly) {
  for (int i = 0; i < 3000; ++i) {
    auto late = submit<[](int x) { return x; }>(i);
    auto ref = glint::spawn<plain>().call<&plain::pass>(late);  // the call is the actor's last holder
    if (i % 64 == 0) {
      EXPECT_EQ(get(ref, deadline), i);
    }
  }
}

}  // namespace
