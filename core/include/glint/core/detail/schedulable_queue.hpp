// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// Intrusive FIFO of what is to run, for one thread at a time.
class schedulable_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] schedulable* front() const noexcept { return first_; }

  void push_back(schedulable& item) noexcept {
    link(item, nullptr);
    if (last_) {
      link(*last_, &item);
    } else {
      first_ = &item;
    }
    last_ = &item;
  }

  [[nodiscard]] schedulable* pop_front() noexcept {
    schedulable* item = first_;
    if (item) first_ = static_cast<schedulable*>(item->next_injected.load(std::memory_order_relaxed));
    if (!first_) last_ = nullptr;
    return item;
  }

 private:
  /// The link of the injection queue: whatever is in one queue is in no other.
  static void link(schedulable& item, schedulable* next) noexcept {
    item.next_injected.store(next, std::memory_order_relaxed);
  }

  schedulable* first_ = nullptr;
  schedulable* last_ = nullptr;
};

}  // namespace glint::detail
