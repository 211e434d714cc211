// SPDX-License-Identifier: Apache-2.0
// Actors whose device is lost.
#include <latch>

#include <glint/gpu/backends.hpp>
#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::kill;
using glint::object_ref;
using glint::spawn;
using glint::submit;
using glint::tensor;

class ActorDeviceLoss : public actor_case {
 protected:
  ActorDeviceLoss() : actor_case(small_node(2, 2)) {}
};

/// Keeps a tensor on its device.
class keeper {
 public:
  keeper(gpu_context& gpu, float start) : state_(gpu.zeros<float>({4})) { add_to(gpu, start); }
  int add(gpu_context& gpu, float d) {
    add_to(gpu, d);
    return gpu.device().index();
  }
  tensor<float> add_tensor(gpu_context& gpu, const tensor<float>& x) {
    gpu.reads(x);
    gpu.writes(state_);
    gpu.run_on_host_device([to = state_.data(), from = x.data()] {
      for (int i = 0; i < 4; ++i) to[i] += from[i];
    });
    return state_.slice(0, 4);
  }
  float first() const { return state_.to_host().values()[0]; }
  float read(const tensor<float>& x) const { return x.values()[0]; }
  int place(gpu_context& gpu) const { return gpu.device().index(); }
  /// Loses its device, the first `times` times that it is called, and then uses it.
  int lose(gpu_context& gpu, int times) {
    if (losses.fetch_add(1) < times) glint::gpu::faults_of(gpu.device())->lose_device();
    add_to(gpu, 1);
    return gpu.device().index();
  }
  /// Enqueues work that waits for the event; returns at once.
  int work_behind(gpu_context& gpu, const shared_event& go) {
    device = &gpu.device();
    gpu.writes(state_);
    gpu.run_on_host_device([go] { (*go)->wait(); });
    add_to(gpu, 1);
    return ++begun;
  }

  static inline std::atomic<int> losses{0};
  static inline std::atomic<int> begun{0};
  static inline std::atomic<glint::gpu::device*> device{nullptr};

 private:
  void add_to(gpu_context& gpu, float d) {
    gpu.writes(state_);
    gpu.run_on_host_device([to = state_.data(), d] {
      for (int i = 0; i < 4; ++i) to[i] += d;
    });
  }
  tensor<float> state_;
  counted_object counted_;
};

/// The loss is its root cause. Its code is device_lost if it was the call itself that met the loss, and the actor's end
/// or restart if work from before it, still under way, did so first.
glint::error failure_of(const object_ref<int>& ref) {
  return error_of(ref).value_or(glint::error(errc::timeout, "none"));
}

TEST_F(ActorDeviceLoss, TheActorRestartsOnAnotherDevice) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.name = "rock", .max_restarts = 1}, 5.f);
  const int there = get(a.call<&keeper::add>(1.f), deadline);
  EXPECT_EQ(get(a.call<&keeper::first>(), deadline), 6.f);
  const auto lost = failure_of(a.call<&keeper::lose>(1));
  EXPECT_EQ(lost.root_cause().code(), errc::device_lost) << lost.describe();
  EXPECT_THAT(lost.subject(), testing::HasSubstr("lose on actor rock"));
  const int here = get(a.call<&keeper::place>({.max_task_retries = -1}), deadline);
  EXPECT_NE(here, there);
  EXPECT_EQ(get(a.call<&keeper::first>(), deadline), 5.f) << "state built anew";
  EXPECT_EQ(objects_alive.load(), 1);
}

TEST_F(ActorDeviceLoss, ACallInFlightIsMadeAgainThere) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.max_restarts = 1, .max_task_retries = 1}, 5.f);
  const int there = get(a.call<&keeper::place>(), deadline);
  auto lost = a.call<&keeper::lose>(1);
  auto behind = a.call<&keeper::add_tensor>(tensor<float>::from({1.f, 2.f, 3.f, 4.f}));
  EXPECT_NE(get(lost, deadline), there);
  EXPECT_EQ(get(behind, deadline).to_host().values()[3], 10.f) << "its argument was brought to the new device";
  EXPECT_EQ(get(a.call<&keeper::first>(), deadline), 7.f);
}

