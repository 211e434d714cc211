// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/slab.hpp>
#include <glint/core/detail/injection_queue.hpp>
#include <glint/core/detail/object_maker.hpp>
#include <glint/core/detail/task_settings.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/store/entry.hpp>

namespace glint::detail {

class runtime;
class task_base;
class task_pin;
class task_claim;
class actor_cell;
class resource_share;
struct device_origin;
struct resource_request;
/// So that only the few who make claims know the type.
struct task_claim_deleter {
  void operator()(task_claim* claim) const noexcept;
};
}  // namespace glint::detail

namespace glint {
struct task_info;
}

namespace glint::detail {

/// Resources are counted in fixed point: this many units are one CPU slot or one device.
inline constexpr std::int32_t units_per_slot = 10'000;

/// Something that a worker thread runs: a task, or an actor with calls in its mailbox. Intrusive: queues link it and
/// allocate nothing.
class schedulable : public injection_link<> {
 public:
  /// Runs on a worker that holds a CPU slot. Owns itself: the caller must not touch it afterwards.
  virtual void run() noexcept = 0;
  /// Instead of `run` when the runtime stops.
  virtual void abandon(const error& why) noexcept = 0;
  /// "task add", for errors and messages. Runs no user code.
  [[nodiscard]] virtual std::string subject() const = 0;

 protected:
  ~schedulable() = default;
};

/// An argument that is a ref: waits for the object, is given where the task runs, and hands its value over.
class ref_argument : public store::waiter {
 public:
  ref_argument(intrusive_ptr<store::entry> source, bool owns) noexcept
      : waiter(store::readiness::ready), owns_(owns), object_(std::move(source)) {}

  ~ref_argument() override {
    unpin();
    object_->drop_issued_tensors();
  }

  void level_reached(store::entry& e) noexcept override;

  /// What the body reads: the object itself, or its copy where the task runs.
  [[nodiscard]] store::entry& object() const noexcept { return *object_; }
  /// True for a parameter `T`, which takes the value, false for `const T&`, which borrows it.
  [[nodiscard]] bool owns() const noexcept { return owns_; }
  /// True when the value may be moved out: this argument is the only holder, or has a private copy.
  [[nodiscard]] bool may_move() const noexcept { return private_ || object_->unique(); }
  /// True when what the body takes is a copy, and the object itself is kept for another attempt.
  [[nodiscard]] bool has_original() const noexcept { return static_cast<bool>(original_); }
  [[nodiscard]] const ref_argument* next() const noexcept { return next_; }

 private:
  friend class task_base;
  friend class placement;
  void unpin() noexcept {
    if (std::exchange(pinned_, false)) object_->unpin();
  }

  bool owns_;
  bool pinned_ = false;   // object_ stays where it is
  bool private_ = false;  // object_ is a copy that nobody else knows
  task_base* task_ = nullptr;
  ref_argument* next_ = nullptr;
  intrusive_ptr<store::entry> object_;
  intrusive_ptr<store::entry> original_;  // what object_ is a copy of, if there may be another attempt; else null
};

/// What is known of a task besides its function and arguments.
struct task_traits {
  const std::string& (*name)();  ///< The function's readable name.
  const char* kind;              ///< "task", "call" or "actor", in errors.
  bool on_device;                ///< Takes a gpu_context&.
  bool users_body = true;        ///< What it throws is the user's; else it is the runtime's own error (a launch's).
  bool chooses = false;          ///< It is one of several functions; the task chooses when its arguments are known.
};

/// How a body returned to its caller.
enum class progress : std::uint8_t {
  done,       ///< The results are constructed.
  suspended,  ///< A coroutine gave the thread back. It may run elsewhere by now: the record must not be touched.
};

/// Why there can be no other attempt, if there can be none.
enum class no_retry : std::uint8_t { none, argument_moved_in, function_object_called, objects_yielded };

/// What a suspended coroutine waits for. Lives in the coroutine's frame.
class suspension {
 public:
  /// Ends the wait from outside, under the task's lock. True: what was awaited will not resume the coroutine, so the
  /// caller has to. False: it is being resumed already.
  [[nodiscard]] virtual bool withdraw() noexcept = 0;
  /// The object that is awaited; null for what is no object. Under the task's lock.
  [[nodiscard]] virtual store::entry* awaited() const noexcept { return nullptr; }

