// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <glint/glint.hpp>
#include <glint/gpu/backends.hpp>
#include <glint/gpu/poller.hpp>
#include "failure.hpp"
#include "fixture.hpp"

namespace {

using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using glint_test::deadline;
using glint_test::make_event;
using glint_test::shared_event;

struct device : testing::Test {
  void SetUp() override {
    glint::init({.cpus = 2,
                 .devices = 2,
                 .device_memory_bytes = 8 << 20,
                 .backend = glint::device_backend::emulated,
                 .log_level = glint::log_level::warning});
  }
  void TearDown() override { glint::shutdown(); }
};

/// Enqueues y[i] = f(x[i]); reads and writes declared.
template <class F>
tensor<float> map_on(gpu_context& gpu, const tensor<float>& x, F f) {
  auto y = gpu.empty_like(x);
  gpu.reads(x);
  gpu.writes(y);
  gpu.run_on_host_device([in = x.data(), out = y.data(), n = x.size(), f] {
    for (std::int64_t i = 0; i < n; ++i) out[i] = f(in[i]);
  });
  return y;
}

tensor<float> twice(gpu_context& gpu, const tensor<float>& x) {
  return map_on(gpu, x, [](float v) { return 2 * v; });
}
tensor<float> twice_after(gpu_context& gpu, const tensor<float>& x, const shared_event& go) {
  return map_on(gpu, x, [go](float v) {
    (*go)->wait();
    return 2 * v;
  });
}
tensor<float> fail_after(gpu_context& gpu, const tensor<float>& x, const shared_event& go) {
  return map_on(gpu, x, [go](float v) -> float {
    (*go)->wait();
    throw std::runtime_error("bad cell " + std::to_string(static_cast<int>(v)));
  });
}
float total(const tensor<float>& x) {
  float sum = 0;
  for (const float v : x.values()) sum += v;
  return sum;
}
/// Overwrites what it owns.
tensor<float> negated(gpu_context& gpu, tensor<float> x) {
  gpu.writes(x);
  gpu.run_on_host_device([p = x.data(), n = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) p[i] = -p[i];
  });
  return x;
}
tensor<float> zeroed_on_host(tensor<float> x) {
  for (float& v : x.values()) v = 0;
  return x;
}
int place_of(gpu_context&, const tensor<float>& x) {
  return x.place().device;
}
bool on_host(const tensor<float>& x) {
  return x.place().is_host();
}

object_ref<tensor<float>> numbers() {
  return glint::put(tensor<float>::from({1.f, 2.f, 3.f, 4.f}));
}

TEST_F(device, AChainRunsThereAndComesBack) {
  auto y = numbers();
  for (int i = 0; i < 50; ++i)
    y = i % 2 ? submit<negated>(std::move(y)) : submit<negated>(submit<negated>(std::move(y)));
  EXPECT_EQ(get(submit<total>(submit<twice>(y)), deadline), -20);
}

std::uint64_t waiting_copies(gpu_context& gpu, const tensor<float>&) {
  return glint::gpu::waiting_copies_of(gpu.device());
}

/// By a put tensor, an argument of a CPU function and a result: all of it page-locked on the host's side.
TEST_F(device, CopiesOfObjectsWaitForNothingInTheDriver) {
  constexpr std::int64_t count = 300'000;
  auto y = submit<twice>(glint::put(tensor<float>::from(std::vector<float>(count, 1.f), {count})));
  EXPECT_EQ(get(submit<total>(y), deadline), 2.f * count);
  EXPECT_EQ(get(submit<waiting_copies>(y), deadline), 0u);
  EXPECT_EQ(get(y, deadline).to_host().values()[count - 1], 2.f);
  EXPECT_EQ(glint::statistics().bytes_pageable, 0u);
  EXPECT_EQ(glint::statistics().bytes_pinned, 3 * count * sizeof(float));
}

TEST_F(device, AnIssuedObjectFeedsTheDeviceBeforeItIsDone) {
  const auto go = make_event();
  auto x = submit<twice_after>(numbers(), go);
  auto place = submit<place_of>(x);  // its body runs although x's kernel is held up
  auto y = submit<twice>(x);
  auto sum = submit<total>(y);
  EXPECT_FALSE(glint::try_get(x));
  EXPECT_FALSE(glint::try_get(sum)) << "the host must not see what has not run";
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 40);
  EXPECT_GE(get(place, deadline), 0);
}

