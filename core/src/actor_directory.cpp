// SPDX-License-Identifier: Apache-2.0
#include "actor_directory.hpp"

#include <algorithm>

namespace glint::detail {

actor_cell* actor_directory::claim(actor_cell& cell) {
  hold_ptr<actor_cell> replaced;  // let go of after the lock
  const lock_guard guard(mutex_);
  auto& there = actors_[{cell.name_space(), cell.name()}];
  if (there && there->try_add_handle()) return there.get();
  replaced = std::exchange(there, hold_ptr<actor_cell>(&cell));
  return nullptr;
}

actor_cell* actor_directory::find(const std::string& name_space, const std::string& name) {
  const lock_guard guard(mutex_);
  const auto found = actors_.find({name_space, name});
  return found != actors_.end() && found->second->try_add_handle() ? found->second.get() : nullptr;
}

std::vector<std::string> actor_directory::names(const std::string& name_space) {
  std::vector<std::string> found;
  {
    const lock_guard guard(mutex_);
    for (const auto& [place, cell] : actors_) {
      if (place.first == name_space && cell->reachable()) found.push_back(place.second);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

void actor_directory::remove(const actor_cell& cell) noexcept {
  hold_ptr<actor_cell> removed;
  const lock_guard guard(mutex_);
  const auto found = actors_.find({cell.name_space(), cell.name()});
  if (found == actors_.end() || found->second.get() != &cell) return;
  removed = std::move(found->second);
  actors_.erase(found);
}

void actor_directory::clear() noexcept {
  decltype(actors_) all;
  const lock_guard guard(mutex_);
  all.swap(actors_);
}

}  // namespace glint::detail
