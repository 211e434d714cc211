// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>

#include <glint/base/mutex.hpp>
#include <glint/core/detail/actor_call.hpp>

namespace glint::detail {

/// Keeps each caller's calls in order: those of one caller (a task, another actor, a thread of the user's) in one
/// concurrency group reach the mailbox in the order in which they were made, also when an argument is late. Only then
/// the caller's later calls queue behind it, in a lane of that caller and group. Thread-safe.
class call_order {
 public:
  explicit call_order(actor_cell& cell) noexcept : cell_(cell) {}

  /// No call of this caller waits, so that its next one may pass: only the caller itself opens its lane, and it is
  /// here. What its closed lane still delivers was delivered before the lane closed.
  [[nodiscard]] bool nobody_waits() const noexcept { return lanes_open_.load() == 0; }

  /// The call waits behind the earlier ones of its lane, and for its arguments. To be started after.
  void wait(call_base& call);
  /// The call has its arguments: delivers what of its lane is next in order.
  void arguments_there(call_base& call) noexcept;

  /// Visits the calls that wait, under the lock.
  template <class Visit>
  void for_each_waiting(Visit visit) {
    const lock_guard guard(mutex_);
    for (auto& [key, lane] : lanes_) {
      for (call_base* call : lane) visit(*call);
    }
  }

 private:
  struct lane_key {
    std::uint64_t caller;
    std::uint16_t group;
    friend bool operator==(const lane_key&, const lane_key&) noexcept = default;
  };
  struct key_hash {
    std::size_t operator()(const lane_key& key) const noexcept {
      return std::hash<std::uint64_t>{}(key.caller * 257 + key.group);
    }
  };

  actor_cell& cell_;
  mutex mutex_;
  std::unordered_map<lane_key, std::deque<call_base*>, key_hash> lanes_ GLINT_GUARDED_BY(mutex_);
  std::atomic<std::uint32_t> lanes_open_{0};  // lanes_.size(), read without the lock by the lane's own caller
};

}  // namespace glint::detail