 protected:
  ~suspension() = default;
};

/// A task from submission to its published results, whatever its types. Stages, each entered once an attempt:
///
///     start: waits until every ref argument is known (ready; or issued, where tensors may have to move or the
///            task runs on a device)
///     place: chooses the device, asks for copies of tensors that lie elsewhere, waits for these
///     runnable: handed to the scheduler or the actor's mailbox
///     execute: arguments taken, body called, results or error published
///
/// Owned by its stage: waiters of its arguments, then a queue, then the running thread; a coroutine goes back to what
/// it waits for and from there to a queue. Thread-safe through these hand-overs. `stop` is the exception: it comes from
/// any thread at any time, through a pin, and touches only what is atomic or under `mutex_`.
///
/// Memory: the stage has one pin; entries hand out more while they are pending (see store::producer), a child has one
/// on its parent, a timer one on its task. The last unpin deletes. Arguments are destroyed before the results are
/// published, so that who sees a result also sees these refs gone.
///
/// Budget of a task on values without options, submitted from outside: one allocation (the record, from a slab) besides
/// the result's entry, no lock but the queue's and the entry's.
class task_base : public schedulable, public object_maker, public slab_allocated {
 public:
  task_base(const task_base&) = delete;
  task_base& operator=(const task_base&) = delete;

  /// Begins the first stage. The task owns itself from here.
  void start() noexcept;
  /// Fails before its start with what its options ask for and the node could never give.
  void refuse(error why) noexcept { failure_ = std::make_unique<const error>(std::move(why)); }
  /// Makes the task ask the ledger for `request`, once its arguments are known. Refuses it if the node does not have
  /// that much, or not so many CPU slots. Before its start.
  void require(const resource_request& request);
  [[nodiscard]] runtime& owner() const noexcept { return runtime_; }
  /// The claim's: what was asked for is there.
  void resources_granted() noexcept;
  /// The admission's: there is room for it on its device, or it was refused.
  void room_granted() noexcept;
  /// What is known of its need of device memory. Precondition: it has come to ask for room.
  [[nodiscard]] memory_demand& memory() noexcept { return *settings_->memory; }
  [[nodiscard]] const task_traits& traits() const noexcept { return *traits_.load(std::memory_order_relaxed); }
  /// Its body waits: what was set apart for it on its device is others' meanwhile. Body-thread only.
  void give_back_room() noexcept;
  void run() noexcept final;
  void abandon(const error& why) noexcept final;

  void pin() noexcept final { pins_.fetch_add(1, std::memory_order_relaxed); }
  void unpin() noexcept final;
  void end(const error& why) noexcept final { (void)stop(why, false); }

  /// Ends the task for its users: what is pending of its results fails with `why`, its stop token is set, and whatever
  /// it waits for is withdrawn; a body that runs goes on until it returns. With `children`, those that it submitted end
  /// too. Precondition: pinned. False if it had finished.
  virtual bool stop(const error& why, bool children) noexcept;
  [[nodiscard]] std::optional<bool> stop_making(const error& why, bool children) noexcept final {
    return stop(why, children);
  }
  [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_.load(); }
  /// Set by `stop`. Made when first asked for: costs an allocation then.
  [[nodiscard]] std::stop_token stop_token();
  /// Why it was stopped. Precondition: stop_requested().
  [[nodiscard]] const error& stop_reason() const noexcept;

  /// Makes `child`, whose options are applied and which has not started, one of those that end with this task, if asked
  /// for. Body-thread only.
  void adopt_child(task_base& child) noexcept;

  /// The coroutine of this task is about to give its thread back. `link` begins the wait and says whether it has to; it
  /// is called under the task's lock and must not call anybody. False: there is nothing to wait for, or the task was
  /// stopped: go on at once. After true the coroutine may be running elsewhere already.
  template <class Link>
  [[nodiscard]] bool suspend_on(suspension& what, Link link) noexcept {
    const spin_guard guard(mutex_);
    if (stop_requested() || !link()) return false;
    suspension_ = &what;
    return true;
  }
  /// What the coroutine waited for is there: continues it, on a slot.
  void wake() noexcept;

  [[nodiscard]] task_base* as_task() noexcept final { return this; }
  /// Arguments that are pending, or what its coroutine awaits.
  [[nodiscard]] std::vector<wait_condition> waits_for() override;
  /// Groups of calls, each of which keeps this from beginning as long as all of it are in progress: its actor's.
  /// Precondition: pinned.
  [[nodiscard]] std::vector<std::vector<task_pin>> hindrances();

