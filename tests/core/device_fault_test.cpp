// SPDX-License-Identifier: Apache-2.0
// A program of every kind of work on devices, in which one step after another fails, in every way a step can.
#include <glint/gpu/backends.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/gpu_context.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "fixture.hpp"
#include "launch_kernels.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::error;
using glint::get;
using glint::gpu_context;
using glint::in;
using glint::inout;
using glint::launch;
using glint::object_ref;
using glint::submit;
using glint::tensor;

constexpr std::int64_t count = 64;

tensor<float> doubled_to(gpu_context& gpu, const tensor<float>& x, std::int64_t n) {
  auto y = gpu.empty<float>({n});
  gpu.reads(x);
  gpu.writes(y);
  gpu.run_on_host_device([from = x.data(), to = y.data(), n, size = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) to[i] = 2 * from[i % size];
  });
  return y;
}
tensor<float> doubled(gpu_context& gpu, const tensor<float>& x) {
  return doubled_to(gpu, x, x.size());
}
/// Twice as long, and made on another device than the body's own.
tensor<float> doubled_elsewhere(gpu_context& gpu, const tensor<float>& x) {
  gpu_context& other = gpu.on(1);
  return doubled_to(other, other.to_device(x), 2 * x.size());
}
tensor<float> added(gpu_context& gpu, const tensor<float>& x, const tensor<float>& y) {
  auto z = gpu.empty_like(x);
  gpu.reads(x);
  gpu.reads(y);
  gpu.writes(z);
  gpu.run_on_host_device([a = x.data(), b = y.data(), to = z.data(), n = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) to[i] = a[i] + b[i];
  });
  return z;
}
float mean(const tensor<float>& x) {
  float sum = 0;
  for (const float v : x.values()) sum += v;
  return sum / static_cast<float>(x.size());
}

/// Keeps a tensor on its device.
class keeper {
 public:
  explicit keeper(gpu_context& gpu) : state_(gpu.zeros<float>({count})) {}
  int add(gpu_context& gpu, float d) {
    gpu.writes(state_);
    gpu.run_on_host_device([to = state_.data(), d] { std::for_each_n(to, count, [d](float& v) { v += d; }); });
    return gpu.device().index();
  }
  float value() const { return mean(state_.to_host()); }

 private:
  tensor<float> state_;
};

/// The value of an object, or its error.
struct ending {
  std::optional<float> value = std::nullopt;
  std::optional<error> failure = std::nullopt;
};
template <class T>
ending end_of(const object_ref<T>& ref) {
  if (glint::wait({ref}, {.timeout = deadline}).ready.empty()) {
    ADD_FAILURE() << "neither ready nor failed in time";
    return {.failure = error(errc::timeout, "hangs")};
  }
  try {
    return {.value = static_cast<float>(get(ref))};
  } catch (const glint::exception& e) {
    return {.failure = e.error()};
  }
}

/// What a program came to: by name, each with what it should be.
struct result_of {
  float wanted;
  ending got;
};
using results = std::map<std::string, result_of>;

/// Copies to a device, along a chain (of which only one task may be made again), between devices by a body and by the
/// runtime, and back; a kernel that writes in place; an actor; and work that has to do with no device.
results run_program() {
  auto x = glint::put(tensor<float>::from(std::vector<float>(count, 1.f), {count}));
  auto a = submit<doubled>({.name = "a", .max_retries = 0}, x);
  auto b = submit<doubled>({.name = "b"}, a);
  auto c = submit<doubled_elsewhere>({.name = "c", .gpus = 2, .max_retries = 0}, a);
  auto d = submit<added>({.name = "d", .max_retries = 0}, a, c);
  auto f = launch<launch_kernels::saxpy>({.block = 64}, static_cast<int>(count), 3.f, in(a), inout(std::move(b)));
  auto k = glint::spawn<keeper>({.name = "keeper", .max_restarts = 1});
  auto first = k.call<&keeper::add>(1.f);
  auto second = k.call<&keeper::add>(2.f);
  auto kept = k.call<&keeper::value>();
  auto host = submit<add>(3, 4);
  results all;
  all["copied back"] = {6, end_of(submit<mean>({.name = "copied back"}, d))};
  all["in place"] = {10, end_of(submit<mean>({.name = "in place"}, f))};
  all["elsewhere"] = {4, end_of(submit<mean>({.name = "elsewhere"}, c))};
  all["host"] = {7, end_of(host)};
  // The state is whole only if all that made it went well.
  ending state = end_of(kept);
  (void)glint::wait({first, second}, {.timeout = deadline});
  for (const auto& call : {first, second}) {
    auto settled = glint::try_get(call);
    if (settled && !settled->has_value()) state = {.failure = settled->error()};
  }
  all["kept"] = {3, state};
  return all;
}

