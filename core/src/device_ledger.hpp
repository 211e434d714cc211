// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// Who has reserved which share of which device. Only tasks and actors that ask for `gpus` come here; others share
/// devices without counting. Requests are granted in order. Thread-safe.
class device_ledger {
 public:
  explicit device_ledger(const std::vector<intrusive_ptr<gpu::device_context>>& devices);

  /// Grants now or later, by `task.device_granted`: a share of `task.device` if that is set, else of any device,
  /// preferably of `wanted`, which may be null.
  void request(task_base& task, std::int32_t units, gpu::device_context* wanted);
  void release(const gpu::device_context& device, std::int32_t units);
  /// Fails those who still wait, and whoever asks later.
  void stop(const error& why);

 private:
  struct waiting {
    task_base* task;
    std::int32_t units;
  };
  [[nodiscard]] intrusive_ptr<gpu::device_context> take(const waiting& request, gpu::device_context* wanted)
      GLINT_REQUIRES(mutex_);

  mutex mutex_;
  const std::vector<intrusive_ptr<gpu::device_context>>& devices_;
  std::vector<std::int32_t> free_ GLINT_GUARDED_BY(mutex_);  // by device index
  std::deque<waiting> queue_ GLINT_GUARDED_BY(mutex_);
  std::optional<error> stopped_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
