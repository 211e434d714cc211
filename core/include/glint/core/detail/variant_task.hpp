// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <glint/base/clock.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

class variant_history;
struct variant_candidate;
enum class transfer_way : std::uint8_t;

/// What is known of a set of variants. The traits themselves are those of a task that has not chosen: on a device if
/// one of them is, so that it waits for no more than it needs to choose.
struct variant_traits : task_traits {
  std::span<const task_traits> variants;
  const char* (*key)();  ///< Names the set between runs.
};

/// A task that runs one of several functions. It chooses when its arguments are issued, so that their sizes and places
/// are known, once an attempt: from then on it is a task of the function that it chose.
///
/// Budget besides a task's: a look at each argument, the set's lock twice, two looks at the clock; on a device an event
/// at the body's beginning, unless its stream is idle.
class variant_task : public task_base {
 public:
  /// Bytes of the arguments that are values; those of refs are looked at. Before its start.
  void note_given(std::size_t bytes) noexcept { given_bytes_ = bytes; }
  /// Its options ask for a share of a device. Before its start.
  void only_on_device() noexcept { only_on_device_ = true; }
  /// Which one it is. Body-thread only.
  [[nodiscard]] std::size_t chosen() const noexcept { return chosen_; }
  /// With the variant, where the user gave a name.
  [[nodiscard]] std::string subject() const final;

 protected:
  variant_task(const variant_traits& set, runtime& owner) noexcept;

  [[nodiscard]] bool choose() noexcept final;
  void runnable() noexcept final;

 private:
  friend class variant_timing;
  /// Where the arguments lie, as seen from one place: bytes to bring there, by way.
  using distances = std::array<std::uint64_t, 3>;

  [[nodiscard]] variant_history& history() const;
  [[nodiscard]] std::uint64_t argument_bytes() const;
  [[nodiscard]] distances distances_to(memory_place place) const;
  [[nodiscard]] double transfer_s(const distances& from) const;
  /// The device that is nearest to the arguments. `fixed`: it has to be that one; false if any would do.
  struct target {
    distances from{};
    gpu::device_context* device = nullptr;  ///< Null: none that lives.
    bool fixed = false;
  };
  [[nodiscard]] target nearest_device() const;
  void pick();
  void learn_transfer() noexcept;

  const variant_traits& set_;
  std::size_t chosen_ = 0;
  std::uint32_t choices_ = 0;  // as many as attempts, once this one has chosen
  bool only_on_device_ = false;
  bool learns_transfer_ = false;  // how long its arguments take to come
  transfer_way moved_way_{};
  std::size_t given_bytes_ = 0;
  std::uint64_t bytes_ = 0;  // of all arguments
  std::uint64_t moved_bytes_ = 0;
  clock::time_point placed_at_{};
};

/// Takes the time of a variant's body while it lives; on a device, of what the body enqueues. What throws has none.
class variant_timing {
 public:
  /// `gpu`: null on the CPU. Throws std::bad_alloc.
  variant_timing(variant_task& task, gpu_context* gpu);
  variant_timing(const variant_timing&) = delete;
  variant_timing& operator=(const variant_timing&) = delete;
  ~variant_timing();

 private:
  class span_on_device;

  variant_task& task_;
  gpu_context* const gpu_;
  const int exceptions_;
  span_on_device* span_ = nullptr;
  clock::time_point begin_{};
};

}  // namespace glint::detail
