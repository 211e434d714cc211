// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <glint/core/detail/actor_call.hpp>
#include <glint/core/detail/schedulable_queue.hpp>

namespace glint::detail {

/// A step that a turn runs; on the turn's stack, as the call may be gone when the step is over.
struct call_step {
  call_base* call = nullptr;  ///< Valid until the step has begun, and after it unless it was the last.
  call_manner manner = {};
  bool constructor = false;
  bool last = false;  ///< The record was closed in it; else the call suspended.
};

/// Which calls of an actor may run now: the rules of concurrency, without locks or threads.
///
/// 1. The constructor is alone: nothing else is in progress.
/// 2. A group has at most `limit` calls in progress.
/// 3. A step that reads runs beside other steps that read; any other step runs alone in the object.
/// 4. Among calls that their group's limit lets begin, the one that arrived first begins first; if it must wait for
///    rule 3, all wait, so that neither readers nor writers starve. Calls that are made again come before new ones.
/// 5. A suspended call that can go on comes before every call that has not begun.
/// 6. A save is alone as the constructor is, and is never queued: its owner claims the object when it is quiet.
///
/// Guarded by its owner's lock. All but `take_waiting` and `for_each_in_progress` cost a few instructions, and one look
/// a group where there are groups.
class mailbox {
 public:
  mailbox(std::uint32_t default_limit, const std::vector<std::uint32_t>& group_limits);

  /// Steps that can run at once, at most.
  [[nodiscard]] std::uint32_t steps_max() const noexcept { return steps_max_; }

  /// New calls begin from `open` to `close`; steps of calls in progress always do.
  void open() noexcept { open_ = true; }
  void close() noexcept { open_ = false; }

  void push(call_base& call) noexcept;
  /// A call that is made again.
  void push_again(call_base& call) noexcept;
  void push_constructor(call_base& call) noexcept { constructor_ = &call; }
  /// A suspended call can go on.
  void push_resumable(call_base& call) noexcept;

  /// Shutdown's: no suspended call goes on any more.
  void forget_resumable() noexcept { resumable_ = {}; }

  [[nodiscard]] bool can_take() noexcept { return next().call != nullptr; }
  /// The step to run now, which counts as running from here; null if there is none.
  [[nodiscard]] call_base* take(call_step& step) noexcept;
  void step_over(call_step& step) noexcept;
  /// The call's record is closed: it is in progress no more, while its last step still runs.
  void over(call_base& call) noexcept;

  /// Keeps everything from the object until a save has run, or `release`. Precondition: quiet.
  void claim() noexcept { writer_runs_ = true; }
  void release() noexcept { writer_runs_ = false; }
  /// Counts the save as a step that runs. Precondition: claimed.
  void begin_save(call_base& save, call_step& step) noexcept;

  /// Nothing runs or is suspended.
  [[nodiscard]] bool quiet() const noexcept { return !writer_runs_ && readers_run_ == 0 && !progress_; }
  /// How many calls of `call`'s group may be in progress at once.
  [[nodiscard]] std::uint32_t limit_for(const call_base& call) noexcept { return group_of(call.manner_).limit; }
  /// No call waits to begin.
  [[nodiscard]] bool empty() const noexcept { return waiting_count_ == 0; }

  /// Takes out the calls that wait to begin and for which `leaves` holds; a constructor that waits too.
  template <class Predicate>
  [[nodiscard]] schedulable_queue take_waiting(Predicate leaves) {
    schedulable_queue out;
    if (constructor_ && leaves(*constructor_)) out.push_back(*std::exchange(constructor_, nullptr));
    sift(again_, leaves, out);
    sift(first_.waiting, leaves, out);
    for (group& g : more_) sift(g.waiting, leaves, out);
    return out;
  }
  /// Null if nothing is in progress.
  [[nodiscard]] call_base* any_in_progress() const noexcept { return progress_; }
  template <class Visit>
  void for_each_in_progress(Visit visit) const {
    for (call_base* call = progress_; call; call = call->progress_next_) visit(*call);
  }

 private:
  struct group {
    std::uint32_t limit = 1;
    std::uint32_t in_progress = 0;
    schedulable_queue waiting = {};
  };
  struct choice {
    call_base* call = nullptr;
    schedulable_queue* from = nullptr;
  };
  [[nodiscard]] static call_base* head(const schedulable_queue& queue) noexcept {
    return static_cast<call_base*>(queue.front());
  }
  [[nodiscard]] group& group_of(call_manner manner) noexcept {
    return manner.group == 0 ? first_ : more_[manner.group - 1u];
  }
  [[nodiscard]] bool has_room(const call_base& call) noexcept;
  void link_in_progress(call_base& call) noexcept;
  [[nodiscard]] choice next() noexcept;
  [[nodiscard]] choice next_to_begin() noexcept;

  template <class Predicate>
  void sift(schedulable_queue& queue, Predicate& leaves, schedulable_queue& out) {
    schedulable_queue kept;
    while (auto* call = static_cast<call_base*>(queue.pop_front())) {
      const bool goes = leaves(*call);
      if (goes) --waiting_count_;
      (goes ? out : kept).push_back(*call);
    }
    queue = kept;
  }

  group first_;
  std::vector<group> more_;
  schedulable_queue again_;
  schedulable_queue resumable_;
  call_base* constructor_ = nullptr;
  call_base* progress_ = nullptr;  // newest first
  std::size_t waiting_count_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint32_t steps_max_;
  std::uint32_t readers_run_ = 0;
  bool writer_runs_ = false;
  bool open_ = false;
};

}  // namespace glint::detail
