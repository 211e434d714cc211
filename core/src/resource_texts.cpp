// SPDX-License-Identifier: Apache-2.0
//
// What the ledger says in words: what the node lacks, and who waits for what.
#include <algorithm>
#include <utility>

#include "resource_ledger.hpp"

namespace glint::detail {

std::vector<std::string> resource_ledger::shortages(const resource_request& request) const {
  std::vector<std::string> all;
  const auto lacks = [&all](const std::string& what, const std::string& total) {
    all.push_back(what + " (this node has " + total + ")");
  };
  const auto gpu_units = static_cast<std::uint64_t>(request.gpu_units);
  int lost = 0;
  if (gpu_units > 0) {
    const lock_guard guard(mutex_);
    lost = devices_retired_;
  }
  if (gpu_units > static_cast<std::uint64_t>(totals_.devices - lost) * units_per_one) {
    lacks(units_text(gpu_units) + " gpus",
          std::to_string(totals_.devices) + (lost == 0 ? "" : ", of which " + std::to_string(lost) + " lost"));
  }
  if (request.memory_bytes > totals_.memory_bytes) {
    lacks(bytes_text(request.memory_bytes) + " memory", bytes_text(totals_.memory_bytes));
  }
  for (const auto& [name, units] : request.custom) {
    const auto found = std::ranges::find(totals_.custom, name, &std::pair<std::string, std::uint64_t>::first);
    if (found == totals_.custom.end()) {
      lacks(units_text(units) + " " + name, "none");
    } else if (found->second < units) {
      lacks(units_text(units) + " " + name, units_text(found->second));
    }
  }
  return all;
}

const std::string& resource_ledger::name_of(std::uint32_t index) const noexcept {
  static const std::string memory = "memory";
  return index == 0 ? memory : totals_.custom[index - 1].first;
}

std::string resource_ledger::describe(const resource_claim& claim) const {
  std::string text;
  for (std::size_t i = 0; i < claim.demand_.parts.size(); ++i) {
    if (!claim.hooks_[i].queue) continue;
    const auto& part = claim.demand_.parts[i];
    const pool& p = pools_[part.pool];
    const auto show = part.pool == 0 ? &bytes_text : &units_text;
    text += (text.empty() ? "" : ", ") + show(part.amount) + " " + name_of(part.pool) + " (" + show(p.free) + " of " +
            show(p.total) + " free, held by " + std::to_string(p.holders) +
            (p.queue.first() == &claim ? ")" : ", others asked before)");
  }
  if (claim.hooks_.back().queue) text += (text.empty() ? "" : ", ") + describe_devices(claim);
  return text;
}

std::string resource_ledger::describe_devices(const resource_claim& claim) const {
  std::string text = units_text(static_cast<std::uint64_t>(claim.demand_.gpu_units)) + " gpus";
  if (claim.bound_device >= 0) text += " of device " + std::to_string(claim.bound_device);
  text += " (free:";
  std::uint64_t holders = 0;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    text += (i == 0 ? " " : ", ") + units_text(static_cast<std::uint64_t>(devices_[i].free)) + " of device " +
            std::to_string(i);
    holders += devices_[i].holders;
  }
  const bool first = claim.hooks_.back().queue->first() == &claim;
  return text + "; shares held: " + std::to_string(holders) + (first ? ")" : ", others asked before)");
}

}  // namespace glint::detail
