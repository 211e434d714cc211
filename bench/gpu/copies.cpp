// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <memory>
#include <vector>

#include "gpu/by_hand.hpp"
#include "gpu/node.hpp"
#include "gpu/suite.hpp"

namespace glint_bench {
namespace {

using floats = glint::tensor<float>;

double gb_per_s(std::int64_t count, double ns) {
  return static_cast<double>(count) * sizeof(float) / ns;
}

floats on_host(std::int64_t count) {
  return floats::from(std::vector<float>(static_cast<std::size_t>(count), 1.f), {count});
}

/// Brings its argument to the device, and does nothing with it.
int arrive(glint::gpu_context&, const floats&) {
  return 0;
}
floats copy_of(glint::gpu_context& gpu, const floats& x) {
  auto y = gpu.empty_like(x);
  gpu.reads(x);
  gpu.writes(y);
  if (auto done = gpu.stream().copy(y.data(), x.data(), static_cast<std::size_t>(x.size()) * sizeof(float)); !done) {
    throw glint::exception(std::move(done).error());
  }
  return y;
}
floats hand_on(glint::gpu_context&, floats x) {
  return x;
}

/// The second of two: memory that a device or the runtime has once had is there.
template <class Prepare, class Timed>
double second_time(std::int64_t count, Prepare prepare, Timed timed) {
  for (int i = 0;; ++i) {
    auto given = prepare();
    const double ns = ns_each(1, [&] { timed(given); });
    if (i == 1) return gb_per_s(count, ns);
  }
}

double put(int workers, std::int64_t count) {
  const gpu_node running(workers);
  const floats source = on_host(count);
  return second_time(
      count, [&] { return glint::put(floats(source)); }, [](const auto& x) { settle(glint::submit<arrive>(x)); });
}

double copy(int workers, std::int64_t count) {
  const gpu_node running(workers);
  const auto x = glint::submit<copy_of>(glint::put(on_host(count)));
  settle(x);
  return second_time(
      count, [] { return 0; }, [&x](int) { settle(glint::submit<copy_of>(x)); });
}

/// Nothing is copied: what it would take to copy as much.
double move(int workers, std::int64_t count) {
  const gpu_node running(workers);
  const auto make = [count] {
    auto x = glint::submit<copy_of>(glint::put(on_host(count)));
    settle(x);
    return x;
  };
  return second_time(count, make, [](auto& x) { settle(glint::submit<hand_on>(std::move(x))); });
}

double read(int workers, std::int64_t count) {
  const gpu_node running(workers);
  const auto make = [count] {
    auto x = glint::submit<copy_of>(glint::put(on_host(count)));
    settle(x);
    return x;
  };
  return second_time(count, make, [](const auto& x) { keep(glint::get(x).to_host()); });
}

enum class way { there, on_device, back };

double copy_by_hand(std::int64_t count, way how) {
  bare_device device;
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
  std::vector<float> host(static_cast<std::size_t>(count), 1.f);
  float* const a = device.memory(bytes);
  float* const b = device.memory(bytes);
  const auto once = [&](int) {
    device.copy(how == way::back ? host.data() : b, how == way::there ? host.data() : a, bytes);
    device.finish();
  };
  return second_time(
      count, [] { return 0; }, once);
}

}  // namespace

std::vector<row> copy_rows(const suite_options& o) {
  const int w = o.workers;
  const std::int64_t count = o.count(16 << 20);
  const auto by_hand = [count](way how) {
    return std::vector<contender>{{"by hand", [=] { return copy_by_hand(count, how); }}};
  };
  return {
      {"gpu.put_64m", "GB/s", "outside", [=] { return put(w, count); }, by_hand(way::there)},
      {"gpu.copy_64m", "GB/s", "outside", [=] { return copy(w, count); }, by_hand(way::on_device)},
      {"gpu.move_64m", "GB/s", "outside", [=] { return move(w, count); }, by_hand(way::on_device)},
      {"gpu.read_64m", "GB/s", "outside", [=] { return read(w, count); }, by_hand(way::back)},
  };
}

}  // namespace glint_bench
