// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

namespace glint::detail {

class resource_claim;
class claim_queue;

/// A claim's place in the queue of one resource.
struct claim_hook {
  resource_claim* claim = nullptr;
  claim_queue* queue = nullptr;  ///< Null while it waits for something else, or not at all.
  claim_hook* previous = nullptr;
  claim_hook* next = nullptr;
};

/// Those who wait for one resource, in the order in which their requests came. Intrusive, thread-compatible.
class claim_queue {
 public:
  [[nodiscard]] resource_claim* first() const noexcept { return first_ ? first_->claim : nullptr; }
  /// True if one waits here whose request came before `order`.
  [[nodiscard]] bool older_than(std::uint64_t order) const noexcept;
  /// Puts the claim where its order says. O(1) for the newest; else it passes the older ones, from the front: only a
  /// claim that had all it needed of this resource until a younger one took it comes here late, so few are older.
  void insert(claim_hook& hook) noexcept;
  void remove(claim_hook& hook) noexcept;
  /// Calls `visit(claim)` for each, in order; it may remove that one.
  template <class Visit>
  void for_each(Visit visit) {
    for (claim_hook* hook = first_; hook;) visit(*std::exchange(hook, hook->next)->claim);
  }

 private:
  claim_hook* first_ = nullptr;
  claim_hook* last_ = nullptr;
};

}  // namespace glint::detail
