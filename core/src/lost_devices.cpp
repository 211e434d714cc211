// SPDX-License-Identifier: Apache-2.0
//
// What the ledger does when devices are lost: they leave service, and nobody waits for what cannot come any more.
#include <algorithm>
#include <utility>
#include <vector>

#include "resource_ledger.hpp"

namespace glint::detail {

std::string resource_ledger::lost_devices() const {
  std::string text;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (devices_[i].lost) text += (text.empty() ? "device " : ", ") + std::to_string(i);
  }
  return text;
}

/// Of what is asked for, only devices can be lost. The one that it is bound to is counted as there: see `retire`.
std::optional<error> resource_ledger::hopeless(const resource_claim& claim) const {
  if (lost_count_ == 0 || claim.demand_.gpu_units == 0) return std::nullopt;
  const int wanted = std::max(1, claim.demand_.gpu_units / static_cast<int>(units_per_one));
  int left = static_cast<int>(devices_.size()) - lost_count_;
  if (claim.bound_device >= 0 && devices_[static_cast<std::size_t>(claim.bound_device)].lost) ++left;
  if (wanted <= left) return std::nullopt;
  return error(errc::device_lost, "asks for " + units_text(static_cast<std::uint64_t>(claim.demand_.gpu_units)) +
                                      " gpus (this node has " + std::to_string(devices_.size()) + ", and lost " +
                                      lost_devices() + ")");
}

bool resource_ledger::retire(int index) noexcept {
  std::vector<std::pair<resource_claim*, error>> hopeless_ones;  // a device's loss is rare: it may allocate
  told_list told;
  {
    const lock_guard guard(mutex_);
    if (std::exchange(devices_[static_cast<std::size_t>(index)].lost, true)) return false;
    ++lost_count_;
    // Also who waits only for something else by now: it would come to wait for devices when that is there.
    std::vector<resource_claim*> waiting;
    reports_.for_each(
        [&waiting](report_hook& hook) { waiting.push_back(static_cast<resource_claim::waiting_hook&>(hook).claim); });
    for (resource_claim* claim : waiting) {
      auto why = hopeless(*claim);
      if (!why) continue;
      leave(*claim);
      hopeless_ones.emplace_back(claim, *std::move(why));
    }
    told = serve();  // what they waited for may be another's
  }
  for (const auto& [claim, why] : hopeless_ones) claim->refused(why);
  tell(told);
  return true;
}

int resource_ledger::device_with_room(std::int32_t gpu_units) const noexcept {
  const auto of_each = std::min(gpu_units, static_cast<std::int32_t>(units_per_one));
  const lock_guard guard(mutex_);
  if (device_queue_.first()) return -1;
  int best = -1;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    const device& d = devices_[i];
    if (d.lost || d.queue.first() || d.free < of_each) continue;
    if (best < 0 || d.free > devices_[static_cast<std::size_t>(best)].free) best = static_cast<int>(i);
  }
  return best;
}

}  // namespace glint::detail
