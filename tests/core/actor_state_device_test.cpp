// SPDX-License-Identifier: Apache-2.0
// Actors with save and load whose state lies on a device.
#include <glint/gpu/backends.hpp>
#include "actor_fixture.hpp"
#include "warnings.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::kill;
using glint::spawn;
using glint::submit;
using glint::tensor;

constexpr std::int64_t floats_a_mib = (1 << 20) / sizeof(float);
constexpr glint::call_options patient{.max_task_retries = -1};

/// Emulated devices of 16 MiB.
class ActorStateOnDevice : public actor_case {
 protected:
  explicit ActorStateOnDevice(std::uint32_t devices = 2) : actor_case(small_node(2, devices)) {}
};
class ActorStateOnOneDevice : public ActorStateOnDevice {
 protected:
  ActorStateOnOneDevice() : ActorStateOnDevice(1) {}
};

void add_to(gpu_context& gpu, tensor<float>& t, float d) {
  gpu.writes(t);
  gpu.run_on_host_device([to = t.data(), n = t.size(), d] {
    for (std::int64_t i = 0; i < n; ++i) to[i] += d;
  });
}

struct weights_state {
  tensor<float> weights;
  int steps = 0;
};

/// Keeps a tensor on its device, and gives the very same to who saves it.
class weights {
 public:
  weights(gpu_context& gpu, std::int64_t size) : weights_(gpu.zeros<float>({size})) {}
  int add(gpu_context& gpu, float d) {
    device = &gpu.device();
    add_to(gpu, weights_, d);
    ++steps_;
    return gpu.device().index();
  }
  int add_and_save(gpu_context& gpu, float d) {
    glint::save_actor();
    return add(gpu, d);
  }
  /// Enqueues work that waits for the event.
  int add_behind(gpu_context& gpu, const shared_event& go, float d) {
    gpu.writes(weights_);
    gpu.run_on_host_device([go] { (*go)->wait(); });
    return add(gpu, d);
  }
  std::vector<float> ends() const {
    const auto all = weights_.to_host();
    return {all.values().front(), all.values().back()};
  }
  int steps() const { return steps_; }

  weights_state save() const { return {.weights = weights_, .steps = steps_}; }
  void load(gpu_context& gpu, weights_state from) {
    gpu.writes(from.weights);  // it is on this device
    weights_ = std::move(from.weights);
    steps_ = from.steps;
  }

  static inline std::atomic<glint::gpu::device*> device{nullptr};

 private:
  tensor<float> weights_;
  int steps_ = 0;
  counted_object counted_;
};

std::vector<float> both(float value) {
  return {value, value};
}
bool saved(std::uint64_t count) {
  return eventually([count] { return glint::statistics().states_saved == count; });
}
void lose_the_device() {
  glint::gpu::faults_of(*weights::device)->lose_device();
}

TEST_F(ActorStateOnDevice, OutlivesTheDevice) {
  auto a = spawn<weights>({.name = "model", .max_restarts = 1}, 1000);
  const int there = get(a.call<&weights::add>(2.f), deadline);
  ASSERT_TRUE(saved(1));
  lose_the_device();
  EXPECT_NE(get(a.call<&weights::add>(patient, 1.f), deadline), there) << "made again on the other";
  EXPECT_EQ(get(a.call<&weights::ends>(), deadline), both(3));
  EXPECT_EQ(get(a.call<&weights::steps>(), deadline), 2);
}

TEST_F(ActorStateOnDevice, IsRestoredOnTheSameDeviceToo) {
  auto a = spawn<weights>({.max_restarts = -1}, 1000);
  for (int life = 1; life <= 3; ++life) {
    (void)get(a.call<&weights::add>(1.f), deadline);
    kill(a, {.restart = true});
    EXPECT_EQ(get(a.call<&weights::ends>(patient), deadline), both(static_cast<float>(life)));
  }
}

/// `save` gives the member away; the copy is enqueued behind what wrote it, and before what the next call enqueues.
TEST_F(ActorStateOnDevice, DoesNotChangeWithTheMember) {
  const auto go = make_event();
  auto a = spawn<weights>({.max_restarts = -1, .save_every = 0}, 1000);
  auto held = a.call<&weights::add_behind>(go, 1.f);
  auto saving = a.call<&weights::add_and_save>(1.f);
  auto last = a.call<&weights::add>(5.f);
  (*go)->set();
  (void)get(last, deadline);
  EXPECT_EQ(get(a.call<&weights::ends>(), deadline), both(7));
  ASSERT_TRUE(saved(1));
  for (int i = 0; i < 2; ++i) {
    kill(a, {.restart = true});
    EXPECT_EQ(get(a.call<&weights::ends>(patient), deadline), both(2)) << "after restart " << i;
    (void)get(a.call<&weights::add>(4.f), deadline);
  }
  EXPECT_EQ(get(a.call<&weights::steps>(), deadline), 3);
}

