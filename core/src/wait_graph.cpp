// SPDX-License-Identifier: Apache-2.0
#include "wait_graph.hpp"

#include <algorithm>
#include <utility>

namespace glint::detail {
namespace {

store::producer_pin pinned(object_maker& maker) noexcept {
  maker.pin();
  return {&maker, adopt};
}

bool met(const wait_graph::node::condition& c) noexcept {
  return c.stuck >= c.enough;
}

}  // namespace

wait_graph::node::node(object_maker& m) : pin(pinned(m)), maker(m) {}

wait_graph::node& wait_graph::node_of(object_maker& maker) {
  if (const auto found = known_.find(&maker); found != known_.end()) return *found->second;
  node& made = nodes_.emplace_back(maker);
  known_.emplace(&maker, &made);
  return made;
}

wait_graph::node* wait_graph::add(store::entry& entry) {
  if (entry.settled()) return nullptr;
  const auto pin = entry.pin_producer();
  object_maker* const maker = maker_of(pin);
  if (!maker) return nullptr;
  pending_.emplace_back(&entry);
  if (const auto body = maker->body(); body.get()) return &node_of(*maker_of(body));
  return &node_of(*maker);
}

void wait_graph::build() {
  // Grows while it is worked through.
  for (std::size_t i = 0; i < nodes_.size(); ++i) add_conditions(nodes_[i]);
  free_those_that_go_on();
}

void wait_graph::add_conditions(node& n) {
  if (const auto found = blocked_.find(&n.maker); found != blocked_.end()) {
    n.blocked = found->second;
    node::condition all{.on = {}, .enough = n.blocked->awaited.size() - n.blocked->needed + 1};
    for (const auto& entry : n.blocked->awaited) all.on.push_back(add(*entry));
    return add_condition(n, std::move(all));
  }
  for (const wait_condition& waits : n.maker.waits_for()) {
    node::condition all{.on = {}, .enough = waits.enough};
    for (const auto& entry : waits.on) all.on.push_back(add(*entry));
    add_condition(n, std::move(all));
  }
  task_base* const task = n.maker.as_task();
  if (!task) return;
  for (const auto& hindrance : task->hindrances()) {
    n.queued = true;
    node::condition all{.on = {}, .enough = hindrance.size()};
    for (const task_pin& other : hindrance) all.on.push_back(&node_of(*other));
    add_condition(n, std::move(all));
  }
}

void wait_graph::add_condition(node& n, node::condition condition) {
  for (node* other : condition.on) {
    if (!other) continue;
    other->keeps.emplace_back(&n, n.conditions.size());
    ++condition.stuck;
  }
  n.conditions.push_back(std::move(condition));
}

/// All are taken to be stuck first; who has no reason to be is not, and so on.
void wait_graph::free_those_that_go_on() {
  std::vector<node*> free;
  const auto look_at = [&free](node& n) {
    if (!n.stuck || std::ranges::any_of(n.conditions, met)) return;
    n.stuck = false;
    free.push_back(&n);
  };
  for (node& n : nodes_) look_at(n);
  while (!free.empty()) {
    const node& next = *free.back();
    free.pop_back();
    for (const auto& [kept, index] : next.keeps) {
      --kept->conditions[index].stuck;
      look_at(*kept);
    }
  }
}

/// Depth first from `from` along those that are stuck and that `follow` lets in, to the first that is on the way
/// already and `ends` it. With a stack of its own: the way may be as long as the graph is large.
template <class Follow, class Ends>
std::vector<wait_graph::node*> wait_graph::way_back(node& from, Follow follow, Ends ends) {
  struct step {
    node* at;
    std::vector<node*> left;  // to be looked at
  };
  std::vector<step> way;
  const auto go_to = [&way](node& n) {
    n.seen = node::mark::on_way;
    step& s = way.emplace_back(step{&n, {}});
    for (const node::condition& c : n.conditions) {
      if (met(c)) s.left.insert(s.left.end(), c.on.rbegin(), c.on.rend());
    }
  };
  go_to(from);
  while (!way.empty()) {
    step& last = way.back();
    if (last.left.empty()) {
      last.at->seen = node::mark::done;
      way.pop_back();
      continue;
    }
    node* const next = last.left.back();
    last.left.pop_back();
    if (!next || !next->stuck || !follow(*next)) continue;
    if (next->seen == node::mark::on_way && ends(*next)) {
      std::vector<node*> circle;
      for (auto s = std::ranges::find(way, next, &step::at); s != way.end(); ++s) circle.push_back(s->at);
      return circle;
    }
    if (next->seen == node::mark::unseen) go_to(*next);
  }
  return {};
}

std::vector<wait_graph::node*> wait_graph::circle_through(node& root) {
  for (node& n : nodes_) n.seen = node::mark::unseen;
  if (!root.stuck) return {};
  return way_back(
      root, [](const node&) { return true; }, [&root](const node& n) { return &n == &root; });
}

std::vector<wait_graph::node*> wait_graph::circle_of_coroutines() {
  for (node& n : nodes_) n.seen = node::mark::unseen;
  const auto no_body = [](const node& n) { return !n.blocked; };
  for (node& n : nodes_) {
    if (!n.stuck || n.blocked || n.seen != node::mark::unseen) continue;
    auto circle = way_back(n, no_body, [](const node&) { return true; });
    if (!circle.empty()) return circle;
  }
  return {};
}

/// A body that is blocked is kept so by the lock of the list. All else goes on by an object that settles, or because it
/// is stopped, which it is told before.
bool wait_graph::holds() const {
  const auto was_stopped = [](const node& n) {
    task_base* const task = n.maker.as_task();
    return n.stuck && task && task->stop_requested();
  };
  return std::ranges::none_of(pending_, [](const auto& entry) { return entry->settled(); }) &&
         std::ranges::none_of(nodes_, was_stopped);
}

std::string text_of(const std::vector<wait_graph::node*>& circle) {
  std::string text;
  const char* link = " waits for ";
  for (const wait_graph::node* n : circle) {
    text += n->maker.subject_at_any_time() + link;
    link = ", which waits for ";
  }
  return text + circle.front()->maker.subject_at_any_time();
}

}  // namespace glint::detail
