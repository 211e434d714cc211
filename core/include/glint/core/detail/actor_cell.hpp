// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/slab.hpp>
#include <glint/base/type_name.hpp>
#include <glint/core/detail/actor_call.hpp>
#include <glint/core/detail/call_order.hpp>
#include <glint/core/detail/link_queue.hpp>
#include <glint/core/detail/mailbox.hpp>
#include <glint/core/detail/resource_share.hpp>
#include <glint/core/options.hpp>

namespace glint::detail {

class actor_cell;
class state_calls;
class state_keeper;

/// Counts the runtimes of this process; changes only while none can be entered.
inline std::atomic<std::uint64_t> current_runtime_number{0};

/// One thread's worth of an actor's work, as the scheduler sees it. An actor has as many as steps may run at once.
class actor_turn final : public schedulable {
 public:
  explicit actor_turn(actor_cell& cell) noexcept : cell_(cell) {}
  void run() noexcept override;
  void abandon(const error& why) noexcept override;
  [[nodiscard]] std::string subject() const override;

 private:
  actor_cell& cell_;
};

/// Makes the constructor's call anew, from arguments that were kept for it.
class rebuilder {
 public:
  virtual ~rebuilder() = default;
  /// Throws what copying an argument throws.
  [[nodiscard]] virtual construct_base& make(actor_cell& cell) = 0;
};

/// An actor: its object, and what makes its calls run. Thread-safe.
///
/// Three parts: `call_order` keeps each caller's calls in order, `mailbox` says which calls may run now, and *turns*
/// run them: schedulables that take step after step from the mailbox. A turn that finds none goes idle; whoever makes
/// one possible (a call that comes in, a step that ends) starts an idle turn, if not all are active.
///
/// Callers share no lock with the turn of an actor that runs one call at a time and never restarts: its calls come in
/// by a queue, from which the turn fills the mailbox. Protocol (Dekker, seq_cst): who calls pushes, then looks whether
/// somebody has to see to it (`attention_`): the turn sets that before it looks for the last time and goes idle, who
/// ends the actor before it empties the queue.
///
/// Life:
///
///     constructing ──▶ open ──▶ ended          ended: killed, left, constructor failed, device lost, handles gone
///          ▲            │         ▲            restarting: the old object is on its way out; then constructing again
///          └─ restarting ◀────────┘ (never)
///
/// The object is destroyed by a turn, once nothing is in progress: on the way to ended, or when no handle is left and
/// no call. Handles are together the cell's one user; the runtime's list of actors, its directory of names, active
/// turns and calls that are not in the mailbox have holds. Lock order: the directory's, the order's, the mailbox's, a
/// scheduler queue.
class actor_cell : public ref_counted, public slab_allocated {
 public:
  actor_cell(runtime& owner, std::string name, std::uint64_t id, const actor_options& options);