/// One device is enough for these.
void expect_work_goes_on() {
  for (int i = 0; i < 4; ++i) {  // on each device that is left
    auto x = glint::put(tensor<float>::from(std::vector<float>(count, 1.f), {count}));
    auto y = submit<mean>(submit<doubled>(submit<doubled>(x)));
    const ending e = end_of(y);
    EXPECT_EQ(e.value, 4.f) << (e.failure ? e.failure->describe() : "");
  }
  auto k = glint::spawn<keeper>({.name = "fresh"});
  (void)k.call<&keeper::add>(2.f);
  const ending e = end_of(k.call<&keeper::value>());
  EXPECT_EQ(e.value, 2.f) << (e.failure ? e.failure->describe() : "");
}

struct plan {
  bool peers;
  errc code;
};
std::string name_of(const ::testing::TestParamInfo<plan>& given) {
  return std::string(given.param.peers ? "peers_" : "strangers_") + std::string(glint::to_string(given.param.code));
}

class DeviceFault : public ::testing::TestWithParam<plan> {
 protected:
  using device_list = std::vector<glint::intrusive_ptr<glint::gpu::device_context>>;

  /// The node's devices, in their order.
  static device_list devices() {
    static device_list found;
    found.clear();
    get(submit<[](gpu_context& gpu) {
          for (int i = 0; i < 2; ++i) found.emplace_back(&gpu.on(i).context());
          return 0;
        }>({.gpus = 2}),
        deadline);
    std::ranges::sort(found, {}, [](const auto& d) { return d->index(); });
    return std::exchange(found, {});
  }

  /// Lets the `nth` step of the program fail on a device; false when the program has no so many steps there.
  static bool fail_at(std::size_t index, std::uint32_t nth) {
    auto settings = small_node(2, 2);
    settings.emulated_peer_group = GetParam().peers ? 0 : 1;
    settings.log_level = glint::log_level::off;
    const objects_made objects;
    glint::init(settings);
    const device_list all = devices();
    auto& faults = *glint::gpu::faults_of(all[index]->device());
    faults.fail_step(nth, GetParam().code);
    const results seen = run_program();
    const bool met = !faults.step_is_ahead();
    faults.fail_step(0, GetParam().code);
    judge(seen, met, all[index]->device().info().name);
    expect_work_goes_on();
    objects.end_runtime();
    for (const auto& d : all) expect_no_leak(*d, met);
    return met;
  }

  /// A task that asks for both devices may also hear that one of them was lost before.
  static void expect_the_order(const std::string& name, const error& cause, const std::string& device) {
    const bool too_late = GetParam().code == errc::device_lost && cause.code() == errc::infeasible;
    EXPECT_TRUE(cause.code() == GetParam().code || too_late) << name << ": " << cause.describe();
    EXPECT_THAT(cause.describe(), ::testing::AnyOf(::testing::HasSubstr("failure on order"),
                                                   ::testing::HasSubstr("device " + device + " is lost"),
                                                   ::testing::HasSubstr("and lost device")))
        << name;
  }

  static void judge(const results& seen, bool met, const std::string& device) {
    for (const auto& [name, r] : seen) {
      if (r.got.value) {
        EXPECT_EQ(*r.got.value, r.wanted) << name;
        continue;
      }
      ASSERT_TRUE(r.got.failure) << name;
      failed_.insert(name);
      EXPECT_TRUE(met) << name << ": " << r.got.failure->describe();
      expect_the_order(name, r.got.failure->root_cause(), device);
    }
    EXPECT_TRUE(seen.at("host").got.value) << "what uses no device is not concerned";
  }

  static inline std::set<std::string> failed_;  // in this sweep

  static void expect_no_leak(glint::gpu::device_context& d, bool met) {
    // Nobody can say what a lost device still reads or writes, on itself or on another: it is kept to the end.
    if (met && GetParam().code == errc::device_lost) return;
    EXPECT_EQ(d.memory().read_usage().in_use_bytes, 0u) << "device " << d.index();
  }
};

TEST_P(DeviceFault, AtAnyStepFailsWhatItConcernsAndNothingElse) {
  failed_.clear();
  for (const std::size_t index : {0u, 1u}) {
    std::uint32_t nth = 1;
    while (fail_at(index, nth)) {
      if (HasFailure()) {
        ADD_FAILURE() << "step " << nth << " of device " << index;
        return;
      }
      ASSERT_LT(++nth, 500u);
    }
    ASSERT_FALSE(HasFailure()) << "step " << nth << " of device " << index << ", not met";
    EXPECT_GE(nth, 4u) << "device " << index;
  }
  // A sweep in which nothing fails would prove nothing. (What else refuses may be tried again, or not matter.)
  if (GetParam().code == errc::kernel_failed) {
    EXPECT_THAT(failed_, ::testing::UnorderedElementsAre("copied back", "elsewhere", "in place", "kept"));
  } else {
    EXPECT_FALSE(failed_.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DeviceFault,
                         ::testing::Values(plan{true, errc::kernel_failed}, plan{true, errc::out_of_memory},
                                           plan{true, errc::device_error}, plan{true, errc::device_lost},
                                           plan{false, errc::kernel_failed}, plan{false, errc::out_of_memory},
                                           plan{false, errc::device_error}, plan{false, errc::device_lost}),
                         name_of);

}  // namespace
}  // namespace glint_test
