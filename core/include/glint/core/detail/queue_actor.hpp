// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/promise.hpp>

/// The actor behind a queue. It never blocks: who has to wait gets a promise, and a ticket to give it back.
namespace glint::detail {

/// How long to wait: from 0 on, and at most for as long as the clock's own unit counts.
template <class Rep, class Period>
std::optional<std::chrono::nanoseconds> queue_patience(std::chrono::duration<Rep, Period> timeout) {
  using nanoseconds = std::chrono::nanoseconds;
  const std::chrono::duration<double> seconds = timeout;
  if (seconds >= std::chrono::duration<double>(nanoseconds::max())) return std::nullopt;
  return std::max(nanoseconds(0), std::chrono::duration_cast<nanoseconds>(timeout));
}

[[noreturn]] inline void throw_queue_batch(const char* why) {
  throw exception(error(errc::invalid_argument, why).with_subject("queue"));
}

/// How a put went.
struct queue_put_answer {
  bool done = false;            ///< The items are in.
  bool too_many = false;        ///< They never will be.
  std::uint64_t ticket = 0;     ///< Names the wait.
  object_ref<bool> later = {};  ///< Becomes ready when they are in; empty: nobody waits.
};

/// What a take got. Moved only, as its items may be.
template <class T>
struct queue_take_answer {
  queue_take_answer() = default;
  explicit queue_take_answer(std::vector<T> there) : items(std::move(there)) {}
  queue_take_answer(std::uint64_t wait, object_ref<std::vector<T>> result) : ticket(wait), later(std::move(result)) {}
  queue_take_answer(queue_take_answer&&) noexcept = default;
  queue_take_answer& operator=(queue_take_answer&&) noexcept = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(items, ticket, later);
  }

  std::vector<T> items;
  std::uint64_t ticket = 0;
  object_ref<std::vector<T>> later;
};

template <class T>
class queue_actor {
 public:
  explicit queue_actor(std::size_t capacity) : capacity_(capacity) {}
  queue_actor(const queue_actor&) = delete;
  queue_actor& operator=(const queue_actor&) = delete;
  ~queue_actor() {
    const error over = error(errc::actor_stopped, "the queue was shut down").with_subject("queue");
    for (auto& p : putters_) p.done.fail(over);
    for (auto& t : takers_) t.items.fail(over);
  }

  queue_put_answer put(std::vector<T> items, bool wait) {
    if (capacity_ != 0 && items.size() > capacity_) return {.too_many = true};
    drop_unwanted();
    if (putters_.empty() && fits(items.size())) {
      append(std::move(items));
      serve();
      return {.done = true};
    }
    if (!wait) return {};
    putters_.push_back({++tickets_, std::move(items), {}});
    return {.ticket = tickets_, .later = putters_.back().done.ref()};
  }

  queue_take_answer<T> take(std::size_t max, bool wait) {
    drop_unwanted();
    if (takers_.empty() && !items_.empty()) {
      queue_take_answer<T> answer(pop(max));
      serve();
      return answer;
    }
    if (!wait) return {};
    takers_.push_back({++tickets_, max, {}});
    return {tickets_, takers_.back().items.ref()};
  }

  /// True if the ticket's wait is over without success; false if it was served before.
  bool withdraw(std::uint64_t ticket) {
    const auto is_it = [ticket](const auto& waiting) { return waiting.ticket == ticket; };
    const bool there = std::erase_if(putters_, is_it) + std::erase_if(takers_, is_it) > 0;
    serve();  // a smaller batch may fit where the first one did not
    return there;
  }

  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool full() const { return !fits(1); }

 private:
  struct putter {
    std::uint64_t ticket;
    std::vector<T> items;
    promise<bool> done;
  };
  struct taker {
    std::uint64_t ticket;
    std::size_t max;
    promise<std::vector<T>> items;
  };

  [[nodiscard]] bool fits(std::size_t count) const { return capacity_ == 0 || items_.size() + count <= capacity_; }
  void append(std::vector<T> items) {
    items_.insert(items_.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
  }
  [[nodiscard]] std::vector<T> pop(std::size_t max) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(max, items_.size()));
    std::vector<T> taken(std::make_move_iterator(items_.begin()), std::make_move_iterator(items_.begin() + count));
    items_.erase(items_.begin(), items_.begin() + count);
    return taken;
  }
  /// Whose task was cancelled, or thrown out of the wait, is not there any more.
  void drop_unwanted() {
    while (!putters_.empty() && !putters_.front().done.wanted()) putters_.pop_front();
    while (!takers_.empty() && !takers_.front().items.wanted()) takers_.pop_front();
  }
  /// Hands items to those who wait, and lets those in who wait for room, each in order.
  void serve() {
    for (;;) {
      drop_unwanted();
      if (!takers_.empty() && !items_.empty()) {
        taker first = std::move(takers_.front());
        takers_.pop_front();
        first.items.set(pop(first.max));
      } else if (!putters_.empty() && fits(putters_.front().items.size())) {
        putter first = std::move(putters_.front());
        putters_.pop_front();
        append(std::move(first.items));
        first.done.set(true);
      } else {
        return;
      }
    }
  }

  const std::size_t capacity_;
  std::uint64_t tickets_ = 0;
  std::deque<T> items_;
  std::deque<putter> putters_;
  std::deque<taker> takers_;
};

}  // namespace glint::detail
