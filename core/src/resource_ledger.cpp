// SPDX-License-Identifier: Apache-2.0
#include "resource_ledger.hpp"

#include <algorithm>

#include <glint/base/assert.hpp>

namespace glint::detail {

resource_ledger::resource_ledger(const resource_totals& totals, timer_service& timers, clock::duration report_after)
    : totals_(totals), devices_(static_cast<std::size_t>(totals.devices)), reports_(*this, timers, report_after) {
  pools_.push_back({.total = totals.memory_bytes, .free = totals.memory_bytes});
  for (const auto& [name, units] : totals.custom) pools_.push_back({.total = units, .free = units});
  dirty_.reserve(pools_.size());
}

resource_ledger::~resource_ledger() {
  reports_.close();
}

resource_demand resource_ledger::demand_of(const resource_request& request) const {
  resource_demand demand{.gpu_units = request.gpu_units};
  if (request.memory_bytes > 0) demand.parts.push_back({0, request.memory_bytes});
  for (const auto& [name, units] : request.custom) {
    const auto found = std::ranges::find(totals_.custom, name, &std::pair<std::string, std::uint64_t>::first);
    GLINT_ASSERT(found != totals_.custom.end(), "this node has no such resource", name);
    demand.parts.push_back({static_cast<std::uint32_t>(found - totals_.custom.begin()) + 1, units});
  }
  return demand;
}

resource_ledger::state resource_ledger::free() const {
  const lock_guard guard(mutex_);
  state now{.memory_bytes = pools_.front().free, .waiting = waiting_};
  for (auto p = pools_.begin() + 1; p != pools_.end(); ++p) now.custom.push_back(p->free);
  for (const device& d : devices_) now.device_units.push_back(d.free);
  return now;
}

// ---- granting ----

bool resource_ledger::lacks(const resource_claim& claim, const resource_demand::part& part) const {
  const pool& p = pools_[part.pool];
  return p.free < part.amount || p.queue.older_than(claim.order_);
}

/// Whether the claim may have of the device what it takes of each.
bool resource_ledger::usable(int index, const resource_claim& claim) const {
  const device& d = devices_[static_cast<std::size_t>(index)];
  const auto of_each = std::min(claim.demand_.gpu_units, static_cast<std::int32_t>(units_per_one));
  const bool in_service = !d.retired || claim.bound_device == index;
  return in_service && d.free >= of_each && !d.queue.older_than(claim.order_);
}

int resource_ledger::most_free(const resource_claim& claim) const {
  int best = -1;
  for (int i = 0; i < static_cast<int>(devices_.size()); ++i) {
    const auto free_of = [this](int d) { return devices_[static_cast<std::size_t>(d)].free; };
    if (usable(i, claim) && (best < 0 || free_of(i) > free_of(best))) best = i;
  }
  return best;
}

/// False, and none chosen, if they are not there.
bool resource_ledger::choose_devices(const resource_claim& claim, std::vector<int>& chosen) const {
  chosen.clear();
  if (device_queue_.older_than(claim.order_)) return false;
  const auto may_have = [&](int d) { return d >= 0 && usable(d, claim); };
  if (claim.bound_device >= 0 && !may_have(claim.bound_device)) return false;
  int first = claim.bound_device;
  if (first < 0 && may_have(claim.wanted_device)) first = claim.wanted_device;
  if (first < 0) first = most_free(claim);
  if (first < 0) return false;
  chosen.push_back(first);
  const auto count = static_cast<std::size_t>(claim.demand_.gpu_units) / units_per_one;
  for (int i = 0; i < static_cast<int>(devices_.size()) && chosen.size() < count; ++i) {
    if (i != first && may_have(i)) chosen.push_back(i);
  }
  if (chosen.size() >= count) return true;
  chosen.clear();
  return false;
}

/// Where it waits for devices: more than one are of all, whatever it is bound to.
claim_queue& resource_ledger::device_queue(const resource_claim& claim) {
  const bool one = claim.demand_.gpu_units <= static_cast<std::int32_t>(units_per_one);
  return one && claim.bound_device >= 0 ? devices_[static_cast<std::size_t>(claim.bound_device)].queue : device_queue_;
}

void resource_ledger::join(claim_queue& queue, claim_hook& hook) noexcept {
  if (!hook.queue) queue.insert(hook);
}

bool resource_ledger::grant(resource_claim& claim, bool wait) noexcept {
  bool all = true;
  const auto lack = [&](claim_queue& queue, claim_hook& hook) {
    all = false;
    if (wait) join(queue, hook);
  };
  const auto& parts = claim.demand_.parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (lacks(claim, parts[i])) lack(pools_[parts[i].pool].queue, claim.hooks_[i]);
  }
  std::vector<int>& chosen = claim.share_->devices;
  if (claim.demand_.gpu_units > 0 && !choose_devices(claim, chosen)) lack(device_queue(claim), claim.hooks_.back());
  if (!all) {
    chosen.clear();
    return false;
  }
  for (const auto& part : parts) {
    pools_[part.pool].free -= part.amount;
    ++pools_[part.pool].holders;
  }
  for (const int d : chosen) {
    device& taken = devices_[static_cast<std::size_t>(d)];
    taken.free -= std::min(claim.demand_.gpu_units, static_cast<std::int32_t>(units_per_one));
    ++taken.holders;
  }
  claim.share_->ledger = this;
  return true;
}

