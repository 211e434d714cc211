// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>

#include "graph.hpp"

namespace glint::gpu::emulated {

/// What the streams of one capture were given, from its begin to its end. As in CUDA each operation knows which it is
/// directly behind, and each stream (a lane) which its next one would be behind.
///
/// Thread-safe, since the streams may be used by several threads; its mutex is a leaf. Counted by its streams and by
/// the events recorded in it.
class capture final : public ref_counted {
 public:
  explicit capture(const emulated_device& device) : device_(device) {}

  [[nodiscard]] const emulated_device& device() const noexcept { return device_; }
  /// True when the calling thread began it.
  [[nodiscard]] bool is_mine() const noexcept { return thread_ == std::this_thread::get_id(); }
  /// True after `end`: its streams then capture no more.
  [[nodiscard]] bool ended();

  /// Another stream joins, behind `behind`; returns its lane. Errors: as `usable`.
  [[nodiscard]] result<std::size_t> fork(const std::vector<std::uint32_t>& behind);
  [[nodiscard]] result<void> add(std::size_t lane, operation_label label, std::unique_ptr<operation> work);
  /// What the next operation of a lane would be behind.
  [[nodiscard]] result<std::vector<std::uint32_t>> behind(std::size_t lane);
  /// The lane's next operation is also behind these.
  [[nodiscard]] result<void> depend(std::size_t lane, const std::vector<std::uint32_t>& behind);
  /// The capture cannot give a graph any more; the first reason is kept.
  void invalidate(error why);
  /// The operations. Errors: what made it invalid; a fork that was not joined.
  [[nodiscard]] result<intrusive_ptr<graph_program>> end();

 private:
  [[nodiscard]] result<void> usable() const GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool joined() const GLINT_REQUIRES(mutex_);

  const emulated_device& device_;  // its streams hold it
  const std::thread::id thread_ = std::this_thread::get_id();
  mutex mutex_;
  std::vector<graph_node> nodes_ GLINT_GUARDED_BY(mutex_);
  /// For each lane: the operations that its next one would directly depend on, ascending.
  std::vector<std::vector<std::uint32_t>> next_behind_ GLINT_GUARDED_BY(mutex_) = {{}};
  std::optional<error> invalid_ GLINT_GUARDED_BY(mutex_);
  bool ended_ GLINT_GUARDED_BY(mutex_) = false;
};

}  // namespace glint::gpu::emulated
