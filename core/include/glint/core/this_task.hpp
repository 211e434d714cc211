// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include <glint/base/ids.hpp>

namespace glint {

/// The runtime context of the body that asks.
struct task_info {
  task_id id = {};                   ///< Unique in this process, the same in every attempt; none outside of bodies.
  actor_id actor = {};               ///< The actor whose method this is; none for a task.
  std::uint32_t node = 0;            ///< Index of this node.
  std::string name = {};             ///< The option's, else the function's; for an actor's call the method's.
  std::string actor_name = {};       ///< The actor's; empty for a task.
  std::string actor_namespace = {};  ///< Where its name counts, if it was given one.
  std::uint32_t actor_restarts = 0;  ///< How often the actor was built anew before this object of it.
  std::uint32_t attempt = 0;         ///< How often it was tried before.
  std::vector<int> devices = {};     ///< Indices of the devices assigned to it; empty for a function of the CPU.
};

/// Says what the calling body is. Outside of tasks and actors all is empty but the node. Thread-safe. Cost: it copies
/// the names.
[[nodiscard]] task_info this_task();

/// Set when the calling body's result is no longer wanted: it was cancelled, its deadline passed, its actor was killed,
/// the reader of what it generates went. A body that runs long looks at it, or hands it to what it waits for. Outside
/// of tasks and actors: a token that is never set. The first call of a body allocates.
[[nodiscard]] std::stop_token stop_token();

/// The same as a question: one load.
[[nodiscard]] bool stop_requested() noexcept;

}  // namespace glint
