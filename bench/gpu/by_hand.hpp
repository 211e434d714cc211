// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <glint/gpu/kernel_config.hpp>
#include <glint/gpu/platform.hpp>

namespace glint_bench {

/// The first device of this machine, a GPU if there is one, by the calls of its backend alone: what a program would do
/// that knows what to enqueue, and needs no tasks, objects or clocks. Each call is a virtual one in front of CUDA's or
/// the emulated device's.
class bare_device {
 public:
  bare_device();
  /// Waits for its work, and gives back the memory.
  ~bare_device();
  bare_device(const bare_device&) = delete;
  bare_device& operator=(const bare_device&) = delete;

  [[nodiscard]] std::string name() const;
  /// Memory until the end.
  [[nodiscard]] float* memory(std::size_t bytes);
  void copy(void* to, const void* from, std::size_t bytes);
  /// y = x + 1, of `n` numbers, and the same in place.
  void add_one(int n, const float* x, float* y);
  void add_one_to(int n, float* x);
  /// Blocks, looking all the time, until all of it has run.
  void finish();

 private:
  class slabs;
  glint::intrusive_ptr<glint::gpu::platform> platform_;
  std::unique_ptr<slabs> slabs_;
  std::unique_ptr<glint::gpu::native_stream> stream_;
  std::unique_ptr<glint::gpu::native_event> event_;
};

/// Blocks of 64 threads, one for each number.
[[nodiscard]] glint::launch_config one_thread_each(int n);

}  // namespace glint_bench
