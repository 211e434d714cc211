// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <glint/core/detail/injection_queue.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/core/detail/work_deque.hpp>

namespace glint::detail {

/// Runnable work: a deque a lane, for what its bodies submit or make runnable, and one queue for what comes from
/// elsewhere. docs/decisions/0010 says why these.
///
/// Order: the owner of a lane takes its newest, then of the other queue in order of arrival, then the oldest of other
/// lanes. So that nobody starves, each 31st take is of its own oldest, each 32nd of the queue, each 61st of others.
///
/// A single item in another's lane is left to its owner, who is about to take it, unless it lies there for a while: a
/// chain of short tasks would else go from core to core at each link, and so would all that they touch.
///
/// Lock-free, thread-safe; `lane` is always one that the caller holds.
class work_queues {
 public:
  /// What one thread saw in lanes when it last looked: tells which single items lie there for a while.
  class sightings {
   public:
    explicit sightings(const work_queues& queues) : begins_(queues.lanes(), -1) {}

    /// The last `take` moved more than it gave into the own lane, where others may rob it: they are to be told.
    [[nodiscard]] bool took_many() const noexcept { return took_many_; }

   private:
    friend class work_queues;
    std::vector<std::int64_t> begins_;  // of lanes that had a single item
    bool took_many_ = false;
  };

  explicit work_queues(std::size_t lanes) : lanes_(lanes) {}

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }

  /// Into a lane; a full one gives it to all. False: it is the only item there, and the owner's next.
  bool push(std::size_t lane, schedulable& item) noexcept;
  /// To be taken in order of arrival, by any.
  void inject(schedulable& item) noexcept { injected_.push(item); }

  /// What to run next; null if there is nothing, or nothing that is not about to be taken by others.
  [[nodiscard]] schedulable* take(std::size_t lane, sightings& seen) noexcept;
  /// Whether `item` is the oldest from elsewhere: then it is taken out. If another is, that may be moved into the lane.
  [[nodiscard]] bool take_if_oldest(std::size_t lane, const schedulable& item) noexcept;
  /// The oldest of any queue, from whoever has it; null if all are empty.
  [[nodiscard]] schedulable* take_from_any() noexcept;

  /// Whether there is any work. seq_cst: for who has said that it sleeps.
  [[nodiscard]] bool any() const noexcept;
  [[nodiscard]] bool any_injected() const noexcept { return !injected_.looks_empty(); }
  /// Whether there is work in lanes that `take` would give to who holds an empty one.
  [[nodiscard]] bool any_lane_to_rob(sightings& seen) const noexcept;

  // ---- for reports: queues are lanes and, as the last, the one for all

  [[nodiscard]] std::size_t queues() const noexcept { return lanes_.size() + 1; }
  struct state {
    bool empty;
    std::uint64_t taken;  ///< Ever: as long as this has not changed, the oldest is the same.
  };
  [[nodiscard]] state state_of(std::size_t queue) const noexcept;
  /// Whose the oldest is, as `subject` says; empty if there is none. Wake somebody afterwards: an item of a lane goes
  /// to all, since nobody may look at what its owner may take; of the other queue, who took meanwhile got nothing.
  [[nodiscard]] std::string name_oldest(std::size_t queue);
  /// How many items there are in all; of the queue for all up to `count_max`.
  [[nodiscard]] std::size_t count() noexcept;
  static constexpr std::size_t count_max = 10'000;

 private:
  struct alignas(64) lane_work {
    work_deque<schedulable> work;
    std::uint32_t takes = 0;  // the owner's
  };

  [[nodiscard]] schedulable* take_one_injected() noexcept;
  [[nodiscard]] schedulable* take_injected(lane_work& own, bool& many) noexcept;
  [[nodiscard]] schedulable* rob(std::size_t own, sightings& seen) noexcept;
  [[nodiscard]] bool worth_robbing(std::size_t lane, sightings& seen) const noexcept;

  std::vector<lane_work> lanes_;
  injection_queue<schedulable> injected_;
};

}  // namespace glint::detail