  /// What the scheduler has of it once it can run; null if that is not its own (a call's is its actor's turn).
  [[nodiscard]] virtual schedulable* queued_as() noexcept { return this; }
  [[nodiscard]] bool on_device() const noexcept { return traits().on_device; }
  [[nodiscard]] const ref_argument* arguments() const noexcept { return arguments_; }
  /// `subject`, at any time: a call's actor may be gone when the record is closed.
  [[nodiscard]] std::string subject_at_any_time() noexcept final;
  /// The user's name for it, else the function's.
  [[nodiscard]] const std::string& name() const;
  /// For the runtime context of its body.
  virtual void describe(task_info& info);
  /// Options other than the defaults.
  [[nodiscard]] const task_settings& settings() const noexcept { return settings_ ? *settings_ : default_settings; }
  /// The body returned, and all that it enqueued has run, or failed: settles the results, or begins another attempt.
  /// Of a task with `retry_enqueued`.
  void work_done(std::optional<error> failure) noexcept;
  /// The results are settled, or will be by others: drops the stage's pin.
  void finish() noexcept;
  void configure(task_settings settings) { settings_ = std::make_unique<task_settings>(std::move(settings)); }
  /// Lets the timeout of the settings run, if there is one. Before `start`.
  void arm_deadline();
  /// How often it was tried before: 0 in the first attempt.
  [[nodiscard]] std::uint32_t attempt() const noexcept { return attempt_; }
  /// Names the body as a caller of actors and in the runtime context; given when first asked for. Body-thread only.
  [[nodiscard]] virtual std::uint64_t caller_id() noexcept;
  /// Whether another attempt is likely enough, and wished, that arguments are kept for it: value slots copy, then, what
  /// they would have moved. (A CPU function without `retry_on` fails by itself only.)
  [[nodiscard]] bool keeps_arguments() const noexcept;
  /// The body gets an argument itself, not a copy: it is not there for another attempt.
  void moved_in() noexcept { last_attempt(no_retry::argument_moved_in); }
  /// There can be no other attempt, whatever the options say.
  void last_attempt(no_retry why) noexcept { no_retry_ = why; }
  /// Whether no argument has to be waited for.
  [[nodiscard]] bool arguments_there() const noexcept;
  [[nodiscard]] std::string subject() const override;

  intrusive_ptr<gpu::device_context> device;  ///< Where it runs; chosen by `placement` unless an actor fixes it.
  std::int32_t cpu_units = units_per_slot;    ///< CPU slots, of units_per_slot each.

 protected:
  task_base(const task_traits& traits, runtime& owner) noexcept : traits_(&traits), runtime_(owner) {}
  virtual ~task_base();

  /// Lists a ref argument; for the derived constructor.
  void link(ref_argument& argument) noexcept;

  /// Calls the body with the arguments and constructs the results in their entries. Throws what the body throws.
  [[nodiscard]] virtual progress invoke(gpu_context* gpu) = 0;
  /// Continues a body that was suspended; as `invoke` otherwise.
  [[nodiscard]] virtual progress resume() = 0;
  /// Where the results go: at least one, the same while the record lives.
  [[nodiscard]] virtual std::span<const hold_ptr<store::entry>> results() const noexcept = 0;
  /// Destroys the arguments, and a suspended body before them.
  virtual void drop_arguments() noexcept = 0;
  /// Drops whatever else the record keeps alive (a call's actor). `subject` is not asked for any more.
  virtual void let_go() noexcept {}
  /// The arguments are known, as far as a task of these traits needs: a task that chooses `become`s what it chose.
  /// False if it waits for arguments once more; then it must not be touched.
  [[nodiscard]] virtual bool choose() noexcept { return true; }
  /// From here on it is a task of that kind. `kind` has to live as long as the program.
  void become(const task_traits& kind) noexcept { traits_.store(&kind, std::memory_order_relaxed); }
  /// Whether it asked the ledger for something.
  [[nodiscard]] bool has_claim() const noexcept { return claim_ != nullptr; }
  void await_arguments(store::readiness level) noexcept;
  /// All arguments are where they must be (or failed: `failed_argument`): hands the task on.
  virtual void runnable() noexcept;
  /// The stream that device work goes to. Precondition: `device`.
  struct leased_stream {
    intrusive_ptr<gpu::stream> stream;
    bool behind_argument = false;  ///< Nothing was enqueued there since an argument was made.
  };
  [[nodiscard]] virtual glint::result<leased_stream> lease_stream();
  /// Whose call it is; null for a task. Not when the record is closed.
  [[nodiscard]] virtual actor_cell* actor() const noexcept { return nullptr; }
  /// Why the body must not run although the arguments are there (an actor's).
  [[nodiscard]] virtual std::optional<error> refusal() noexcept { return std::nullopt; }
  /// The results are about to fail: a constructor's call tells its actor.
  virtual void failing(const error& /*failure*/) noexcept {}
  /// The body is about to enqueue device work: an actor's call adds what its members depend on to `inputs`.
  virtual void depend(std::vector<hold_ptr<store::entry>>& /*inputs*/) noexcept {}
  /// The body has enqueued its work: what tells how that ends, apart from the results, which may be cancelled. For an
  /// actor, whose next call on its members depends on it; null for tasks.
  [[nodiscard]] virtual hold_ptr<store::entry> chain() { return {}; }
  /// It ends now, whatever is left of it to run. Under this task's lock, perhaps more than once.
  virtual void no_longer_pending() noexcept {}
  /// A suspended body can go on.
  virtual void resumable() noexcept;
  /// Where it has to run, if `device` was not known when it was made (an actor's call); null for any device.
  [[nodiscard]] virtual intrusive_ptr<gpu::device_context> own_device() noexcept { return nullptr; }
  /// `device` is that of the share which was granted: a constructor's call tells its actor.
  virtual void device_granted() noexcept {}
  /// The body has returned: takes what was granted to it if that is kept (an actor's, for life).
  virtual void keep_resources(resource_share& /*share*/) noexcept {}
  /// Indices of the devices that the body has a share of; empty if it did not ask for one.
  [[nodiscard]] virtual std::span<const int> reserved_devices() const noexcept;

