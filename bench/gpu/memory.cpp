// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <utility>

#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/platform.hpp>

#include "gpu/by_hand.hpp"
#include "gpu/kernels.hpp"
#include "gpu/node.hpp"
#include "gpu/suite.hpp"

namespace glint_bench {
namespace {

/// A block of a slab that is there, taken and given back.
double allocation(int count, std::size_t bytes) {
  const auto platform = glint::gpu::platform::create({}).value();
  auto& memory = platform->devices().front()->memory();
  memory.free(memory.allocate(bytes).value());
  return ns_each(count, [&] {
    for (int i = 0; i < count; ++i) memory.free(memory.allocate(bytes).value());
  });
}

std::uint64_t peak_bytes(glint::gpu_context& gpu) {
  return gpu.context().memory().read_usage().peak_bytes;
}

/// Stages of a pipeline, each of which makes a new tensor of the one before, which then goes: by hand, two buffers.
double pipeline_peak(int workers, int stages, int numbers) {
  const gpu_node running(workers);
  auto x = glint::launch<kernels::add_one>(
      one_thread_each(numbers), numbers,
      glint::in(glint::tensor<float>::from(std::vector<float>(static_cast<std::size_t>(numbers), 0.f), {numbers})),
      glint::out({numbers}));
  for (int i = 0; i < stages; ++i) {
    x = glint::launch<kernels::add_one>(one_thread_each(numbers), numbers, glint::in(std::move(x)),
                                        glint::out({numbers}));
  }
  settle(x);
  return static_cast<double>(glint::get(glint::submit<peak_bytes>())) / (1 << 20);
}

}  // namespace

std::vector<row> memory_rows(const suite_options& o) {
  const int w = o.workers;
  const int many = o.count(100'000);
  const int stages = o.count(100);
  const int numbers = o.count(1 << 18);  // 1 MiB
  const double by_hand = 2. * numbers * sizeof(float) / (1 << 20);
  return {
      {"gpu.allocation_small", "ns", "outside", [=] { return allocation(many, 4096); }, {}},
      {"gpu.allocation_large", "ns", "outside", [=] { return allocation(many, 4 << 20); }, {}},
      {"gpu.pipeline_peak",
       "MiB",
       "outside",
       [=] { return pipeline_peak(w, stages, numbers); },
       {{"by hand", [=] { return by_hand; }}}},
  };
}

}  // namespace glint_bench
