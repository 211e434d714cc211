// SPDX-License-Identifier: Apache-2.0
#include "work_queues.hpp"

#include <array>
#include <utility>

namespace glint::detail {
namespace {

/// Prime to each other and not all small: a batch of 32 that is taken again and again does not keep out what is old.
constexpr std::uint32_t own_oldest_each = 31;
constexpr std::uint32_t injected_each = 32;
constexpr std::uint32_t others_each = 61;

}  // namespace

bool work_queues::push(std::size_t lane, schedulable& item) noexcept {
  auto& work = lanes_[lane].work;
  if (!work.push<std::memory_order_seq_cst>(&item)) {
    inject(item);
    return true;
  }
  return work.size() > 1;
}

schedulable* work_queues::take(std::size_t lane, sightings& seen) noexcept {
  auto& own = lanes_[lane];
  schedulable* item = nullptr;
  const std::uint32_t now = ++own.takes;
  if (now % injected_each == 0) item = take_one_injected();
  if (!item && now % own_oldest_each == 0) item = own.work.steal();
  if (!item && now % others_each == 0) item = rob(lane, seen);
  if (!item) item = own.work.pop();
  seen.took_many_ = false;
  if (!item) item = take_injected(own, seen.took_many_);
  if (!item) item = rob(lane, seen);
  return item;
}

schedulable* work_queues::take_one_injected() noexcept {
  std::array<schedulable*, 1> out{};
  return injected_.take(out) != 0 ? out.front() : nullptr;
}

/// Some at a time, for an own lane that is empty; where others can steal them, and the oldest is run first.
schedulable* work_queues::take_injected(lane_work& own, bool& many) noexcept {
  if (injected_.looks_empty()) return nullptr;
  std::array<schedulable*, 32> out{};
  const std::size_t n = injected_.take(out);
  if (n == 0) return nullptr;
  for (std::size_t i = n - 1; i > 0; --i) {  // announced, as the caller then looks for a thread that sleeps
    if (!own.work.push<std::memory_order_seq_cst>(out[i])) inject(*out[i]);
  }
  many = n > 1;
  return out.front();
}

bool work_queues::take_if_oldest(std::size_t lane, const schedulable& item) noexcept {
  schedulable* const oldest = take_one_injected();
  if (oldest == &item) return true;
  if (oldest) (void)push(lane, *oldest);
  return false;
}

schedulable* work_queues::take_from_any() noexcept {
  if (schedulable* item = take_one_injected()) return item;
  for (auto& l : lanes_) {
    if (schedulable* item = l.work.steal()) return item;
  }
  return nullptr;
}

schedulable* work_queues::rob(std::size_t own, sightings& seen) noexcept {
  const std::size_t n = lanes_.size();
  for (std::size_t i = 1; i < n; ++i) {
    const std::size_t victim = (own + i) % n;
    if (!worth_robbing(victim, seen)) continue;
    if (schedulable* item = lanes_[victim].work.steal()) return item;
  }
  return nullptr;
}

bool work_queues::worth_robbing(std::size_t lane, sightings& seen) const noexcept {
  const auto there = lanes_[lane].work.look();
  const std::int64_t before = std::exchange(seen.begins_[lane], there.size == 1 ? there.begin : -1);
  return there.size > 1 || (there.size == 1 && there.begin == before);
}

bool work_queues::any_lane_to_rob(sightings& seen) const noexcept {
  bool any = false;
  for (std::size_t i = 0; i < lanes_.size(); ++i) any = worth_robbing(i, seen) || any;
  return any;
}

bool work_queues::any() const noexcept {
  if (any_injected()) return true;
  for (const auto& l : lanes_) {
    if (l.work.look().size != 0) return true;
  }
  return false;
}

work_queues::state work_queues::state_of(std::size_t queue) const noexcept {
  if (queue == lanes_.size()) return {.empty = injected_.looks_empty(), .taken = injected_.taken()};
  const auto there = lanes_[queue].work.look();
  return {.empty = there.size == 0, .taken = static_cast<std::uint64_t>(there.begin)};
}

std::string work_queues::name_oldest(std::size_t queue) {
  std::string name;
  if (queue == lanes_.size()) {
    injected_.look_at_oldest([&name](const schedulable& oldest) { name = oldest.subject(); });
  } else if (schedulable* item = lanes_[queue].work.steal()) {
    name = item->subject();
    inject(*item);
  }
  return name;
}

std::size_t work_queues::count() noexcept {
  std::size_t n = injected_.count(count_max);
  for (const auto& l : lanes_) n += static_cast<std::size_t>(l.work.look().size);
  return n;
}

}  // namespace glint::detail
