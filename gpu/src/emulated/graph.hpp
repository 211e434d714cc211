// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/native_graph.hpp>

#include "event.hpp"
#include "operation.hpp"

namespace glint::gpu::emulated {

class emulated_device;
class engine;

/// What an operation is, for the comparison of two graphs and for people.
struct operation_label {
  std::string what;              ///< E.g. "a fill", "kernel scale".
  const void* kernel = nullptr;  ///< Of a kernel: its function.
  bool may_fail_on_order = false;

  bool operator==(const operation_label&) const = default;
};

/// One operation of a graph. Its number is its place in the order of enqueueing, over all streams of the capture.
struct graph_node {
  std::unique_ptr<operation> work;
  operation_label label;
  std::size_t lane = 0;               ///< The stream of the capture: 0 is the one that began it.
  std::vector<std::uint32_t> behind;  ///< Numbers of the operations that it directly depends on, ascending.
};

/// The operations of a graph, which nobody changes any more. Counted by the graph and by its replays under way.
///
/// The operations are run by fibers of streams. Who destroys them comes after those: so a graph lets go of them in the
/// fiber that replayed it last, and not on the host's thread, which would then seem to have waited for that work.
class graph_program final : public ref_counted {
 public:
  graph_program(std::vector<graph_node> nodes, std::size_t lanes, std::vector<std::uint32_t> last);

  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_; }
  /// How `other` differs in shape; empty: in nothing.
  [[nodiscard]] std::string difference(const graph_program& other) const;

  struct how {
    intrusive_ptr<mark> after;  ///< The end of the replay before; may be null.
    intrusive_ptr<mark> end;    ///< To be marked when all has run.
    bool first_fails = false;   ///< On a test's order.
    emulated_device* device = nullptr;
  };
  /// Enqueues everything. `engines`: one for each lane; the first is the stream's own, the others are its helpers, with
  /// nothing but replays of the same stream on them.
  void enqueue(std::span<engine* const> engines, const how& h);

 private:
  ~graph_program() override = default;
  void destroy() noexcept override;

  std::vector<graph_node> nodes_;
  std::size_t lanes_;
  std::vector<std::uint32_t> last_;  // what the end of the replay waits for
  std::vector<bool> has_mark_;       // for each node: another lane waits for it
};

class emulated_graph final : public native_graph {
 public:
  emulated_graph(intrusive_ptr<emulated_device> device, intrusive_ptr<graph_program> program);
  ~emulated_graph() override;

  [[nodiscard]] std::size_t operations() const noexcept override { return program_ ? program_->size() : 0; }
  [[nodiscard]] result<void> prepare() override;
  [[nodiscard]] result<graph_update> update(native_graph& other) override;

  [[nodiscard]] const emulated_device& device() const noexcept { return *device_; }
  /// Null when the operations were given to another graph.
  [[nodiscard]] const intrusive_ptr<graph_program>& program() const noexcept { return program_; }
  /// The end of the newest replay becomes `end`, which comes on `on`; returns that of the one before.
  [[nodiscard]] intrusive_ptr<mark> next_replay(intrusive_ptr<mark> end, intrusive_ptr<engine> on) noexcept;

 private:
  void let_go(intrusive_ptr<graph_program> program);

  const intrusive_ptr<emulated_device> device_;
  intrusive_ptr<graph_program> program_;
  intrusive_ptr<mark> newest_end_;
  intrusive_ptr<engine> last_ran_on_;
};

}  // namespace glint::gpu::emulated
