// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/graph.hpp>
#include <glint/gpu/graph_recorder.hpp>

namespace glint::gpu {

/// Work that a body gives to its device again and again, with the same arguments: a step of a training, of a solver.
/// What it enqueues is recorded when the same arguments come for the second time, and from then on enqueued as one
/// operation: on CUDA, a CUDA graph. Mostly a member of an actor, whose tensors stay where they are:
///
///     void step(glint::gpu_context& gpu) { step_.run(gpu, one_step, weights_, gradient_, rate_); }
///
/// Arguments are tensors, which are the same if they have the same memory and shape, and trivially copyable values,
/// which are if they have the same bytes. The function must enqueue the same for the same arguments, on the context
/// that it is given, and tells the outside nothing but by tensors among the arguments: when it is replayed, it is not
/// called.
///
/// When the arguments change, the work is enqueued as ever, `why_not` says why, and the recording is made anew if the
/// new ones come again; so it is when something in it cannot be recorded (a copy that takes other devices' streams).
/// While a recording lives, memory that it uses is kept: see graph. Owner-thread only.
class repeated_work {
 public:
  /// Enqueues `work(gpu, arguments...)`. Throws what it throws, and the device's errors.
  template <class Work, class... Args>
  void run(gpu_context& gpu, Work&& work, Args&... arguments) {
    key k;
    (add_to(k, arguments), ...);
    run_keyed(gpu, std::move(k), [&](gpu_context& to) { work(to, arguments...); });
  }

  /// Why the last run was not replayed; empty if it was.
  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }

  /// Runs so far, by how they came about.
  struct counts {
    std::uint64_t enqueued = 0;  ///< One operation after the other.
    std::uint64_t recorded = 0;  ///< Recorded, and launched for the first time.
    std::uint64_t replayed = 0;
  };
  [[nodiscard]] const counts& runs() const noexcept { return runs_; }

 private:
  using key = std::vector<std::byte>;

  template <class T>
  static void add_bytes(key& k, const T& value) {
    const std::size_t at = k.size();
    k.resize(at + sizeof value);
    std::memcpy(k.data() + at, &value, sizeof value);
  }
  template <class T>
  static void add_to(key& k, const T& argument) {
    if constexpr (std::is_base_of_v<tensor_base, T>) {
      add_tensor(k, argument);
    } else {
      static_assert(std::is_trivially_copyable_v<T>, "glint: repeated_work: arguments are tensors and plain values");
      add_bytes(k, argument);
    }
  }
  static void add_tensor(key& k, const tensor_base& t);

  void run_keyed(gpu_context& gpu, key k, const std::function<void(gpu_context&)>& work);
  [[nodiscard]] bool record(gpu_context& gpu, const std::function<void(gpu_context&)>& work);
  void enqueue(gpu_context& gpu, std::string why, const std::function<void(gpu_context&)>& work);

  std::unique_ptr<graph_recorder> recorder_;
  device_context* device_ = nullptr;  // the recorder's
  intrusive_ptr<graph> graph_;
  key recorded_;          // of graph_
  key last_;              // of the last run
  bool refused_ = false;  // what came with last_ cannot be recorded
  std::string why_not_;
  counts runs_;
};

}  // namespace glint::gpu
