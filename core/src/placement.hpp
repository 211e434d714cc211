// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/platform.hpp>

namespace glint::detail {

/// Adds the points after which the tensors inside an object were last written.
void collect_last_writes(store::entry& e, std::vector<gpu::stream_point>& points);

/// Where a task runs and how its tensors get there.
class placement {
 public:
  /// The device that holds most bytes of the task's arguments; null if they hold none on any device.
  [[nodiscard]] static gpu::device_context* most_bytes(const task_base& task);

  /// Replaces each argument whose tensors lie elsewhere than the task runs (on `task.device`, or in host memory) by a
  /// copy there: a cached one for arguments that are borrowed, a private one for those that are owned and cannot be
  /// moved. The copies are enqueued, not waited for. Errors: out_of_memory, not_copyable, those of devices.
  [[nodiscard]] static result<void> bring_arguments(task_base& task);
};

}  // namespace glint::detail
