// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <glint/core/actor.hpp>
#include <glint/core/detail/queue_actor.hpp>
#include <glint/core/objects.hpp>
#include <glint/core/wait.hpp>

namespace glint {

/// How a queue is to be made.
struct queue_options {
  detail::options_guard guard{};
  /// Items that it holds at most; 0: as many as come.
  std::size_t capacity = 0;
  /// Of the actor that the queue is: its name, so that it can be found, or that it is detached. Its concurrency is the
  /// queue's own affair.
  actor_options actor = {};
};

/// A first-in, first-out queue of values that any number of tasks, actors and threads put into and take from: an actor
/// behind methods that wait. A queue is a handle: copies are of the same queue, and may be arguments, results, members.
///
/// Whoever waits blocks its own thread, as `get` does (a worker's CPU slot is another's meanwhile); none of the
/// actor's. Who waited first is served first. A waiting call whose time is over takes nothing and puts nothing; nor
/// does one that a cancel of its task has ended, as soon as it has left the wait.
///
/// All throw what a call of an actor fails with (actor_stopped once the queue was shut down), not_running, empty_ref
/// for a default-made queue. Cost: one call of an actor, two where it has to wait and the time runs out.
template <class T>
class queue {
 public:
  using value_type = T;

  /// Of no queue.
  queue() noexcept = default;
  explicit queue(queue_options options) : actor_(spawn<cell>(options.actor, options.capacity)) {}
  /// One that was named; nothing if there is none.
  [[nodiscard]] static std::optional<queue> find(const std::string& name, const std::string& actor_namespace = {}) {
    auto found = get_actor<cell>(name, actor_namespace);
    if (!found) return std::nullopt;
    return queue(*std::move(found));
  }

  /// Waits until there is room.
  void put(T item) { (void)put_items(one(std::move(item)), std::optional<nanoseconds>()); }
  /// False when there was no room in time; the item is dropped then.
  template <class Rep, class Period>
  [[nodiscard]] bool put(T item, std::chrono::duration<Rep, Period> timeout) {
    return put_items(one(std::move(item)), detail::queue_patience(timeout));
  }
  [[nodiscard]] bool try_put(T item) { return put_items(one(std::move(item)), nanoseconds(0)); }

  /// Puts all of them at once, one behind the other: waits until there is room for all. Throws invalid_argument for
  /// more than the capacity.
  void put_batch(std::vector<T> items) { (void)put_items(std::move(items), std::optional<nanoseconds>()); }
  /// False when there was no room for all in time; none is in the queue then.
  template <class Rep, class Period>
  [[nodiscard]] bool put_batch(std::vector<T> items, std::chrono::duration<Rep, Period> timeout) {
    return put_items(std::move(items), detail::queue_patience(timeout));
  }
  [[nodiscard]] bool try_put_batch(std::vector<T> items) { return put_items(std::move(items), nanoseconds(0)); }

  /// Waits for an item.
  [[nodiscard]] T get() { return std::move(take_items(1, std::optional<nanoseconds>()).at(0)); }
  /// Nothing when there was none in time.
  template <class Rep, class Period>
  [[nodiscard]] std::optional<T> get(std::chrono::duration<Rep, Period> timeout) {
    return first_of(take_items(1, detail::queue_patience(timeout)));
  }
  [[nodiscard]] std::optional<T> try_get() { return first_of(take_items(1, nanoseconds(0))); }

  /// Waits for one item at least, and takes at most `max`. Throws invalid_argument for 0.
  [[nodiscard]] std::vector<T> get_batch(std::size_t max) { return take_items(max, std::optional<nanoseconds>()); }
  /// Empty when there was none in time.
  template <class Rep, class Period>
  [[nodiscard]] std::vector<T> get_batch(std::size_t max, std::chrono::duration<Rep, Period> timeout) {
    return take_items(max, detail::queue_patience(timeout));
  }
  [[nodiscard]] std::vector<T> try_get_batch(std::size_t max) { return take_items(max, nanoseconds(0)); }

  /// What was so when it was asked; others may put and take at once.
  [[nodiscard]] std::size_t size() const { return glint::get(actor_.template call<&cell::size>()); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] bool full() const { return glint::get(actor_.template call<&cell::full>()); }

  /// Ends the queue for all: whoever waits fails with actor_stopped, items that are left are dropped.
  void shutdown() { kill(actor_); }

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(actor_); }
  friend bool operator==(const queue& a, const queue& b) noexcept { return a.actor_ == b.actor_; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(actor_);
  }

 private:
  using cell = detail::queue_actor<T>;
  using nanoseconds = std::chrono::nanoseconds;
  using patience = std::optional<nanoseconds>;  // nothing: for ever

  explicit queue(actor_handle<cell> actor) noexcept : actor_(std::move(actor)) {}
  static std::vector<T> one(T item) {
    std::vector<T> items;
    items.push_back(std::move(item));
    return items;
  }
  static std::optional<T> first_of(std::vector<T> items) {
    if (items.empty()) return std::nullopt;
    return std::move(items.front());
  }

  bool put_items(std::vector<T> items, patience wait_for) {
    auto answer = glint::get(actor_.template call<&cell::put>(std::move(items), wait_for != nanoseconds(0)));
    if (answer.too_many) detail::throw_queue_batch("it holds fewer items than were to be put at once");
    if (answer.done || !answer.later) return answer.done;
    return in_time(answer.later, wait_for) || !withdrawn(answer.ticket) ? glint::get(answer.later) : false;
  }
  std::vector<T> take_items(std::size_t max, patience wait_for) {
    if (max == 0) detail::throw_queue_batch("a batch of no items");
    auto answer = glint::get(actor_.template call<&cell::take>(max, wait_for != nanoseconds(0)));
    if (!answer.later) return std::move(answer.items);
    if (!in_time(answer.later, wait_for) && withdrawn(answer.ticket)) return {};
    return glint::get(std::move(answer.later));
  }
  template <class R>
  static bool in_time(const object_ref<R>& later, patience wait_for) {
    wait_options options{.count = 1};
    if (wait_for) options.timeout = *wait_for;
    return !wait({later}, options).ready.empty();
  }
  /// False if the queue had served it at the last moment.
  [[nodiscard]] bool withdrawn(std::uint64_t ticket) {
    return glint::get(actor_.template call<&cell::withdraw>(ticket));
  }

  actor_handle<cell> actor_;
};

}  // namespace glint
