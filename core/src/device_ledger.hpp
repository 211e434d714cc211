// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// Who has reserved which share of which device. Only tasks and actors that ask for `gpus` come here; others share
/// devices without counting. Requests are granted in order; one that is bound to a device lets others pass to other
/// devices, but not to its own. Thread-safe.
class device_ledger {
 public:
  explicit device_ledger(const std::vector<intrusive_ptr<gpu::device_context>>& devices);

  /// Grants now or later, by `task.device_granted`: a share of `task.device` if that is set, else of any device,
  /// preferably of `wanted`, which may be null.
  void request(task_base& task, std::int32_t units, gpu::device_context* wanted);
  /// Reserves at once, where most is free; null if nothing has room, or others wait.
  [[nodiscard]] intrusive_ptr<gpu::device_context> try_reserve(std::int32_t units);
  void release(const gpu::device_context& device, std::int32_t units);
  /// Fails those who still wait, and whoever asks later.
  void stop(const error& why);

 private:
  struct waiting {
    task_base* task;
    std::int32_t units;
    gpu::device_context* wanted;
  };
  struct grant {
    task_base* task;
    intrusive_ptr<gpu::device_context> device;
  };
  using device_set = std::vector<bool>;
  [[nodiscard]] intrusive_ptr<gpu::device_context> most_free(const device_set& closed) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] intrusive_ptr<gpu::device_context> take(const waiting& request, const device_set& closed)
      GLINT_REQUIRES(mutex_);
  [[nodiscard]] std::vector<grant> take_all() GLINT_REQUIRES(mutex_);
  static void tell(std::vector<grant> granted);

  mutex mutex_;
  const std::vector<intrusive_ptr<gpu::device_context>>& devices_;
  std::vector<std::int32_t> free_ GLINT_GUARDED_BY(mutex_);  // by device index
  std::deque<waiting> queue_ GLINT_GUARDED_BY(mutex_);
  std::optional<error> stopped_ GLINT_GUARDED_BY(mutex_);
};

/// A share that is given back when its owner goes.
class device_share {
 public:
  device_share(device_ledger& ledger, intrusive_ptr<gpu::device_context> device, std::int32_t units) noexcept
      : ledger_(&ledger), device_(std::move(device)), units_(units) {}
  device_share(device_share&& other) noexcept
      : ledger_(std::exchange(other.ledger_, nullptr)), device_(std::move(other.device_)), units_(other.units_) {}
  device_share& operator=(device_share&&) = delete;
  ~device_share() {
    if (ledger_) ledger_->release(*device_, units_);
  }

 private:
  device_ledger* ledger_;
  intrusive_ptr<gpu::device_context> device_;
  std::int32_t units_;
};

}  // namespace glint::detail
