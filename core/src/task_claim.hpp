// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <glint/core/detail/task.hpp>
#include "resource_ledger.hpp"

namespace glint::detail {

/// What a task asked the ledger for, and what it got. Made by `task_base::require`, for tasks that ask for something.
class task_claim final : public resource_claim {
 public:
  task_claim(task_base& task, resource_demand demand) : resource_claim(std::move(demand)), task_(task) {}

  void granted(resource_share got) noexcept override {
    share = std::move(got);
    task_.resources_granted();
  }
  void refused(const error& why) noexcept override { task_.abandon(why); }
  [[nodiscard]] std::string subject() const override { return task_.subject(); }

  resource_share share;  ///< The task's, from when it is granted.
  /// The task waits for a CPU slot and does nothing with its share: `stop` may give it back. Guarded by the task's
  /// lock.
  bool parked = false;

 private:
  task_base& task_;
};

}  // namespace glint::detail