TEST_F(device, TheHostOverlapsTheStream) {
  const auto go = make_event();
  auto x = submit<twice_after>(numbers(), go);
  int done = 0;
  for (int i = 0; i < 100; ++i) done += get(submit<[](int v) { return v; }>(1), deadline);  // while the kernel waits
  EXPECT_EQ(done, 100);
  EXPECT_FALSE(glint::try_get(x));
  (*go)->set();
  EXPECT_EQ(get(x, deadline).to_host().values()[3], 8);
}

TEST_F(device, ATensorReachesAFunctionWhereItRuns) {
  auto x = submit<twice>(numbers());
  EXPECT_TRUE(get(submit<on_host>(x), deadline));
  EXPECT_TRUE(get(submit<on_host>(numbers()), deadline));
  EXPECT_GE(get(submit<place_of>(numbers()), deadline), 0);
  EXPECT_FALSE(get(x, deadline).place().is_host()) << "get gives it where its primary copy lies";
}

TEST_F(device, ATaskGoesWhereItsBytesAre) {
  for (int i = 0; i < 10; ++i) {
    auto x = submit<twice>(numbers());
    EXPECT_EQ(get(submit<place_of>(x), deadline), get(x, deadline).place().device);
  }
}

TEST_F(device, ACopyInOtherMemoryIsMadeOnceAndCached) {
  auto x = submit<twice>(numbers());
  get(submit<total>(x), deadline);
  const auto before = glint::statistics().bytes_from_devices;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(submit<total>(x), deadline), 20);
  EXPECT_EQ(glint::statistics().bytes_from_devices, before);
}

TEST_F(device, AnOwnedSharedTensorIsCopiedBeforeItIsOverwritten) {
  auto x = submit<twice>(numbers());
  auto y = submit<negated>(x);  // x is still held here
  EXPECT_EQ(get(submit<total>(y), deadline), -20);
  EXPECT_EQ(get(submit<total>(x), deadline), 20);
  auto h = numbers();
  EXPECT_EQ(get(submit<total>(submit<zeroed_on_host>(h)), deadline), 0);
  EXPECT_EQ(get(submit<total>(h), deadline), 10);
}

TEST_F(device, AnOwnedTensorInAValueOfTheCallersIsCopiedToo) {
  auto mine = tensor<float>::from({5.f, 6.f});
  EXPECT_EQ(get(submit<total>(submit<zeroed_on_host>(mine)), deadline), 0);
  EXPECT_EQ(mine.values()[0], 5);
}

TEST_F(device, TheLastReferenceIsOverwrittenInPlace) {
  auto x = submit<twice>(numbers());
  const void* address = get(x, deadline).address();
  auto y = submit<negated>(std::move(x));
  EXPECT_EQ(get(y, deadline).address(), address);
  EXPECT_EQ(get(submit<total>(y), deadline), -20);
}

TEST_F(device, AViewThatSharesStorageWithAnotherObjectIsNotOverwritten) {
  auto x = submit<twice>(numbers());
  auto tail = submit<[](gpu_context&, const tensor<float>& t) { return t.slice(2, 4); }>(x);
  auto y = submit<negated>(std::move(tail));
  EXPECT_EQ(get(submit<total>(y), deadline), -14);
  EXPECT_EQ(get(submit<total>(x), deadline), 20);
}

struct pair_of_tensors {
  tensor<float> a;
  std::vector<tensor<float>> more;
};
pair_of_tensors split(gpu_context& gpu, const tensor<float>& x) {
  return {twice(gpu, x), {twice(gpu, x), twice(gpu, x)}};
}
float total_of(const pair_of_tensors& p) {
  float sum = total(p.a);
  for (const auto& t : p.more) sum += total(t);
  return sum;
}
tensor<float> first_of(gpu_context& gpu, const pair_of_tensors& p) {
  return twice(gpu, p.a);
}

TEST_F(device, TensorsInsideAStructMoveWithIt) {
  auto p = submit<split>(numbers());
  EXPECT_EQ(get(submit<total_of>(p), deadline), 60);
  EXPECT_EQ(get(submit<total>(submit<first_of>(p)), deadline), 40);
  pair_of_tensors on_host{tensor<float>::from({1.f}), {}};
  EXPECT_EQ(get(submit<total>(submit<first_of>(on_host)), deadline), 2);
}