TEST_F(ActorDeviceLoss, WorkThatWasOnlyEnqueuedIsMadeAgainToo) {
  const auto go = make_event();
  keeper::begun = 0;
  keeper::device = nullptr;
  auto a = spawn<keeper>({.name = "rock", .max_restarts = 1}, 5.f);
  auto plain = a.call<&keeper::work_behind>(go);
  auto tough = a.call<&keeper::work_behind>({.max_task_retries = 1}, go);
  ASSERT_TRUE(eventually([] { return keeper::begun == 2; }));
  glint::gpu::faults_of(*keeper::device)->lose_device();
  (*go)->set();
  const auto failure = failure_of(plain);
  EXPECT_EQ(failure.root_cause().code(), errc::device_lost) << failure.describe();
  EXPECT_EQ(get(tough, deadline), 3) << "its second attempt, though the first one's body had returned";
  EXPECT_EQ(get(a.call<&keeper::first>(), deadline), 6.f);
}

TEST_F(ActorDeviceLoss, WithoutRestartsLeftItsCallsFailWithTheLossAsCause) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.name = "rock"}, 5.f);
  const auto lost = failure_of(a.call<&keeper::lose>(1));
  EXPECT_EQ(lost.root_cause().code(), errc::device_lost) << lost.describe();
  auto later = a.call<&keeper::first>();
  expect_failure(later, errc::actor_stopped, "first on actor rock", "actor rock lost its device, and may not restart",
                 errc::device_lost);
  expect_failure(submit<[](float x) { return x; }>({.name = "after"}, later), errc::dependency_failed, "task after", "",
                 errc::actor_stopped);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorDeviceLoss, WhenNoDeviceIsLeftItEnds) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.name = "rock", .max_restarts = -1, .max_task_retries = -1}, 5.f);
  expect_failure(a.call<&keeper::lose>(2), errc::actor_stopped, "lose on actor rock", "could not be built anew",
                 errc::device_lost);
  expect_failure(a.call<&keeper::first>(), errc::actor_stopped, "first on actor rock", "could not be built anew",
                 errc::device_lost);
  EXPECT_EQ(keeper::losses.load(), 2) << "once on each device";
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorDeviceLoss, AReservedShareMovesWithTheActor) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.name = "rock", .gpus = 1, .max_restarts = 1}, 5.f);
  const int there = get(a.call<&keeper::place>(), deadline);
  EXPECT_EQ(failure_of(a.call<&keeper::lose>(1)).root_cause().code(), errc::device_lost);
  const int here = get(a.call<&keeper::place>({.max_task_retries = -1}), deadline);
  EXPECT_NE(here, there);
  kill(a);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  // Both shares are free again: two reservations of a whole device are granted, wherever they are.
  auto first = submit<[](gpu_context&) { return 1; }>({.gpus = 1});
  auto second = submit<[](gpu_context&) { return 1; }>({.gpus = 1});
  EXPECT_TRUE(glint::wait({first, second}, {.timeout = deadline}).pending.empty());
}

struct on_host {
  int pass_on(const object_ref<int>& ref) { return get(ref); }
  int value() const { return 1; }
};

TEST_F(ActorDeviceLoss, AnActorThatUsesNoDeviceIsNotConcerned) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.name = "rock"}, 5.f);
  auto b = spawn<on_host>({.name = "host"});
  auto c = spawn<on_host>({.name = "host too"});
  auto lost = a.call<&keeper::lose>(1);
  (void)glint::wait({lost}, {.timeout = deadline});
  for (const auto& host : {b, c}) {  // one of them was bound to the lost device
    const auto failure = failure_of(host.call<&on_host::pass_on>(lost));
    EXPECT_EQ(failure.root_cause().code(), errc::device_lost) << failure.describe();
    EXPECT_EQ(get(host.call<&on_host::value>(), deadline), 1);
  }
}

TEST_F(ActorDeviceLoss, AnArgumentOnALostDeviceIsNotTheActorsLoss) {
  keeper::losses = 0;
  auto a = spawn<keeper>({.name = "rock"}, 5.f);
  auto b = spawn<keeper>({.name = "other"}, 7.f);
  ASSERT_NE(get(a.call<&keeper::place>(), deadline), get(b.call<&keeper::place>(), deadline));
  auto x = a.call<&keeper::add_tensor>(tensor<float>::from({1.f, 2.f, 3.f, 4.f}));
  (void)get(x, deadline);
  EXPECT_EQ(failure_of(a.call<&keeper::lose>(1)).root_cause().code(), errc::device_lost);
  const auto failure = error_of(b.call<&keeper::read>(x));  // brought to the host from there
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::device_lost) << failure->describe();
  EXPECT_EQ(get(b.call<&keeper::first>(), deadline), 7.f) << "b goes on where it is";
}

}  // namespace
}  // namespace glint_test
