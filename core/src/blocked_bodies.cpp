// SPDX-License-Identifier: Apache-2.0
#include "blocked_bodies.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <glint/core/detail/actor_cell.hpp>

namespace glint::detail {
namespace {

/// A task that has not made its objects, and why that may not go on.
struct node {
  explicit node(task_base& t) : task(t) {}
  /// The task is stuck if `enough` of these are. Null: something that goes on.
  struct condition {
    std::vector<node*> on;
    std::size_t enough = 1;
  };
  task_pin task;
  std::vector<condition> conditions;
  bool stuck = true;
  bool seen = false;  // by the walk along the circle
};

/// What one body waits for, and what that waits for, and so on.
class wait_graph {
 public:
  using listing = std::unordered_map<const task_base*, const blocked_body*>;
  explicit wait_graph(const listing& blocked) : blocked_(blocked) {}

  node& build(task_base& root) {
    node& first = node_of(root);
    // Grows while it is worked through.
    for (std::size_t i = 0; i < nodes_.size(); ++i) add_conditions(nodes_[i]);
    free_those_that_go_on();
    return first;
  }

  /// Whether nothing that was found pending has settled meanwhile.
  [[nodiscard]] bool holds() const {
    return std::ranges::none_of(pending_, [](const auto& entry) { return entry->settled(); });
  }

  /// From `root` back to it, along those that are stuck; empty if there is no such way.
  [[nodiscard]] static std::vector<node*> circle(node& root) {
    std::vector<node*> way;
    if (root.stuck) (void)leads_back(root, root, way);
    return way;
  }

 private:
  node& node_of(task_base& task) {
    if (const auto found = known_.find(&task); found != known_.end()) return *found->second;
    node& made = nodes_.emplace_back(task);
    known_.emplace(&task, &made);
    return made;
  }

  /// Null for an object that is settled, or that is made by what is not known here.
  node* maker_of(store::entry& entry) {
    if (entry.settled()) return nullptr;
    const auto maker = entry.pin_producer();
    if (!maker.get()) return nullptr;
    pending_.emplace_back(&entry);
    return &node_of(*static_cast<task_base*>(maker.get()));
  }

  void add_conditions(node& n) {
    if (const auto found = blocked_.find(&*n.task); found != blocked_.end()) {
      node::condition all{.on = {}, .enough = found->second->awaited.size() - found->second->needed + 1};
      for (const auto& entry : found->second->awaited) all.on.push_back(maker_of(*entry));
      n.conditions.push_back(std::move(all));
      return;
    }
    for (const auto& entry : n.task->awaited_now()) n.conditions.push_back({.on = {maker_of(*entry)}});
    add_hindrances(n);
  }

  void add_hindrances(node& n) {
    for (const auto& hindrance : n.task->hindrances()) {
      node::condition all{.on = {}, .enough = hindrance.size()};
      for (const task_pin& other : hindrance) all.on.push_back(&node_of(*other));
      n.conditions.push_back(std::move(all));
    }
  }

  static bool meets(const node::condition& c) {
    return static_cast<std::size_t>(std::ranges::count_if(c.on, [](const node* n) { return n && n->stuck; })) >=
           c.enough;
  }

  /// All are taken to be stuck first; who has no reason to be is not, and so on until nothing changes.
  void free_those_that_go_on() {
    for (bool changed = true; changed;) {
      changed = false;
      for (node& n : nodes_) {
        if (!n.stuck || std::ranges::any_of(n.conditions, meets)) continue;
        n.stuck = false;
        changed = true;
      }
    }
  }

  static bool leads_back(node& from, node& root, std::vector<node*>& way) {
    from.seen = true;
    way.push_back(&from);
    for (const node::condition& c : from.conditions) {
      if (!meets(c)) continue;
      for (node* next : c.on) {
        if (!next || !next->stuck) continue;
        if (next == &root || (!next->seen && leads_back(*next, root, way))) return true;
      }
    }
    way.pop_back();
    return false;
  }

  const listing& blocked_;
  std::deque<node> nodes_;  // stable addresses
  std::unordered_map<const task_base*, node*> known_;
  std::vector<hold_ptr<store::entry>> pending_;
};

/// "call a::ask on actor A waits for call b::tell on actor B, which waits for ..."
std::string text_of(const std::vector<node*>& circle) {
  std::string text;
  for (node* n : circle) {
    text += (text.empty() ? "" : text.ends_with(" waits for ") ? "" : ", which waits for ");
    text += n->task->subject_at_any_time();
    if (n == circle.front()) text += " waits for ";
  }
  if (circle.size() > 1) text += ", which waits for ";
  return text + circle.front()->task->subject_at_any_time();
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
  const auto circle = wait_graph::circle(graph.build(body.task));
  if (circle.empty() || !graph.holds()) return std::nullopt;
  listed_.erase(&body.task);
  return error(errc::deadlock, "waiting would never end: " + text_of(circle));
}

}  // namespace glint::detail
