// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <glint/core/detail/task.hpp>

namespace glint::detail {

class actor_cell;
class call_base;
struct call_step;

/// What a call that may be made again has to know of an attempt. Counted: the attempt's record may outlive the interest
/// in it, and whoever makes attempts the record.
class attempt_state final : public ref_counted {
 public:
  attempt_state(std::uint32_t actors_life, std::uint64_t calls_id, std::uint32_t tries_before) noexcept
      : life(actors_life), id(calls_id), number(tries_before) {}
  const std::uint32_t life;    ///< The actor's life when the attempt was made.
  const std::uint64_t id;      ///< The call's, the same in every attempt.
  const std::uint32_t number;  ///< Attempts before it whose body was called.
  bool begun = false;  ///< Its body was about to be called: to make it again costs a retry. Under the mailbox lock.
};

/// How a call takes part in its actor, besides its arguments.
struct call_manner {
  std::uint16_t group = 0;  ///< Index of its concurrency group; 0: the default one.
  bool reads = false;       ///< A const method on the host: may run beside others of its kind.
  bool changes = true;      ///< Not a const method: afterwards the object may be worth saving.
};

/// A call of a method (or the constructor): a task that its actor's mailbox runs.
///
/// It is *queued* until a turn takes it, then *in progress* until its record is closed; within that, its body runs in
/// one or more *steps*: a method is one step, a coroutine one from each resumption to the next suspension.
class call_base : public task_base {
 public:
  [[nodiscard]] actor_cell& cell() const noexcept { return cell_; }
  /// "call counter::add on actor hits"
  [[nodiscard]] std::string subject() const override;
  [[nodiscard]] bool is_constructor() const noexcept { return constructor_; }
  /// Whether it is the runtime's own, which saves the object.
  [[nodiscard]] virtual bool is_save() const noexcept { return false; }
  /// The actor's life in which it began; for its own thread.
  [[nodiscard]] std::uint32_t life() const noexcept { return life_; }

  [[nodiscard]] schedulable* queued_as() noexcept override { return nullptr; }

  /// Runs one step on the calling thread, the mailbox's. Where the last one ends, the record may be gone.
  void run_step() noexcept { execute(); }

  /// Before the call is entered.
  void set_manner(call_manner manner) noexcept { manner_ = manner; }
  void set_attempt(intrusive_ptr<attempt_state> attempt, std::uint64_t caller) noexcept {
    attempt_ = std::move(attempt);
    caller_ = caller;
    leave_failure_uncounted();
  }

 protected:
  call_base(const task_traits& traits, actor_cell& cell, bool constructor = false) noexcept;
  ~call_base() override;

  void runnable() noexcept override;
  [[nodiscard]] actor_cell* actor() const noexcept override { return &cell_; }
  [[nodiscard]] glint::result<leased_stream> lease_stream() override;
  [[nodiscard]] std::optional<error> refusal() noexcept override;
  void failing(const error& failure) noexcept override;
  [[nodiscard]] std::uint64_t caller_id() noexcept override;
  [[nodiscard]] bool retriable() const noexcept override { return false; }
  [[nodiscard]] std::span<const int> reserved_devices() const noexcept override;
  void describe(task_info& info) override;
  /// The record is closed: the actor must not find it any more.
  void let_go() noexcept override;
  void resumable() noexcept override;
  void no_longer_pending() noexcept override;
  [[nodiscard]] intrusive_ptr<gpu::device_context> own_device() noexcept override;
  void depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept override;
  [[nodiscard]] hold_ptr<store::entry> chain() override;
  void count() noexcept override;

 private:
  friend class actor_cell;
  friend class call_order;
  friend class mailbox;

  void wait_for_device();

  actor_cell& cell_;
  std::uint64_t caller_ = 0;
  call_manner manner_;
  const bool constructor_;
  intrusive_ptr<attempt_state> attempt_;  // of a call that may be made again
  bool counted_ = false;                  // by add_call
  std::atomic<bool> pending_{false};      // counts among the actor's pending calls
  bool again_ = false;                    // not the first attempt
  bool arguments_there_ = false;          // guarded by the order's lock
  // For the actor's device, of a call that was made before that was known; else null.
  std::unique_ptr<ref_argument> device_wait_;
  // Guarded by the cell's mailbox lock.
  bool in_progress_ = false;
  bool doomed_ = false;        // a restart found it in progress; of an actor whose state is saved
  bool resume_due_ = false;    // became resumable before the step that suspended it was over
  call_step* step_ = nullptr;  // while one runs
  std::uint64_t arrival_ = 0;
  std::uint32_t life_ = 0;  // of the actor, when it began
  call_base* progress_previous_ = nullptr;
  call_base* progress_next_ = nullptr;

  void fail_for_restart() noexcept;
};

/// The constructor's call: runs before every method's, and decides whether the actor lives.
class construct_base : public call_base {
 protected:
  construct_base(const task_traits& traits, actor_cell& cell) noexcept : call_base(traits, cell, true) {}

 public:
  /// "actor hits"
  [[nodiscard]] std::string subject() const override { return task_base::subject(); }
  /// Which part of building the object it is, for messages.
  [[nodiscard]] virtual const char* part() const noexcept { return "the constructor"; }

 protected:
  void runnable() noexcept override;
  [[nodiscard]] std::optional<error> refusal() noexcept override { return std::nullopt; }
  void failing(const error& failure) noexcept override;
  void keep_resources(resource_share& share) noexcept override;
  void device_granted() noexcept override;
};

/// The call of an actor's `load`, behind the constructor of a new life: until it has run, the object is not built.
class load_base : public construct_base {
 protected:
  load_base(const task_traits& traits, actor_cell& cell) noexcept : construct_base(traits, cell) {}

 public:
  /// "call counter::load on actor hits"
  [[nodiscard]] std::string subject() const override { return call_base::subject(); }
  [[nodiscard]] const char* part() const noexcept override { return "load"; }

 protected:
  /// The constructor may have failed behind its end.
  [[nodiscard]] std::optional<error> refusal() noexcept override { return call_base::refusal(); }
  void count() noexcept override {}
};

/// The call of an actor's `save`, which no caller made: its turn runs it between two calls. It takes nothing, so it
/// never waits in a queue.
class save_base : public call_base {
 protected:
  save_base(const task_traits& traits, actor_cell& cell) noexcept : call_base(traits, cell) {
    set_manner({.group = 0, .reads = false, .changes = false});
  }

 public:
  [[nodiscard]] bool is_save() const noexcept override { return true; }

 protected:
  /// Who started it runs it.
  void runnable() noexcept override {}
  void count() noexcept override {}
};

}  // namespace glint::detail
