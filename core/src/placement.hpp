// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/platform.hpp>

namespace glint::detail {

/// Calls `visit` with each tensor inside an object, whose value is there and pinned.
template <class Visit>
void for_each_tensor_of(store::entry& e, Visit visit) {
  if (!e.type().contains_tensors) return;
  e.type().visit_tensors(e.value(),
                         {[](void* context, tensor_base& t) { (*static_cast<Visit*>(context))(t); }, &visit});
}

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

  /// Pins the arguments whose types contain tensors: they stay where they are as long as the task has them.
  static void pin_arguments(task_base& task) noexcept;
  static void unpin_arguments(task_base& task) noexcept;
  /// Of pinned arguments of a task on a device: bytes in all, and those that have to be brought there.
  struct load {
    std::size_t bytes = 0;
    std::size_t missing_bytes = 0;
  };
  [[nodiscard]] static load load_of(const task_base& task);

  /// A copy of a value in new metadata, its tensors the same; null if it cannot be made. Precondition: the caller keeps
  /// everybody else from the value.
  [[nodiscard]] static intrusive_ptr<store::entry> clone_of(store::entry& object) noexcept;
  /// The object itself if it has no tensors; else a copy whose tensors lie in host memory and are nobody else's. It is
  /// issued behind what writes these now; what writes them later comes behind it. Errors: out_of_memory, those of
  /// devices, what the value's copy constructor throws. Precondition: issued or ready, and copyable.
  [[nodiscard]] static result<intrusive_ptr<store::entry>> kept_on_host(store::entry& object) noexcept;
  /// Brings a clone of an object to host memory, and caches it there; null if that cannot be. While the clone has the
  /// object's tensors, who takes the object copies them.
  [[nodiscard]] static intrusive_ptr<store::entry> send_to_host(store::entry& object,
                                                                intrusive_ptr<store::entry> clone) noexcept;
};

}  // namespace glint::detail
