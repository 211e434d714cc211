// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// A body that goes on when `needed` of `awaited` are settled, and not before. On the stack of the thread that it
/// blocks.
struct blocked_body {
  task_base& task;
  std::span<const intrusive_ptr<store::entry>> awaited;
  std::size_t needed;
};

/// Blocked bodies, by their task as a maker of objects.
using blocked_list = std::unordered_map<const object_maker*, const blocked_body*>;

/// Who waits for whom, from one on: makers of objects that are not there, and what each of them waits for. Built once,
/// then asked; everything in it is pinned. Not thread-safe. Cost: linear in the makers and what they wait for, and a
/// lock or two of each.
///
/// Source of the idea: the AND-OR graphs of Knapp, Deadlock detection in distributed databases (ACM Computing Surveys
/// 19, 1987), here with one lock instead of messages.
class wait_graph {
 public:
  struct node {
    explicit node(object_maker& m);
    store::producer_pin pin;
    object_maker& maker;
    const blocked_body* blocked = nullptr;
    bool queued = false;  ///< A call that its actor cannot begin.
    bool stuck = true;
    enum class mark : std::uint8_t { unseen, on_way, done } seen = mark::unseen;
    struct condition {
      std::vector<node*> on;  ///< Null for what is not known, or settled.
      std::size_t enough;
      std::size_t stuck = 0;
    };
    std::vector<condition> conditions;                      ///< It is stuck if one of them is met.
    std::vector<std::pair<node*, std::size_t>> keeps = {};  ///< Whose conditions it is in.
  };

  /// `blocked` must stay as it is as long as the graph is used.
  explicit wait_graph(const blocked_list& blocked) : blocked_(blocked) {}
  wait_graph(const wait_graph&) = delete;
  wait_graph& operator=(const wait_graph&) = delete;

  /// From where the graph grows.
  node& add(object_maker& root) { return node_of(root); }
  /// The maker of the object; nothing for one that is settled, or whose maker is not known.
  node* add(store::entry& entry);
  /// Follows all that was added, and finds out who is stuck.
  void build();

  /// From `root` back to it, along those that are stuck; empty if there is no such way.
  [[nodiscard]] std::vector<node*> circle_through(node& root);
  /// Any circle of stuck makers none of which is a blocked body; empty if there is none.
  [[nodiscard]] std::vector<node*> circle_of_coroutines();

  /// Whether nothing that was found waiting has gone on meanwhile. What is stuck is so for ever, then.
  [[nodiscard]] bool holds() const;

 private:
  node& node_of(object_maker& maker);
  void add_conditions(node& n);
  void add_condition(node& n, node::condition condition);
  void free_those_that_go_on();
  template <class Follow, class Ends>
  [[nodiscard]] std::vector<node*> way_back(node& from, Follow follow, Ends ends);

  const blocked_list& blocked_;
  std::deque<node> nodes_;  // stable addresses
  std::unordered_map<const object_maker*, node*> known_;
  std::vector<hold_ptr<store::entry>> pending_;
};

/// "call a::ask on actor A waits for call b::tell on actor B, which waits for ..."
[[nodiscard]] std::string text_of(const std::vector<wait_graph::node*>& circle);

}  // namespace glint::detail
