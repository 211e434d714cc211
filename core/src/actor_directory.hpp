// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/actor_cell.hpp>

namespace glint::detail {

/// Actors by namespace and name. A name is an actor's until the actor has ended or its last handle is gone: nobody can
/// reach it any more then, though it may still have queued calls. Thread-safe.
class actor_directory {
 public:
  /// Enters the actor under its name. Null; or the actor that has the name, with a handle more, which is the caller's.
  [[nodiscard]] actor_cell* claim(actor_cell& cell);
  /// Null; or the actor, with a handle more, which is the caller's.
  [[nodiscard]] actor_cell* find(const std::string& name_space, const std::string& name);
  /// The names of a namespace that `find` would find now, sorted.
  [[nodiscard]] std::vector<std::string> names(const std::string& name_space);
  /// Forgets the actor, unless its name is another's already.
  void remove(const actor_cell& cell) noexcept;
  void clear() noexcept;

 private:
  using key = std::pair<std::string, std::string>;
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      return std::hash<std::string>{}(k.first) * 31 + std::hash<std::string>{}(k.second);
    }
  };
  mutex mutex_;  // of whoever names an actor or looks for one
  std::unordered_map<key, hold_ptr<actor_cell>, key_hash> actors_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace glint::detail