/// The next in each queue that it leaves is to be looked at.
void resource_ledger::leave(resource_claim& claim) noexcept {
  const auto& parts = claim.demand_.parts;
  for (std::size_t i = 0; i < claim.hooks_.size(); ++i) {
    claim_hook& hook = claim.hooks_[i];
    if (!hook.queue) continue;
    hook.queue->remove(hook);
    if (i < parts.size()) {
      mark(pools_[parts[i].pool]);
    } else {
      devices_dirty_ = true;
    }
  }
  reports_.remove(claim.waiting_);
  --waiting_;
}

void resource_ledger::mark(pool& p) noexcept {
  if (!std::exchange(p.dirty, true)) dirty_.push_back(&p);  // within its capacity
}

void resource_ledger::serve_pool(pool& p, told_list& told) noexcept {
  while (resource_claim* first = p.queue.first()) {
    if (hopeless(*first)) {
      first->share_.reset();
    } else if (!grant(*first, true)) {
      return;
    }
    leave(*first);
    told.push_back(*first);
  }
}

/// The oldest, after the order given, of those that are first in a queue for devices.
resource_claim* resource_ledger::first_for_devices(std::uint64_t after) const {
  resource_claim* oldest = nullptr;
  const auto consider = [&](const claim_queue& queue) {
    resource_claim* first = queue.first();
    if (first && first->order_ > after && (!oldest || first->order_ < oldest->order_)) oldest = first;
  };
  consider(device_queue_);
  for (const device& d : devices_) consider(d.queue);
  return oldest;
}

void resource_ledger::serve_devices(told_list& told) noexcept {
  std::uint64_t after = 0;
  while (resource_claim* next = first_for_devices(after)) {
    after = next->order_;
    if (hopeless(*next)) {
      next->share_.reset();
    } else if (!grant(*next, true)) {
      continue;
    }
    leave(*next);
    told.push_back(*next);
  }
}

resource_ledger::told_list resource_ledger::serve() noexcept {
  told_list told;
  for (;;) {
    if (!dirty_.empty()) {
      pool& p = *dirty_.back();
      dirty_.pop_back();
      p.dirty = false;
      serve_pool(p, told);
    } else if (std::exchange(devices_dirty_, false)) {
      serve_devices(told);
    } else {
      return told;
    }
  }
}

// ---- telling ----

void resource_ledger::told_list::push_back(resource_claim& claim) noexcept {
  claim.next_told_ = nullptr;
  (last ? last->next_told_ : first) = &claim;
  last = &claim;
}

resource_claim* resource_ledger::told_list::pop_front() noexcept {
  resource_claim* claim = first;
  if (claim) {
    first = claim->next_told_;
    if (!first) last = nullptr;
  }
  return claim;
}

