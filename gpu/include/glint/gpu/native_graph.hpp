// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include <glint/base/result.hpp>

namespace glint::gpu {

/// Whether a graph took the operations of another capture, and if not, why: a text for people, e.g. "operation 3: a
/// fill of device memory where the graph has a copy within the device".
struct graph_update {
  bool done = false;
  std::string why;
};

/// Operations that `native_stream::begin_capture` recorded instead of running them, to be enqueued together by
/// `native_stream::replay` as often as wanted. The addresses and values are those of the capture: memory that it uses
/// must stay where it is for as long as the graph is replayed; a graph keeps none of it.
///
/// Used by one thread at a time. May be destroyed while a replay is under way, which goes on to its end.
class native_graph {
 public:
  native_graph() = default;
  native_graph(const native_graph&) = delete;
  native_graph& operator=(const native_graph&) = delete;
  virtual ~native_graph() = default;

  /// How many operations it has: copies, fills and kernels.
  [[nodiscard]] virtual std::size_t operations() const noexcept = 0;

  /// Does what the first replay would do first and is slow: CUDA makes the graph executable (some ten microseconds and
  /// more). Later calls do nothing. Errors: those of the driver.
  [[nodiscard]] virtual result<void> prepare() = 0;

  /// Replaces the operations by those of `other`, a capture of the same device and shape, for the replays from now on:
  /// the same kinds of operations and the same kernels, enqueued in the same order and with the same dependencies; only
  /// addresses, sizes and parameters may differ. Cheaper than preparing another graph. `other` is then empty: it can
  /// only be destroyed. Otherwise nothing changes, and the answer says what differs. CUDA decides by its own rules
  /// (cudaGraphExecUpdate): it may take another kernel, and refuse another size.
  /// Errors: those of the driver; invalid_argument for an empty graph or one of another device.
  [[nodiscard]] virtual result<graph_update> update(native_graph& other) = 0;
};

}  // namespace glint::gpu
