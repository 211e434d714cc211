// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/call_order.hpp>

#include <optional>
#include <vector>

#include <glint/core/detail/actor_cell.hpp>

namespace glint::detail {

void call_order::wait(call_base& call) {
  const lock_guard guard(mutex_);
  auto& lane = lanes_[{call.caller_, call.manner_.group}];
  if (lane.empty()) lanes_open_.fetch_add(1);
  lane.push_back(&call);
}

void call_order::arguments_there(call_base& call) noexcept {
  const hold_ptr<actor_cell> alive(&cell_);      // what is delivered may run, be the last, and retire the actor at once
  std::vector<actor_cell::turned_away> refused;  // empty, and no allocation, while the actor takes calls
  {
    // Delivering under the lock keeps two deliverers of one lane in order; deliver takes only the mailbox's and a
    // queue's lock.
    const lock_guard guard(mutex_);
    if (std::exchange(call.arguments_there_, true)) return;
    const auto found = lanes_.find({call.caller_, call.manner_.group});
    GLINT_ASSERT(found != lanes_.end(), "a call became ready in no lane");
    auto& lane = found->second;
    while (!lane.empty() && lane.front()->arguments_there_) {
      call_base* next = lane.front();
      lane.pop_front();
      if (auto late = cell_.deliver(*next); late.why) refused.push_back(std::move(late));
    }
    if (lane.empty()) {
      lanes_.erase(found);
      lanes_open_.fetch_sub(1);
    }
  }
  for (auto& late : refused) late.abandon();
}

}  // namespace glint::detail