/// Who is granted may fail at once and give back in its turn: what that grants is told after, not inside, so that a
/// thousand failing tasks need no thousand stack frames.
void resource_ledger::tell(told_list told) noexcept {
  thread_local told_list queue;
  thread_local bool telling = false;
  while (resource_claim* claim = told.pop_front()) queue.push_back(*claim);
  if (std::exchange(telling, true)) return;
  while (resource_claim* next = queue.pop_front()) {
    if (next->share_) {
      next->granted(resource_share(std::move(next->share_)));
    } else {
      next->refused(error(errc::device_lost, "devices of this node were lost, and fewer are left than it asks for"));
    }
  }
  telling = false;
}

std::unique_ptr<resource_share::held> resource_ledger::make_share(const resource_demand& demand) {
  auto share = std::make_unique<resource_share::held>();
  share->demand = demand;
  share->devices.reserve(static_cast<std::size_t>(demand.gpu_units) / units_per_one + 1);
  return share;
}

void resource_ledger::request(resource_claim& claim) noexcept {
  claim.share_ = make_share(claim.demand_);
  told_list told;
  std::optional<error> stopped;
  {
    const lock_guard guard(mutex_);
    GLINT_ASSERT(!claim.waiting_.listed(), "a claim was requested that waits already");
    stopped = stopped_;
    if (!stopped) {
      claim.order_ = ++arrivals_;
      const bool none_left = hopeless(claim);
      if (none_left) claim.share_.reset();
      if (none_left || grant(claim, true)) {
        told.push_back(claim);
      } else {
        ++waiting_;
        reports_.add(claim.waiting_);
      }
    }
  }
  if (stopped) return claim.refused(*stopped);
  tell(told);
}

bool resource_ledger::withdraw(resource_claim& claim) noexcept {
  told_list told;
  {
    const lock_guard guard(mutex_);
    if (!claim.waiting_.listed()) return false;
    leave(claim);
    told = serve();
  }
  tell(told);
  return true;
}

/// For `try_take`: never waits, so is never told.
struct resource_ledger::silent_claim final : resource_claim {
  using resource_claim::resource_claim;
  void granted(resource_share) noexcept override {}
  void refused(const error&) noexcept override {}
  std::string subject() const override { return {}; }
};

resource_share resource_ledger::try_take(const resource_demand& demand) {
  silent_claim claim(demand);
  claim.share_ = make_share(demand);
  {
    const lock_guard guard(mutex_);
    claim.order_ = ++arrivals_;
    if (stopped_ || !grant(claim, false)) return {};
  }
  return resource_share(std::move(claim.share_));
}

void resource_ledger::release(const resource_share::held& share) noexcept {
  told_list told;
  {
    const lock_guard guard(mutex_);
    for (const auto& part : share.demand.parts) {
      pool& p = pools_[part.pool];
      p.free += part.amount;
      --p.holders;
      GLINT_ASSERT(p.free <= p.total, "more was given back than taken", name_of(part.pool));
      mark(p);
    }
    for (const int index : share.devices) {
      device& d = devices_[static_cast<std::size_t>(index)];
      d.free += std::min(share.demand.gpu_units, static_cast<std::int32_t>(units_per_one));
      --d.holders;
      GLINT_ASSERT(d.free <= static_cast<std::int32_t>(units_per_one), "more was given back than taken", index);
      devices_dirty_ = true;
    }
    told = serve();
  }
  tell(told);
}

void resource_ledger::stop(const error& why) noexcept {
  told_list left;
  {
    const lock_guard guard(mutex_);
    stopped_ = why;
    while (report_hook* hook = reports_.any()) {
      resource_claim& claim = *static_cast<resource_claim::waiting_hook*>(hook)->claim;
      leave(claim);
      left.push_back(claim);
    }
    for (pool* p : std::exchange(dirty_, {})) p->dirty = false;  // nobody is left to be looked at
    dirty_.reserve(pools_.size());
  }
  while (resource_claim* claim = left.pop_front()) claim->refused(why);
}

}  // namespace glint::detail
