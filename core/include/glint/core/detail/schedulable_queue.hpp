// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// Intrusive FIFO of what is to run.
class schedulable_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] schedulable* front() const noexcept { return first_; }
  void push_back(schedulable& item) noexcept;
  [[nodiscard]] schedulable* pop_front() noexcept;

 private:
  schedulable* first_ = nullptr;
  schedulable* last_ = nullptr;
};

}  // namespace glint::detail
