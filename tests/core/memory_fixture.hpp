// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "fixture.hpp"

/// Tasks whose tensors are counted in MiB, on devices of 16.
namespace glint_test {

using glint::errc;
using glint::get;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;
using glint::tensor;
using floats = object_ref<tensor<float>>;

inline constexpr std::uint64_t mib = 1u << 20;
inline constexpr std::int64_t floats_a_mib = static_cast<std::int64_t>(mib / sizeof(float));

class memory_test : public runtime_test {
 protected:
  explicit memory_test(glint::config settings = small_node()) : runtime_test(settings) {}
};

/// Enqueues the fill of a new tensor of so many MiB with one value.
inline tensor<float> filled_on(gpu_context& gpu, int mibs, float value) {
  auto t = gpu.empty<float>({mibs * floats_a_mib});
  gpu.writes(t);
  gpu.run_on_host_device([to = t.data(), n = t.size(), value] {
    for (std::int64_t i = 0; i < n; ++i) to[i] = value;
  });
  return t;
}
inline tensor<float> filled(gpu_context& gpu, int mibs, float value) {
  return filled_on(gpu, mibs, value);
}

/// The sum of a tensor's first, middle and last elements, as a tensor of one.
inline tensor<float> three_of(gpu_context& gpu, const tensor<float>& x) {
  auto sum = gpu.empty<float>({1});
  gpu.reads(x);
  gpu.writes(sum);
  gpu.run_on_host_device(
      [from = x.data(), n = x.size(), to = sum.data()] { to[0] = from[0] + from[n / 2] + from[n - 1]; });
  return sum;
}
inline float first_value(const tensor<float>& x) {
  return x.values()[0];
}
/// On the host.
[[nodiscard]] inline float read_one(const floats& ref) {
  return get(submit<first_value>(ref), deadline);
}

/// A tensor of so many MiB in host memory.
[[nodiscard]] inline tensor<float> on_host(int mibs, float value) {
  const std::int64_t count = mibs * floats_a_mib;
  return tensor<float>::from(std::vector<float>(static_cast<std::size_t>(count), value), {count});
}

/// Where an object's only tensor lies.
[[nodiscard]] inline glint::memory_place place_of(const floats& ref) {
  return glint::metadata(ref).tensors.at(0).place;
}
inline constexpr glint::memory_place on_device{0};

/// Waits until all of these are ready: those may leave a device.
inline void settle(const std::vector<floats>& refs) {
  for (const auto& ref : refs) {
    ASSERT_TRUE(eventually([&] { return glint::metadata(ref).state == glint::object_state::ready; }));
  }
}

/// Takes so much for a while, and gives back nothing.
inline int take(gpu_context& gpu, int mibs) {
  const auto temporary = gpu.empty<float>({mibs * floats_a_mib});
  gpu.writes(temporary);
  gpu.run_on_host_device([] {});
  return mibs;
}
/// The same; its work begins, and so its memory is free, when the event is set.
inline int take_until(gpu_context& gpu, int mibs, const shared_event& go, const shared_event& begun) {
  const auto temporary = gpu.empty<float>({mibs * floats_a_mib});
  gpu.writes(temporary);
  (*begun)->set();
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return mibs;
}

}  // namespace glint_test
