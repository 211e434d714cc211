// SPDX-License-Identifier: Apache-2.0
//
// The ledger's smaller parts: queues, claims and shares.
#include <algorithm>
#include <utility>

#include <glint/base/assert.hpp>
#include "resource_ledger.hpp"

namespace glint::detail {

bool claim_queue::older_than(std::uint64_t order) const noexcept {
  return first_ && first_->claim->order_ < order;
}

void claim_queue::insert(claim_hook& hook) noexcept {
  claim_hook* after = last_;
  if (last_ && last_->claim->order_ > hook.claim->order_) {
    after = nullptr;
    for (claim_hook* h = first_; h->claim->order_ < hook.claim->order_; h = h->next) after = h;
  }
  hook.queue = this;
  hook.previous = after;
  hook.next = after ? after->next : first_;
  (hook.previous ? hook.previous->next : first_) = &hook;
  (hook.next ? hook.next->previous : last_) = &hook;
}

void claim_queue::remove(claim_hook& hook) noexcept {
  (hook.previous ? hook.previous->next : first_) = hook.next;
  (hook.next ? hook.next->previous : last_) = hook.previous;
  hook.queue = nullptr;
}

resource_claim::resource_claim(resource_demand demand) : demand_(std::move(demand)), hooks_(demand_.parts.size() + 1) {
  for (claim_hook& hook : hooks_) hook.claim = this;
  waiting_.claim = this;
}

resource_claim::~resource_claim() {
  GLINT_ASSERT(!waiting_.listed(), "a claim went while it waits");
}

resource_share::resource_share() noexcept = default;
resource_share::resource_share(std::unique_ptr<held> what) noexcept : held_(std::move(what)) {}
resource_share::resource_share(resource_share&&) noexcept = default;
resource_share::~resource_share() {
  reset();
}

resource_share& resource_share::operator=(resource_share&& other) noexcept {
  if (this != &other) {
    reset();
    held_ = std::move(other.held_);
  }
  return *this;
}

void resource_share::reset() noexcept {
  if (const auto gone = std::move(held_)) gone->ledger->release(*gone);
}

std::span<const int> resource_share::devices() const noexcept {
  return held_ ? std::span<const int>(held_->devices) : std::span<const int>();
}

// ---- devices that are lost ----

bool resource_ledger::hopeless(const resource_claim& claim) const noexcept {
  if (devices_retired_ == 0 || claim.demand_.gpu_units == 0) return false;
  const int wanted = std::max(1, claim.demand_.gpu_units / static_cast<int>(units_per_one));
  const int bound = claim.bound_device;
  const bool to_lost = bound >= 0 && devices_[static_cast<std::size_t>(bound)].retired;
  return wanted > devices_left() + (to_lost ? 1 : 0);
}

void resource_ledger::retire(int index) noexcept {
  told_list told;
  {
    const lock_guard guard(mutex_);
    if (std::exchange(devices_[static_cast<std::size_t>(index)].retired, true)) return;
    ++devices_retired_;
    told_list gone;
    device_queue_.for_each([&](resource_claim& claim) GLINT_REQUIRES(mutex_) {
      if (!hopeless(claim)) return;
      leave(claim);
      claim.share_.reset();
      gone.push_back(claim);
    });
    devices_dirty_ = true;
    told = serve();  // what they waited for may be another's
    while (resource_claim* claim = gone.pop_front()) told.push_back(*claim);
  }
  tell(told);
}

}  // namespace glint::detail
