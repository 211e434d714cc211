// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/native_graph.hpp>
#include <glint/gpu/storage.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

/// Memory that a graph's operations use.
struct graph_memory {
  intrusive_ptr<gpu::storage> storage;
  bool written = false;  ///< Else it is only read.
};

/// Work on one device that `graph_recorder` recorded, to be enqueued as one operation as often as wanted.
///
/// A graph holds all memory that was declared while it was recorded, temporaries included: its operations have the
/// addresses in them. So this memory is neither freed nor used for anything else while the graph lives, and whoever
/// moves or drops what objects lie in (a full device) has to leave these alone. When the graph goes, the memory goes by
/// the rules of `storage`: after the launches that use it.
///
/// Used by one thread at a time; may go while a launch is under way.
class graph final : public ref_counted {
 public:
  /// Enqueues all of it on a stream of its device, behind what is enqueued there, behind the earlier launches, and
  /// behind every use of its memory that it must not overtake; and notes its own uses of the memory. Counts as one
  /// operation for the clock: the point after it is `on.now()`, and what fails in it fails that point.
  /// The first launch is slow: see native_graph::prepare. Errors: those of the device; nothing is then enqueued but
  /// waits. device_error on a stream that is being recorded.
  [[nodiscard]] result<void> launch(stream& on);

  /// Takes the operations, and the memory, of a later recording of the same shape; `other` can then only be destroyed.
  /// Or says why not: the shape has changed, and whoever wanted to replay enqueues, or launches `other` instead.
  /// Errors: those of native_graph::update.
  [[nodiscard]] result<graph_update> update(graph& other);

  [[nodiscard]] std::size_t operations() const noexcept { return native_->operations(); }
  [[nodiscard]] const std::vector<graph_memory>& memory() const noexcept { return memory_; }
  /// Sum of the memory's bytes on the device.
  [[nodiscard]] std::size_t device_bytes() const noexcept;

 private:
  friend class graph_recorder;
  graph(std::unique_ptr<native_graph> native, std::vector<graph_memory> memory, std::vector<stream_point> behind)
      : native_(std::move(native)), memory_(std::move(memory)), behind_(std::move(behind)) {}
  ~graph() override = default;

  std::unique_ptr<native_graph> native_;
  std::vector<graph_memory> memory_;
  std::vector<stream_point> behind_;  // points outside that the recording waited for
};

}  // namespace glint::gpu