  /// Whether it is known to the admission, and `memory()` can be asked for.
  [[nodiscard]] bool asked_for_room() const noexcept { return settings_ && settings_->memory; }

  /// What a body that has returned leaves in the statistics.
  virtual void count() noexcept;

  /// Runs the body until it ends or suspends; publishes when it has ended.
  void execute() noexcept;
  /// The body, called by others than `execute`, has thrown what is being handled: as `execute` after that. The record
  /// may be gone.
  void body_threw() noexcept;
  /// After a body that was called by others than `execute` and has published. True: nobody else knows the task, and it
  /// is as new.
  [[nodiscard]] bool serve_next() noexcept;
  /// Otherwise: ends it, and gives its living children to `parent`. Drops the stage's pin.
  void finish_below(task_base& parent) noexcept;
  /// Whether those that a task submitted end, too. `if_stopped`: it is being stopped itself, and may yet end well.
  enum class children_end : std::uint8_t { no, if_stopped, yes };
  /// From here on children end: by the caller, those that it adds to `ending`, newest first; by themselves, those that
  /// come once this task has failed. Who comes in between is linked, since nobody could tell it why: a second call adds
  /// those, newer than `known`. False if it was called before.
  bool collect_children(std::vector<task_pin>& ending, children_end how, const task_base* known = nullptr);
  static void stop_children(std::vector<task_pin> ending, const error& why);

  /// Whether failures of this kind of work may be followed by another attempt.
  [[nodiscard]] virtual bool retriable() const noexcept { return true; }
  /// Whether the body has begun and was suspended.
  [[nodiscard]] bool begun() const noexcept { return stage_ == stage::body; }
  [[nodiscard]] bool has_failed() const noexcept { return failure_ || failed_argument(); }
  /// What `refuse` said.
  [[nodiscard]] const error* refused() const noexcept { return failure_.get(); }
  /// Nothing of the arguments or the actor may be touched after this, by `stop` neither.
  void close() noexcept;
  void fail(error failure) noexcept;
  /// Its failure is another's, too, who counts it.
  void leave_failure_uncounted() noexcept { failure_counted_.store(true, std::memory_order_relaxed); }

 private:
  friend class ref_argument;
  friend class placement;

