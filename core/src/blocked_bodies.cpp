// SPDX-License-Identifier: Apache-2.0
#include "blocked_bodies.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace glint::detail {
namespace {

error deadlock(const std::vector<wait_graph::node*>& circle) {
  return error(errc::deadlock, "waiting would never end: " + text_of(circle));
}

/// Whose failure the others are told: best of one that has not begun. Null: none of them is a task.
task_base* to_be_ended(const std::vector<wait_graph::node*>& circle) {
  task_base* other = nullptr;
  for (const wait_graph::node* n : circle) {
    task_base* const task = n->maker.as_task();
    if (task && n->queued) return task;
    if (task && !other) other = task;
  }
  return other;
}

}  // namespace

void blocked_bodies::add(const blocked_body& body) {
  const lock_guard guard(mutex_);
  listed_[&body.task] = &body;
}

void blocked_bodies::remove(const blocked_body& body) noexcept {
  const lock_guard guard(mutex_);
  listed_.erase(&body.task);
}

std::optional<error> blocked_bodies::search(const blocked_body& body) {
  wait_graph graph(listed_);  // goes after the lock: its pins may be the last
  const lock_guard guard(mutex_);
  wait_graph::node& root = graph.add(body.task);
  graph.build();
  const auto circle = graph.circle_through(root);
  if (circle.empty() || !graph.holds()) return std::nullopt;
  listed_.erase(&body.task);
  return deadlock(circle);
}

bool blocked_bodies::end_circle_behind(std::span<const intrusive_ptr<store::entry>> awaited) {
  wait_graph graph(listed_);
  task_base* ended = nullptr;
  std::optional<error> why;
  {
    const lock_guard guard(mutex_);
    for (const auto& entry : awaited) (void)graph.add(*entry);
    graph.build();
    const auto circle = graph.circle_of_coroutines();
    if (circle.empty() || !graph.holds()) return false;
    ended = to_be_ended(circle);
    if (ended) why = deadlock(circle);
  }
  return ended && ended->stop(*why, false);  // pinned by the graph
}

}  // namespace glint::detail
