// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/graph.hpp>
#include <glint/gpu/platform.hpp>

namespace glint::gpu {

/// Records what is enqueued on private streams of a device, to make a graph of it. To be kept and used again: its
/// streams are made once.
///
/// On these streams, while it records:
/// - What is enqueued does not run. Their points stand for nothing that runs: they are not reached before the end
///   (after it they are, as if there had been nothing), a listener is told so with device_error, and a wait for one on
///   any other stream is refused.
/// - `wait` for a point of another of them becomes part of the graph. `wait` for any other point does not: what the
///   graph was made behind is waited for by each launch, before it (and costs nothing once it was reached).
/// - Uses of memory that are noted with them (`gpu_context::reads`, `writes`, `empty`; copies of tensors) are noted
///   here and not with the memory, where others would take them for work that runs. They order the work on these
///   streams among itself, as always. Launches note them with the memory.
/// - Memory is allocated at once, and is the graph's for good.
/// - Copies that take more than one device's streams (through the host) are refused.
///
/// What is refused fails the recording, with the reason.
///
/// A body must not look at results while it is recorded: a copy to the host is recorded like the rest, and `to_host`
/// gets what was there before. Owner-thread only.
class graph_recorder {
 public:
  explicit graph_recorder(intrusive_ptr<device_context> context) noexcept : context_(std::move(context)) {}
  graph_recorder(const graph_recorder&) = delete;
  graph_recorder& operator=(const graph_recorder&) = delete;
  ~graph_recorder();

  /// Calls `enqueue`, which gives the work to `stream(0)`, and to others where branches are to run side by side, and
  /// makes a graph of it. All of them begin together, and the graph ends when all have.
  /// Errors: what `enqueue` returns; what was refused meanwhile, whether or not `enqueue` said so; those of the device.
  /// What it throws goes on to the caller. The streams may be used for another recording in any case.
  [[nodiscard]] result<intrusive_ptr<graph>> record(unique_function<result<void>()> enqueue);

  /// A private stream, from 0; only within `record`. The first call for one makes it. Errors: those of the device.
  [[nodiscard]] result<intrusive_ptr<gpu::stream>> stream(std::size_t i);

  // For `storage` and `stream`, while it records:

  /// `used` is read, or written, by work given to `by`, which is one of its streams.
  void note(storage& used, const gpu::stream& by, bool written);
  /// Makes `by` wait for what others of its streams do with the memory: its writer, or for a writer all its users.
  [[nodiscard]] result<void> wait_for_users(gpu::stream& by, const storage& used, bool to_write);
  /// A point outside that the work needs.
  void needs(const stream_point& point);

 private:
  struct lane {
    intrusive_ptr<gpu::stream> stream;
    bool used = false;  // by the recording under way
  };
  /// Uses of a memory in the recording.
  struct uses {
    intrusive_ptr<storage> memory;
    std::vector<const gpu::stream*> readers;
    const gpu::stream* writer = nullptr;  // the last
    bool written = false;
  };

  [[nodiscard]] result<void> begin();
  [[nodiscard]] result<std::unique_ptr<native_graph>> end();
  void forget() noexcept;
  [[nodiscard]] result<void> wait_for(gpu::stream& by, const gpu::stream* user);

  intrusive_ptr<device_context> context_;
  std::vector<lane> lanes_;
  intrusive_ptr<pooled_event> begun_;  // recorded first on stream 0; null: nothing is recorded
  std::vector<uses> uses_;             // in the order of their first use
  std::unordered_map<const storage*, std::size_t> index_;
  std::vector<stream_point> behind_;  // one a stream
};

}  // namespace glint::gpu