  void argument_done(std::uint32_t count = 1) noexcept;
  void withdraw_arguments() noexcept;
  void withdraw_claim() noexcept;
  void ask_for_slots() noexcept;
  void withdraw_slots() noexcept;
  void park_share(bool parked) noexcept;
  void link_child(task_base& child) noexcept;
  [[nodiscard]] bool unlink_child(task_base& child) noexcept;
  void hand_children_over() noexcept;
  void inherit_from(task_base& heir) noexcept;
  static void bequeath(std::optional<task_pin> heir, task_base& child, bool ended) noexcept;
  [[nodiscard]] std::optional<error> end_of_children() const;
  [[nodiscard]] bool children_ended() const noexcept;
  void replace_argument(ref_argument& argument, intrusive_ptr<store::entry> copy, bool is_private) noexcept;
  void swap_object(ref_argument& argument, intrusive_ptr<store::entry> object) noexcept;
  void adopt_ended(task_base& child) noexcept;
  void give_up(error failure) noexcept;
  void leave_parent() noexcept;
  void arguments_known() noexcept;
  void place() noexcept;
  void bring_arguments() noexcept;
  void know_demand();
  void withdraw_room() noexcept;
  void ask_for_more_room() noexcept;
  [[nodiscard]] const error* failed_argument() const noexcept;
  /// Why the body cannot be called, now that it should be.
  [[nodiscard]] std::optional<error> obstacle();
  void run_on_cpu();
  void run_on_device();
  [[nodiscard]] progress call_body(gpu_context* gpu);
  void issue_results(const gpu::stream_point& point, device_origin from);
  void publish_results() noexcept;
  [[nodiscard]] bool settle(const error& failure) noexcept;
  /// Begins another attempt after `failure` if the options, the failure and the arguments allow one. If only the
  /// arguments do not, `failure` says so afterwards.
  [[nodiscard]] bool retry(error& failure) noexcept;
  void note_uses(const gpu::stream_point& point) noexcept;
  [[nodiscard]] std::vector<gpu::stream_point> writes_behind_arguments() const;
  /// Gives back what the task holds: at once, or when what it enqueued up to `point` has run.
  void release_resources(const gpu::stream_point& point = {}) noexcept;
  [[nodiscard]] gpu_context make_context(intrusive_ptr<gpu::stream> stream) const;

  // Of a task on a small value all of it fits into 192 bytes: three lines of memory.
  std::uint32_t attempt_ = 0;
  // Of static duration. Only a task that chooses changes them: whoever looks meanwhile sees the ones or the others.
  std::atomic<const task_traits*> traits_;
  runtime& runtime_;
  ref_argument* arguments_ = nullptr;
  std::unique_ptr<task_settings> settings_;                // null: the defaults
  std::unique_ptr<task_claim, task_claim_deleter> claim_;  // null unless it asks for resources besides CPU slots
  std::atomic<std::uint32_t> pins_{1};
  std::atomic<std::uint32_t> awaited_{0};
  enum class stage : std::uint8_t { arguments, copies, body, again } stage_ = stage::arguments;
  std::atomic<bool> stop_requested_{false};
  std::atomic<bool> failure_counted_{false};
  bool closed_ = false;                           // guarded by mutex_
  bool has_children_ = false;                     // when it was closed: later it gets none
  children_end children_end_ = children_end::no;  // guarded by mutex_
  bool handed_over_ = false;                      // guarded by mutex_: its children
  bool has_left_ = false;                         // guarded by mutex_: the family; nobody may be its parent any more
  no_retry no_retry_ = no_retry::none;
  // Guards arguments_ and their objects against `stop`, a share while it is parked, suspension_, the list of children,
  // and this task's own parent_. Of a family, the parent's is taken first.
  spin_mutex mutex_;
  std::uint64_t id_ = 0;
  std::atomic<std::stop_source*> stop_source_{nullptr};  // owned; made when first asked for
  suspension* suspension_ = nullptr;
  std::unique_ptr<const error>
      failure_;  ///< Known before `execute`: infeasible, no device, a copy that could not be made.

  // The family, for those who end a task with all that it submitted. Children are linked under the parent's lock; when
  // a task ends, those that live go to its own parent.
  task_base* parent_ = nullptr;  // pinned
  task_base* first_child_ = nullptr;
  task_base* previous_sibling_ = nullptr;
  task_base* next_sibling_ = nullptr;
  // Pinned; guarded by mutex_: to whom it handed its children over, or the parent whose children ended.
  task_base* heir_ = nullptr;
};

/// A pin that is dropped when its owner goes.
class task_pin {
 public:
  explicit task_pin(task_base& task) noexcept : task_(&task) { task.pin(); }
  task_pin(task_base& task, adopt_t) noexcept : task_(&task) {}
  task_pin(task_pin&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  task_pin& operator=(task_pin&&) = delete;
  ~task_pin() {
    if (task_) task_->unpin();
  }
  [[nodiscard]] task_base& operator*() const noexcept { return *task_; }
  [[nodiscard]] task_base* operator->() const noexcept { return task_; }

 private:
  task_base* task_;
};

}  // namespace glint::detail