TEST_F(device, AFailureBehindAnIssuedObjectReachesAllThatWasMadeFromIt) {
  const auto go = make_event();
  auto bad = submit<fail_after>({.name = "source"}, numbers(), go);
  auto next = submit<twice>({.name = "next"}, bad);
  auto last = submit<twice>({.name = "last"}, next);
  auto sum = submit<total>({.name = "sum"}, last);
  (*go)->set();
  glint_test::expect_failure(bad, errc::kernel_failed, "source", "bad cell 1");
  glint_test::expect_failure(next, errc::dependency_failed, "next", "", errc::kernel_failed);
  glint_test::expect_failure(last, errc::dependency_failed, "last", "", errc::dependency_failed);
  glint_test::expect_failure(sum, errc::dependency_failed, "sum", "", errc::dependency_failed);
  auto fine = submit<twice>(numbers());  // on the same streams, later
  EXPECT_EQ(get(submit<total>(fine), deadline), 20);
}

tensor<float> huge(gpu_context& gpu) {
  return gpu.empty<float>({64 << 20});
}

TEST_F(device, OutOfMemoryFailsTheTaskWithItsNameAndLeavesTheDevice) {
  auto ref = submit<huge>({.name = "greedy"});
  glint_test::expect_failure(ref, errc::out_of_memory, "greedy", "", errc::out_of_memory);
  auto dependent = submit<twice>({.name = "after"}, ref);
  glint_test::expect_failure(dependent, errc::dependency_failed, "after", "", errc::out_of_memory);
  EXPECT_EQ(get(submit<total>(submit<twice>(numbers())), deadline), 20);
}

tensor<float> megabyte(gpu_context& gpu) {
  return gpu.zeros<float>({256 << 10});
}

TEST_F(device, MemoryOfDroppedObjectsComesBack) {
  for (int i = 0; i < 200; ++i) EXPECT_EQ(get(submit<total>(submit<megabyte>()), deadline), 0);
}

class accumulator {
 public:
  explicit accumulator(gpu_context& gpu, std::int64_t n) : sum_(gpu.zeros<float>({n})) {}
  void add(gpu_context& gpu, const tensor<float>& x) {
    gpu.reads(x);
    gpu.writes(sum_);
    gpu.run_on_host_device([to = sum_.data(), from = x.data(), n = x.size()] {
      for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
    });
  }
  float total_now() const { return total(sum_.to_host()); }
  int place(gpu_context&) const { return sum_.place().device; }

 private:
  tensor<float> sum_;
};

TEST_F(device, AnActorKeepsTensorsOnItsDevice) {
  auto a = glint::spawn<accumulator>(4);
  auto b = glint::spawn<accumulator>(4);
  auto x = submit<twice>(numbers());
  for (int i = 0; i < 10; ++i) {
    (void)a.call<&accumulator::add>(x);
    (void)b.call<&accumulator::add>(x);
  }
  EXPECT_EQ(get(a.call<&accumulator::total_now>(), deadline), 200);
  EXPECT_EQ(get(b.call<&accumulator::total_now>(), deadline), 200);
  EXPECT_NE(get(a.call<&accumulator::place>(), deadline), get(b.call<&accumulator::place>(), deadline));
}

tensor<float> unfaithful(gpu_context& gpu, const tensor<float>& x) {
  auto y = twice(gpu, x);
  throw std::logic_error("changed my mind");
  return y;
}

TEST_F(device, ABodyThatThrowsAfterItEnqueuedLeavesNoHarm) {
  for (int i = 0; i < 20; ++i) {
    auto ref = submit<unfaithful>({.name = "fickle"}, numbers());
    glint_test::expect_failure(ref, errc::user_exception, "fickle", "changed my mind");
  }
}

int lose(gpu_context& gpu, const tensor<float>&) {
  glint::gpu::faults_of(gpu.device())->lose_device();
  return gpu.device().index();
}

