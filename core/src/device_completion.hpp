// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/core/detail/resource_share.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/store/entry.hpp>

namespace glint::detail {

/// What made objects on a device.
struct device_origin {
  std::string subject = {};                           ///< Names the task in errors.
  std::uint64_t begin = 0;                            ///< Operations on its stream before its own.
  std::vector<hold_ptr<store::entry>> inputs = {};    ///< Objects that it read.
  std::vector<gpu::stream_point> writes_before = {};  ///< What made the tensors it read, for those no object tells of.
  std::vector<gpu_context::side> sides = {};          ///< What it enqueued on its other devices.
  resource_share share = {};                          ///< Given back when all has run.
  hold_ptr<store::entry> outcome = {};                ///< Settled as the results are, but by nobody else; or null.
  runtime* owner = nullptr;                           ///< To be told of a device's loss, and when all has run; or null.
  int device = -1;                                    ///< Where it was enqueued, if the owner was told of that.
  /// Its work goes on where that of an input ends: it may share an event with that, as it fails with it anyway.
  bool continues = false;
  /// To be finished when the results are settled, or to settle them itself if it is tried again after a failure; or
  /// null.
  task_base* task = nullptr;
};

/// Takes the issued objects of one task to ready, or to failed: when their point of the stream has passed, and every
/// object that they were made from has become ready too. So a failure behind an issued object reaches all that was
/// enqueued after it before anyone on the CPU is shown any of it.
///
/// Owns itself from `start` on; deletes itself when it is done.
class device_completion final : public gpu::point_listener {
 public:
  /// Precondition: at least one result.
  static void start(std::vector<hold_ptr<store::entry>> results, gpu::stream_point at, device_origin from);

 private:
  /// Waits for one input.
  class input final : public store::waiter {
   public:
    input(device_completion& owner, hold_ptr<store::entry> object) noexcept
        : waiter(store::readiness::ready, haste::patient), owner_(owner), object_(std::move(object)) {}
    void watch() noexcept;
    void level_reached(store::entry& e) noexcept override;

   private:
    device_completion& owner_;
    hold_ptr<store::entry> object_;
  };

  device_completion(std::vector<hold_ptr<store::entry>> results, gpu::stream_point at, device_origin from) noexcept
      : results_(std::move(results)), at_(std::move(at)), from_(std::move(from)) {}
  void point_reached(const error* failure) noexcept override;
  void part_done() noexcept;
  void tell_results() noexcept;
  void record(error e) noexcept;
  /// Failures of its own work, also those that earlier events reported; and behind tensors that were put while
  /// enqueued.
  void look_for_failures() noexcept;
  void look_for_failure(std::uint64_t begin, const gpu::stream_point& end) noexcept;

  std::vector<hold_ptr<store::entry>> results_;
  gpu::stream_point at_;
  device_origin from_;
  std::vector<std::unique_ptr<input>> inputs_;
  std::atomic<std::size_t> parts_{1};
  spin_mutex failure_mutex_;
  std::optional<error> failure_ GLINT_GUARDED_BY(failure_mutex_);  // the first one known
};

}  // namespace glint::detail
