// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/store/entry.hpp>

namespace glint::detail {

class runtime;
class task_base;

/// Resources are counted in fixed point: this many units are one CPU slot or one device.
inline constexpr std::int32_t units_per_slot = 10'000;

/// Something that a worker thread runs: a task, or an actor with calls in its mailbox. Intrusive: queues link it and
/// allocate nothing.
class schedulable {
 public:
  /// Runs on a worker that holds a CPU slot. Owns itself: the caller must not touch it afterwards.
  virtual void run() noexcept = 0;
  /// Instead of `run` when the runtime stops.
  virtual void abandon(const error& why) noexcept = 0;

  schedulable* next_in_queue = nullptr;

 protected:
  ~schedulable() = default;
};

/// An argument that is a ref: waits for the object, is given where the task runs, and hands its value over.
class ref_argument : public store::waiter {
 public:
  ref_argument(intrusive_ptr<store::entry> source, bool owns) noexcept
      : waiter(store::readiness::ready), owns_(owns), object_(std::move(source)) {}

  void level_reached(store::entry& e) noexcept override;

  /// What the body reads: the object itself, or its copy where the task runs.
  [[nodiscard]] store::entry& object() const noexcept { return *object_; }
  /// True for a parameter `T`, which takes the value, false for `const T&`, which borrows it.
  [[nodiscard]] bool owns() const noexcept { return owns_; }
  /// True when the value may be moved out: this argument is the only holder, or has a private copy.
  [[nodiscard]] bool may_move() const noexcept { return private_ || object_->unique(); }
  [[nodiscard]] const ref_argument* next() const noexcept { return next_; }

 private:
  friend class task_base;
  friend class placement;
  bool owns_;
  bool private_ = false;  // object_ is a copy that nobody else knows
  task_base* task_ = nullptr;
  ref_argument* next_ = nullptr;
  intrusive_ptr<store::entry> object_;
};

/// What is known of a task besides its function and arguments.
struct task_traits {
  const std::string& (*name)();  ///< The function's readable name.
  const char* kind;              ///< "task", "call" or "actor", in errors.
  bool on_device;                ///< Takes a gpu_context&.
};

/// A task from submission to its published result, whatever its types. Stages, each entered once:
///
///     start: waits until every ref argument is known (ready; or issued, where tensors may have to move or the
///            task runs on a device)
///     place: chooses the device, asks for copies of tensors that lie elsewhere, waits for these
///     runnable: handed to the scheduler or the actor's mailbox
///     execute: arguments taken, body called, result or error published
///
/// Owned by its stage: waiters of its arguments, then a queue, then the running thread, which deletes it. Thread-safe
/// through these hand-overs. Budget of a task on values: one allocation (the record) besides the result's entry, no
/// lock but the queue's.
class task_base : public schedulable {
 public:
  task_base(const task_base&) = delete;
  task_base& operator=(const task_base&) = delete;

  /// Begins the first stage. The task owns itself from here.
  void start() noexcept;
  /// Fails before its start with what its options ask for and the node could never give.
  void refuse(error why) noexcept { failure_ = std::move(why); }
  /// Refuses what asks for more than the node has in all.
  void check_feasible();
  [[nodiscard]] runtime& owner() const noexcept { return runtime_; }
  /// The resource ledger's: the device share asked for is there.
  void device_granted(intrusive_ptr<gpu::device_context> granted) noexcept;
  void run() noexcept final;
  void abandon(const error& why) noexcept final;

  [[nodiscard]] bool on_device() const noexcept { return traits_.on_device; }
  [[nodiscard]] const ref_argument* arguments() const noexcept { return arguments_; }
  /// "task add", for errors and messages.
  [[nodiscard]] virtual std::string subject() const;

  std::string name;                           ///< The user's, or empty.
  std::int32_t cpu_units = units_per_slot;    ///< CPU slots, of units_per_slot each.
  std::int32_t gpu_units = 0;                 ///< Share of a device, of units_per_slot.
  intrusive_ptr<gpu::device_context> device;  ///< Where it runs; chosen by `placement` unless an actor fixes it.

 protected:
  task_base(const task_traits& traits, runtime& owner) noexcept : traits_(traits), runtime_(owner) {}
  virtual ~task_base() = default;

  /// Lists a ref argument; for the derived constructor.
  void link(ref_argument& argument) noexcept;

  /// Calls the body with the arguments and constructs the result in its entry. Throws what the body throws.
  virtual void invoke(gpu_context* gpu) = 0;
  /// Where the result goes; never null before `take_result`.
  [[nodiscard]] virtual store::entry& result() noexcept = 0;
  /// The producer's hold on the result, which outlives the record: a record lets its arguments go before the result is
  /// published, so that who sees the result also sees these refs gone.
  [[nodiscard]] virtual hold_ptr<store::entry> take_result() noexcept = 0;
  /// The result is about to be taken, and this to go: an actor's call hides it, and is then known as gone.
  void settling() noexcept {}
  /// All arguments are where they must be (or failed: `failed_argument`): hands the task on.
  virtual void runnable() noexcept;
  /// The stream that device work goes to. Precondition: `device`.
  [[nodiscard]] virtual glint::result<intrusive_ptr<gpu::stream>> lease_stream();
  /// Why the body must not run although the arguments are there (an actor's).
  [[nodiscard]] virtual std::optional<error> refusal() noexcept { return std::nullopt; }
  /// The result is about to fail: a constructor's call tells its actor.
  virtual void failing(const error& /*failure*/) noexcept {}
  /// The body is about to enqueue device work: an actor's call adds what its members depend on to `inputs`.
  virtual void depend(std::vector<hold_ptr<store::entry>>& /*inputs*/) noexcept {}
  /// The body has enqueued its work, and this is its result: what the next call on the actor's members depends on.
  virtual void chain(store::entry& /*result*/) noexcept {}
  /// A device share was granted: true if it is kept beyond the body (an actor's, for life).
  [[nodiscard]] virtual bool keep_device_share() noexcept { return false; }

  /// What a body that has returned leaves in the statistics.
  virtual void count() noexcept;

  /// Runs the body and publishes, then deletes this.
  void execute() noexcept;
  /// The body's caller id: 0 for a task, which gets one when it first needs it.
  [[nodiscard]] virtual std::uint64_t caller_id() const noexcept { return 0; }
  [[nodiscard]] bool has_failed() const noexcept { return failure_ || failed_argument(); }

 private:
  friend class ref_argument;
  friend class placement;

  void await_arguments(store::readiness level) noexcept;
  void argument_done() noexcept;
  void arguments_known() noexcept;
  void place() noexcept;
  [[nodiscard]] const error* failed_argument() const noexcept;
  /// Why the body cannot be called, now that it should be.
  [[nodiscard]] std::optional<error> obstacle();
  void run_on_cpu();
  void run_on_device();
  void note_uses(const gpu::stream_point& point) noexcept;
  [[nodiscard]] std::vector<gpu::stream_point> writes_behind_arguments() const;
  void fail(error failure) noexcept;
  void release_device() noexcept;

  const task_traits& traits_;
  runtime& runtime_;
  ref_argument* arguments_ = nullptr;
  std::atomic<std::uint32_t> awaited_{0};
  enum class stage : std::uint8_t { arguments, copies } stage_ = stage::arguments;
  bool device_reserved_ = false;
  std::optional<error> failure_;  ///< Known before `execute`: infeasible, no device, a copy that could not be made.
};

}  // namespace glint::detail