TEST_F(device, ALostDeviceFailsWhatIsOnItAndLeavesTheRest) {
  auto x = submit<twice>(numbers());
  const int there = get(x, deadline).place().device;
  auto last = submit<lose>({.name = "saboteur"}, x);
  (void)glint::wait({last}, {.timeout = deadline});
  auto next = submit<twice>({.name = "next"}, x);
  glint_test::expect_failure(next, errc::device_lost, "next");
  auto dependent = submit<total>({.name = "after"}, next);
  glint_test::expect_failure(dependent, errc::dependency_failed, "after", "", errc::device_lost);
  auto copy = submit<total>({.name = "reader"}, x);
  glint_test::expect_failure(copy, errc::device_lost, "reader");
  EXPECT_EQ(get(submit<total>(numbers()), deadline), 10) << "CPU work goes on";
  for (int i = 0; i < 4; ++i) {  // devices are taken in turn: each of them meets the one that is left
    EXPECT_EQ(get(submit<twice>(numbers()), deadline).place().device, 1 - there);
  }
}

void order_fault(gpu_context& gpu, const tensor<float>&, std::string which) {
  auto* faults = glint::gpu::faults_of(gpu.device());
  if (which == "kernel") faults->fail_kernel(1);
  if (which == "reserve") faults->fail_reserve(1);
}

TEST_F(device, AFaultOfAKernelFailsItsTaskAndNothingElse) {
  auto x = submit<twice>(numbers());
  get(submit<order_fault>(x, "kernel"), deadline);
  auto bad = submit<twice>({.name = "victim"}, x);
  glint_test::expect_failure(bad, errc::kernel_failed, "victim");
  auto dependent = submit<total>({.name = "after"}, bad);
  glint_test::expect_failure(dependent, errc::dependency_failed, "after", "", errc::kernel_failed);
  EXPECT_EQ(get(submit<total>(submit<twice>(x)), deadline), 40);
}

/// What is only enqueued is not tried again (above); what the body waits for is.
TEST_F(device, AFaultThatTheBodyWaitsForIsTriedAgain) {
  auto x = submit<twice>(numbers());
  get(submit<order_fault>(x, "kernel"), deadline);
  auto waited = submit(
      {.name = "careful"},
      [](gpu_context& gpu, const tensor<float>& from) {
        auto made = twice(gpu, from);
        if (auto run = glint::gpu::wait_reached(gpu.stream().now()); !run) throw glint::exception(run.error());
        return std::pair(glint::this_task().attempt, std::move(made));
      },
      x);
  auto sum = submit([](const std::pair<std::uint32_t, tensor<float>>& p) { return total(p.second); }, waited);
  EXPECT_EQ(get(sum, deadline), 40);
  EXPECT_EQ(get(waited, deadline).first, 1u);
}

/// Bodies share streams; who enqueues nothing has no part in what failed there.
TEST_F(device, AFailureOnAStreamIsNotThatOfATaskThatEnqueuesNothingThere) {
  for (int i = 0; i < 8; ++i) {  // one on each stream
    auto bad = submit([](gpu_context& gpu) {
      gpu.run_on_host_device([] { throw std::runtime_error("mine"); });
      return gpu.device().index();
    });
    glint_test::expect_failure(bad, errc::kernel_failed, "task", "mine");
  }
  for (int i = 0; i < 8; ++i) {
    auto idle = submit({.gpus = 2}, [](gpu_context& gpu) { return gpu.on(1).device().index(); });
    EXPECT_EQ(get(idle, deadline), 1);
    EXPECT_EQ(get(submit<total>(submit<twice>(numbers())), deadline), 20);
  }
}

TEST_F(device, AReserveThatFailsOnceIsTriedAgain) {
  auto x = submit<twice>(numbers());
  get(submit<order_fault>(x, "reserve"), deadline);
  // Larger than what is left of the first slab, so that the device must reserve another.
  constexpr auto roomy = [](gpu_context& gpu, const tensor<float>&) { return gpu.zeros<float>({1 << 20}); };
  EXPECT_EQ(get(submit<total>(submit<roomy>(x)), deadline), 0);
}

struct no_devices : testing::Test {
  void SetUp() override { glint::init({.cpus = 1, .devices = 0, .log_level = glint::log_level::warning}); }
  void TearDown() override { glint::shutdown(); }
};

TEST_F(no_devices, ADeviceFunctionFailsWithNoDevice) {
  auto ref = submit<twice>({.name = "lonely"}, numbers());
  glint_test::expect_failure(ref, errc::no_device, "lonely", "this node has no device");
  auto actor = glint::spawn<accumulator>({.name = "homeless"}, 4);
  glint_test::expect_failure(actor.call<&accumulator::total_now>(), errc::actor_failed, "total_now", "homeless",
                             errc::no_device);
  EXPECT_EQ(get(submit<total>(numbers()), deadline), 10);
}

}  // namespace