  [[nodiscard]] runtime& owner() const noexcept { return runtime_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& name_space() const noexcept { return namespace_; }
  /// Whether the user named it, so that it is found by its name.
  [[nodiscard]] bool named() const noexcept { return named_; }
  /// Names the actor as a caller, so that its own calls to others keep their order from method to method.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] virtual const std::string& object_type() const noexcept = 0;

  // Handles.
  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  /// False when the actor has ended or its last handle is gone.
  [[nodiscard]] bool try_add_handle() noexcept;
  void drop_handle() noexcept;
  /// Whether try_add_handle would succeed now.
  [[nodiscard]] bool reachable() const noexcept { return !ended_.load() && handles_.load() != 0; }

  // Calls.
  /// Counts a call that is not in the mailbox yet, and will come: the actor does not end before.
  void add_call() noexcept;
  void drop_call() noexcept;
  /// Takes a call in its caller's order and starts it. The call owns itself.
  void enter(call_base& call) noexcept;
  /// The same for a call that is made again: before those that wait.
  void enter_again(call_base& call) noexcept;
  /// The call, which is not made again, has its arguments.
  void arguments_there(call_base& call) noexcept { order_.arguments_there(call); }
  /// Counts a call as pending; false if there are as many as are allowed.
  [[nodiscard]] bool admit() noexcept;
  void pending_over() noexcept { pending_calls_.fetch_sub(1); }
  [[nodiscard]] error too_many_pending() const;
  /// Throws invalid_argument for a group that the actor has not.
  [[nodiscard]] std::uint16_t group_index(std::string_view group) const;
  /// Retries of a call that does not say; 0 for an actor that never restarts.
  [[nodiscard]] int default_retries() const noexcept { return restarts_ ? task_retries_ : 0; }
  /// The same where a call is retried for other reasons, too.
  [[nodiscard]] int task_retries() const noexcept { return task_retries_; }
  [[nodiscard]] bool restarts() const noexcept { return restarts_; }
  /// How often the object was built anew. For one of the actor's steps.
  [[nodiscard]] std::uint32_t restart_count() const noexcept { return restart_count_; }
  /// CPU slots that each of its steps takes, of units_per_slot each; perhaps more than there are.
  [[nodiscard]] std::int32_t cpu_units() const noexcept { return cpu_units_; }
  /// Whether the node has so many.
  [[nodiscard]] bool has_its_cpus() const noexcept { return cpu_units_ == turn_units_; }

  /// A suspended call can go on; as soon as its step may run, before all that is new. May come before the step that
  /// suspended it is over. Thread-safe.
  void call_resumable(call_base& call) noexcept;
  /// The record of a call in progress is closed. False: a restart has found it in progress, and the next life will not
  /// know of it; then its result must not be seen.
  [[nodiscard]] bool call_over(call_base& call) noexcept;

  /// See task_base::hindrances. Thread-safe.
  [[nodiscard]] std::vector<std::vector<task_pin>> hindrances_of(const call_base& call);

  // Life.
  /// Starts the constructor's call, which owns itself. A cell that never comes so far goes with its handle.
  void begin(call_base& constructor) noexcept;
  /// The constructor's arguments are there: from now on turns run, the constructor first.
  void construct(call_base& call) noexcept;
  void keep_for_restart(std::unique_ptr<rebuilder> maker) noexcept;
  /// The object can be saved: if this may restart, that is done after every so many calls that change it, or when asked
  /// for. Before `begin`.
  void keep_states(std::unique_ptr<const state_calls> calls, std::uint32_t every);
  [[nodiscard]] bool can_be_saved() const noexcept { return can_be_saved_; }
  /// Saves the object once no call is in progress; does nothing for an actor that never restarts. One of its steps'.
  void ask_for_save() noexcept;
  /// Lives without handles until it ends. Before `begin`.
  void live_detached() noexcept;
  /// Nobody will call the constructor: the arguments could not be made.
  void cannot_begin(std::exception_ptr thrown) noexcept;
  /// `kill`, by whoever calls it. Within `max_restarts` builds the actor anew if `restart` is set.
  void kill(bool restart) noexcept;
  /// `exit_actor`: calls in progress complete, all others fail.
  void leave() noexcept;
  /// The constructor's call fails by itself: there is nothing to stop any more.
  void constructor_over(const construct_base& call) noexcept;
  /// `part` (see construct_base) of life `life` failed, in its body or behind it.
  void construction_failed(const char* part, const error& failure, std::uint32_t life) noexcept;
  /// A call of life `life` failed because a device was lost; if it was the actor's own device, the actor restarts, or
  /// ends. `call` fails by itself, if it is not null.
  void device_failed(const error& failure, std::uint32_t life, const call_base* call) noexcept;
  /// Counts the times that the actor was built anew, from 0.
  [[nodiscard]] std::uint32_t life() noexcept;
  /// Whether a call of life `life` that failed may be made again: the actor was, or is being, built anew.
  [[nodiscard]] bool lives_on_after(std::uint32_t life) noexcept;
  /// Why a call fails that a restart has found in progress. For one whose step is not over.
  [[nodiscard]] error why_unavailable() noexcept;
  /// Why it has ended; nothing while it lives.
  [[nodiscard]] std::optional<error> why_ended() noexcept;
  /// Shutdown's, after the workers have stopped: fails what is queued and destroys the object.
  void stop(const error& why) noexcept;
  /// True after `stop`, and in another runtime's time than its own: a handle from before a shutdown. An actor that had
  /// ended before is stopped by nobody.
  [[nodiscard]] bool stopped() const noexcept {
    return stopped_.load(std::memory_order_acquire) || runtime_number_ != current_runtime_number.load();
  }

  // Device.
  /// Fixes the device on which this actor's device code runs.
  void bind(intrusive_ptr<gpu::device_context> device) noexcept { device_ = std::move(device); }
  /// For whoever is not one of the actor's steps. Null while it is open.
  [[nodiscard]] intrusive_ptr<gpu::device_context> device_now() noexcept;
  /// Whether the device is yet to be known: it will be that of the share that is asked for, and device calls wait for
  /// it as for an argument.
  [[nodiscard]] bool device_open() const noexcept { return device_open_.load(std::memory_order_acquire); }
  /// What they wait for; null if the device is known.
  [[nodiscard]] intrusive_ptr<store::entry> device_to_come() noexcept;
  /// Fixes a device that is open, or leaves it null as none will come. Does nothing to one that is known.
  void settle_device(intrusive_ptr<gpu::device_context> device) noexcept;
  /// The actor's own stream, made at its first device call: its members are in stream order from call to call.
  [[nodiscard]] glint::result<intrusive_ptr<gpu::stream>> stream();
  /// What the constructor, or `load`, failed with behind the end of its body on a device; nothing while it has not.
  [[nodiscard]] std::optional<error> failure_behind_constructor() const;
  /// A device call begins. It depends on the one before it, if that is still under way: members are in its hands. Asked
  /// before the body enqueues anything, as what it enqueues fails with that one, though it may have settled since.
  void depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept;
  /// A device call, or the constructor, was issued: the next one depends on what this returns, which says how the
  /// call's work ends. An object without a value: an actor must not keep what its last call made, nor hear of a cancel
  /// of that.
  [[nodiscard]] hold_ptr<store::entry> chain(call_base& call);

  // Of the runtime's list of actors, and guarded by its lock.
  actor_cell* previous_actor = nullptr;
  actor_cell* next_actor = nullptr;
  bool listed = false;

  resource_share resources;  ///< Held for life: owner-thread only, from when it is granted.
  /// What it asks for, again in each life; null for nothing. Set before `begin`.
  std::unique_ptr<resource_request> wanted;
  /// Gives them back when its last call on a device has run. The mailbox's thread, when no call will come any more, or
  /// between two lives.
  void give_back_resources() noexcept;

 protected:
  ~actor_cell() override;
  virtual void destroy_object() noexcept = 0;

 private:
  friend class actor_turn;
  friend class call_order;
  enum class phase : std::uint8_t { constructing, open, restarting, ended };
  /// What a turn has to do when nothing is in progress.
  enum class duty : std::uint8_t { none, destroy, rebuild, restore, save };
  struct turn_start {
    bool wanted = false;
    actor_turn* turn = nullptr;  ///< Null: a new one is to be made.
  };
  /// Calls that one turn runs at most, so that a busy actor lets others have the slot.
  static constexpr int calls_per_turn = 32;

  // actor_cell.cpp: calls and turns
  /// Calls that came too late, and why: to be abandoned under no lock.
  struct turned_away {
    schedulable_queue calls = {};
    std::optional<error> why = {};
    void abandon() noexcept;
  };
  /// Hands the call to the mailbox; what that does not take is the caller's to abandon.
  [[nodiscard]] turned_away deliver(call_base& call) noexcept;
  [[nodiscard]] turned_away deliver_by_lock(call_base& call) noexcept;
  [[nodiscard]] turned_away attend() noexcept;
  /// Moves calls that have come in to the mailbox, up to so many. True: there were some.
  bool fill_mailbox() noexcept GLINT_REQUIRES(mailbox_mutex_);
  /// All that wait to begin, or have come in.
  [[nodiscard]] schedulable_queue take_waiting() noexcept GLINT_REQUIRES(mailbox_mutex_);
  [[nodiscard]] call_base* next_call(call_step& step) noexcept GLINT_REQUIRES(mailbox_mutex_);
  /// Whether a turn that has had its share would find a step to run.
  [[nodiscard]] bool more_to_run() noexcept GLINT_REQUIRES(mailbox_mutex_);
  [[nodiscard]] std::optional<error> refusal_of(const call_base& call) const GLINT_REQUIRES(mailbox_mutex_);
  [[nodiscard]] turn_start turn_for_step() noexcept GLINT_REQUIRES(mailbox_mutex_);
  [[nodiscard]] turn_start turn_for_duty() noexcept GLINT_REQUIRES(mailbox_mutex_);
  [[nodiscard]] turn_start start_turn() noexcept GLINT_REQUIRES(mailbox_mutex_);
  void launch(turn_start start) noexcept;
  void queue(actor_turn& turn) noexcept;
  void queue_last(actor_turn& turn) noexcept;
  void run_turn(actor_turn& turn) noexcept;
  void abandon_turn(actor_turn& turn, const error& why) noexcept;
  void abandon_waiting(const error& why) noexcept;
  [[nodiscard]] call_base* mailbox_in_progress() noexcept;
  void step_over(call_step& step) noexcept GLINT_REQUIRES(mailbox_mutex_);

  // actor_life.cpp: its states
  [[nodiscard]] duty next_duty() noexcept GLINT_REQUIRES(mailbox_mutex_);
  /// `step` is the one that runs when this returns, if there is one.
  void perform(duty what, call_step& step) noexcept;
  void finish() noexcept;
  void rebuild() noexcept;
  /// Starts a constructor's or a load's call, or ends the actor if there is none for `failure`, where `phase_` still is
  /// `expected`.
  void begin_building(construct_base* call, const std::optional<error>& failure, phase expected) noexcept;
  void on_last_handle() noexcept;
  /// Ends the actor for good: what waits fails with `why`, and so do the calls in progress, if `in_progress` is set,
  /// but for `except`, which fails by itself.
  void end(const error& why, bool in_progress, const call_base* except = nullptr) noexcept;
  /// `sound`: the object is as the last call that completed left it.
  void begin_restart(const error& why, const call_base* except, bool sound) noexcept;
  /// Sees to it that a state and the results that are seen agree: see call_over.
  void doom_for_states(bool sound) noexcept GLINT_REQUIRES(mailbox_mutex_);
  enum class saves : std::uint8_t { included, left_out };
  [[nodiscard]] std::vector<task_pin> calls_in_progress(const call_base* except, saves own = saves::included)
      GLINT_REQUIRES(mailbox_mutex_);
  static void stop_calls(std::vector<task_pin> calls, const error& why) noexcept;
  void set_ended() GLINT_REQUIRES(mailbox_mutex_);
  /// Why calls are not taken; nothing while they are.
  [[nodiscard]] std::optional<error> why_closed() const GLINT_REQUIRES(mailbox_mutex_);
  void fail_late_calls(const error& why) noexcept;

  // actor_state.cpp
  class state_arrival;
  /// Whether a save is due and may run, which keeps all else from the object then.
  [[nodiscard]] bool claim_save() noexcept GLINT_REQUIRES(mailbox_mutex_);
  void save(call_step& step) noexcept;
  void keep_state(store::entry& made) noexcept;
  void state_arrived(intrusive_ptr<store::entry> state) noexcept;
  void no_state_arrived(const error& why) noexcept;
  [[nodiscard]] turn_start turn_for_state() noexcept GLINT_REQUIRES(mailbox_mutex_);
  void restore() noexcept;

  // actor_device.cpp
  /// Moves to another device if the actor's is lost. An error if it needs one and none is left.
  [[nodiscard]] std::optional<error> leave_lost_device();
  void move_to(intrusive_ptr<gpu::device_context> device) noexcept;

  runtime& runtime_;
  const std::uint64_t runtime_number_ = current_runtime_number.load();
  const std::string name_;
  const std::string namespace_;
  const std::uint64_t id_;
  const bool named_;
  const bool restarts_;
  const int task_retries_;
  const std::uint32_t max_pending_;
  const std::int32_t cpu_units_;
  const std::int32_t turn_units_;  // the same, or one slot where there are not so many: nothing but failures runs then
  const std::vector<std::string> groups_;  // from index 1 on; 0 is the default one
  std::unique_ptr<rebuilder> rebuilder_;   // set and taken under the lock; between these a turn's own
  std::unique_ptr<state_keeper> states_;   // set before it begins; null unless it restarts, and has save and load
  bool can_be_saved_ = false;              // written before it begins
  bool begun_ = false;                     // written by the thread that spawns

  std::atomic<std::uint64_t> handles_{1};
  std::atomic<std::uint64_t> coming_calls_{0};
  std::atomic<std::uint32_t> pending_calls_{0};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> ended_{false};     // phase_ == ended, for those without the lock
  std::atomic<bool> detached_{false};  // the runtime has a handle
  std::atomic<bool> on_stream_{false};
  std::atomic<bool> device_open_;  // cleared with device_to_come_, for those without the lock

  call_order order_;

  /// What callers write lies apart from what turns write.
  link_queue<call_base> incoming_;
  std::atomic<bool> attention_{true};  ///< No turn will look by itself into incoming_, or nothing is taken any more.
  const bool calls_come_in_;           ///< By incoming_; else straight into the mailbox.

  alignas(64) spin_mutex mailbox_mutex_;
  mailbox mailbox_ GLINT_GUARDED_BY(mailbox_mutex_);
  call_base* coming_constructor_ GLINT_GUARDED_BY(mailbox_mutex_) = nullptr;  // it waits for arguments or resources
  actor_turn first_turn_;
  schedulable_queue idle_turns_ GLINT_GUARDED_BY(mailbox_mutex_);
  std::uint32_t active_turns_ GLINT_GUARDED_BY(mailbox_mutex_) = 0;
  std::uint32_t life_ GLINT_GUARDED_BY(mailbox_mutex_) = 0;
  int restarts_left_ GLINT_GUARDED_BY(mailbox_mutex_);
  phase phase_ GLINT_GUARDED_BY(mailbox_mutex_) = phase::constructing;
  bool constructor_runs_ GLINT_GUARDED_BY(mailbox_mutex_) = false;  // up to the end of load, if there is one
  bool duty_taken_ GLINT_GUARDED_BY(mailbox_mutex_) = false;
  bool handles_gone_ GLINT_GUARDED_BY(mailbox_mutex_) = false;   // the last one went: look whether it is over
  bool finished_ GLINT_GUARDED_BY(mailbox_mutex_) = false;       // the object is destroyed for good
  bool user_released_ GLINT_GUARDED_BY(mailbox_mutex_) = false;  // the handles' count on this
  // Why calls are not taken: it ended, or restarts. Empty when it ended for want of handles: hardly anybody asks.
  std::optional<error> closed_ GLINT_GUARDED_BY(mailbox_mutex_);

  intrusive_ptr<gpu::device_context> device_;  // changes under the lock and in no step
  intrusive_ptr<store::entry> device_to_come_ GLINT_GUARDED_BY(mailbox_mutex_);
  std::uint32_t restart_count_ = 0;  // changes in the turn that rebuilds, while no step runs
  // Of whoever runs a step that is alone, and of the turn that rebuilds.
  intrusive_ptr<gpu::stream> stream_;
  hold_ptr<store::entry> construction_;   // how the constructor ends, or load, if it ran on a device
  const char* construction_part_ = "";    // which of them
  hold_ptr<store::entry> last_issued_;    // how the newest device call of this life ends
  hold_ptr<store::entry> issued_before_;  // the same of the lives before: what they enqueued may still run
};

/// An actor of class `Type`.
template <class Type>
class actor_of final : public actor_cell {
 public:
  using actor_cell::actor_cell;
  /// Precondition: constructed.
  [[nodiscard]] Type& object() noexcept { return slot_.object; }
  template <class... Args>
  void emplace(Args&&... args) {
    std::construct_at(&slot_.object, std::forward<Args>(args)...);
    constructed_ = true;
  }
  [[nodiscard]] const std::string& object_type() const noexcept override { return type_name<Type>(); }

 private:
  /// Room for an object that comes later: types need neither move nor have a default.
  union slot {
    slot() noexcept {}
    ~slot() {}
    Type object;
  };
  ~actor_of() override { destroy_object(); }
  void destroy_object() noexcept override {
    if (std::exchange(constructed_, false)) std::destroy_at(&slot_.object);
  }

  slot slot_;
  bool constructed_ = false;
};

}  // namespace glint::detail