/// What had not come to the host when the device was lost is not believed, not even what of it is on the host anyway.
TEST_F(ActorStateOnDevice, OfWorkThatWasLostIsNotBelieved) {
  const auto go = make_event();
  warnings logged;
  auto a = spawn<weights>({.name = "model", .max_restarts = 1}, 1000);
  (void)get(a.call<&weights::add>(2.f), deadline);
  ASSERT_TRUE(saved(1));
  auto lost = a.call<&weights::add_behind>(go, 1.f);
  EXPECT_EQ(get(a.call<&weights::steps>(), deadline), 2)
      << "both bodies have returned, and the save between is under way";
  lose_the_device();
  (*go)->set();
  EXPECT_EQ(error_of(lost).value_or(glint::error(errc::timeout, "none")).root_cause().code(), errc::device_lost);
  (void)get(a.call<&weights::add>(patient, 5.f), deadline);
  EXPECT_EQ(get(a.call<&weights::steps>(), deadline), 2) << "one was restored";
  EXPECT_EQ(get(a.call<&weights::ends>(), deadline), both(7));
  EXPECT_TRUE(logged.has("actor model was not saved"));
}

/// The same with a state that is on the host from the start.
class counter_on_device {
 public:
  explicit counter_on_device(gpu_context& gpu) : state_(gpu.zeros<float>({4})) {}
  int add(gpu_context& gpu, const shared_event& go) {
    weights::device = &gpu.device();
    gpu.writes(state_);
    gpu.run_on_host_device([go] { (*go)->wait(); });
    return ++steps_;
  }
  int steps() const { return steps_; }
  int save() const { return steps_; }
  void load(int steps) { steps_ = steps; }

 private:
  tensor<float> state_;
  int steps_ = 0;
  counted_object counted_;
};

TEST_F(ActorStateOnDevice, OnTheHostWaitsForTheWorkBeforeIt) {
  const auto first = make_event();
  const auto second = make_event();
  auto a = spawn<counter_on_device>({.max_restarts = 1, .max_task_retries = 1});
  auto kept = a.call<&counter_on_device::add>(first);
  (*first)->set();
  EXPECT_EQ(get(kept, deadline), 1);
  ASSERT_TRUE(saved(1));
  auto again = a.call<&counter_on_device::add>(second);
  ASSERT_TRUE(eventually([&] { return get(a.call<&counter_on_device::steps>(), deadline) == 2; }));
  lose_the_device();
  (*second)->set();
  EXPECT_EQ(get(again, deadline), 2) << "made again behind the first alone";
}

/// The device is full of another actor's members when the state comes.
class hoarder {
 public:
  explicit hoarder(gpu_context& gpu) : hoard_(gpu.zeros<float>({9 * floats_a_mib})) {}
  int touch() const { return 1; }

 private:
  tensor<float> hoard_;
  counted_object counted_;
};

TEST_F(ActorStateOnOneDevice, ThatDoesNotFitEndsTheActor) {
  auto a = spawn<weights>({.name = "model", .max_restarts = 1}, 5 * floats_a_mib);
  (void)get(a.call<&weights::add>(2.f), deadline);
  ASSERT_TRUE(saved(1));
  auto b = spawn<hoarder>();
  EXPECT_EQ(get(b.call<&hoarder::touch>(), deadline), 1);
  kill(a, {.restart = true});
  const auto failure = error_of(a.call<&weights::ends>(patient));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::actor_failed) << failure->describe();
  EXPECT_EQ(failure->root_cause().code(), errc::out_of_memory) << failure->describe();
  EXPECT_THAT(failure->message(), testing::HasSubstr("load of actor model failed"));
  EXPECT_EQ(get(b.call<&hoarder::touch>(), deadline), 1) << "the other one goes on";
}

/// Its load meets a lost device once: another life begins.
class loses_in_load {
 public:
  explicit loses_in_load(gpu_context& gpu) : kept_(gpu.zeros<float>({4})) {}
  int add(gpu_context& gpu) {
    add_to(gpu, kept_, 1);
    return gpu.device().index();
  }
  float first() const { return kept_.to_host().values()[0]; }
  tensor<float> save(gpu_context&) { return kept_; }
  void load(gpu_context& gpu, tensor<float> from) {
    if (losses++ == 0) glint::gpu::faults_of(gpu.device())->lose_device();
    add_to(gpu, from, 10);
    kept_ = std::move(from);
  }
  static inline std::atomic<int> losses{0};

 private:
  tensor<float> kept_;
  counted_object counted_;
};

TEST_F(ActorStateOnDevice, IsLoadedElsewhereWhenTheDeviceIsLostMeanwhile) {
  loses_in_load::losses = 0;
  auto a = spawn<loses_in_load>({.max_restarts = 2});
  const int there = get(a.call<&loses_in_load::add>(), deadline);
  ASSERT_TRUE(saved(1));
  kill(a, {.restart = true});
  EXPECT_NE(get(a.call<&loses_in_load::add>(patient), deadline), there);
  EXPECT_EQ(get(a.call<&loses_in_load::first>(), deadline), 12.f) << "saved 1, loaded with 10 more, and 1";
  EXPECT_EQ(loses_in_load::losses.load(), 2);
}

}  // namespace
}  // namespace glint_test
