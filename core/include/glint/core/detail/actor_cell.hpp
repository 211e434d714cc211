// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/resource_share.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

class actor_cell;

/// Intrusive FIFO of what a mailbox holds.
class schedulable_queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push_back(schedulable& item) noexcept;
  [[nodiscard]] schedulable* pop_front() noexcept;

 private:
  schedulable* first_ = nullptr;
  schedulable* last_ = nullptr;
};

/// A call of a method (or the constructor): a task that its actor's mailbox runs. Holds the actor like a handle.
class call_base : public task_base {
 public:
  [[nodiscard]] actor_cell& cell() const noexcept { return cell_; }
  /// "call counter::add on actor hits"
  [[nodiscard]] std::string subject() const override;
  /// Runs the body on the calling thread, then deletes this; the mailbox's.
  void run_in_mailbox() noexcept { execute(); }

 protected:
  call_base(const task_traits& traits, actor_cell& cell) noexcept;
  ~call_base() override;
  void runnable() noexcept override;
  [[nodiscard]] glint::result<intrusive_ptr<gpu::stream>> lease_stream() override;
  [[nodiscard]] std::optional<error> refusal() noexcept override;
  [[nodiscard]] std::uint64_t caller_id() noexcept override;
  [[nodiscard]] bool retriable() const noexcept override { return false; }
  void describe(task_info& info) override;
  void let_go() noexcept override;
  void depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept override;
  [[nodiscard]] hold_ptr<store::entry> chain() override;
  void count() noexcept override;
  [[nodiscard]] std::span<const int> reserved_devices() const noexcept override;

 private:
  friend class actor_cell;
  actor_cell& cell_;
  std::uint64_t caller_ = 0;
  bool holds_actor_ = true;
  bool arguments_there_ = false;  // guarded by the cell's order lock
};

/// The constructor's call: runs before every method's, and decides whether the actor lives.
class construct_base : public call_base {
 protected:
  using call_base::call_base;

 public:
  /// "actor hits"
  [[nodiscard]] std::string subject() const override { return task_base::subject(); }

 protected:
  void runnable() noexcept override;
  [[nodiscard]] std::optional<error> refusal() noexcept override { return std::nullopt; }
  void failing(const error& failure) noexcept override;
  [[nodiscard]] hold_ptr<store::entry> chain() override;
  void keep_resources(resource_share& share) noexcept override;
};

/// An actor: its object, its mailbox, and what keeps calls in order.
///
/// One call runs at a time. Calls of one caller (a task, another actor, a thread of the user's) run in the order in
/// which they were made, also when an argument is late: only then the caller's later calls queue behind it, in a lane
/// of that caller. Calls of different callers run as they become ready.
///
/// Life: `handles` counts handles and calls under way and together they are the cell's one user; when they are gone the
/// object is destroyed on a worker. The runtime's list of actors has a hold. Lock order: order_mutex_, then
/// mailbox_mutex_, then a scheduler queue.
class actor_cell : public schedulable, public ref_counted {
 public:
  actor_cell(runtime& owner, std::string name, std::uint64_t id);

  [[nodiscard]] runtime& owner() const noexcept { return runtime_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Names the actor as a caller, so that its own calls to others keep their order from method to method.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  void drop_handle() noexcept;

  /// Takes a call in its caller's order and starts it. The call owns itself.
  void enter(call_base& call) noexcept;
  /// The constructor's call was made and owns itself. A cell that never comes so far goes with its handle.
  void begin() noexcept { begun_ = true; }
  /// The constructor's arguments are there: from now on the mailbox runs, the constructor first.
  void construct(call_base& call) noexcept;

  void run() noexcept override;
  void abandon(const error& why) noexcept override;
  [[nodiscard]] std::string subject() const override { return "actor " + name_; }
  /// Shutdown's, after the workers have stopped: fails what is queued and destroys the object.
  void stop(const error& why) noexcept;

  /// Fixes the device on which this actor's device code runs.
  void bind(intrusive_ptr<gpu::device_context> device) noexcept { device_ = std::move(device); }
  [[nodiscard]] const intrusive_ptr<gpu::device_context>& device() const noexcept { return device_; }
  /// The actor's own stream, made at its first device call: its members are in stream order from call to call.
  [[nodiscard]] glint::result<intrusive_ptr<gpu::stream>> stream();

  /// The constructor failed: every call fails with `e` as its cause.
  void fail_construction(error e) { failure_ = std::move(e); }
  /// What the constructor failed with, also behind the end of its body on a device; null while it has not.
  [[nodiscard]] const error* failure() const noexcept;

  /// A device call begins. It depends on the one before it, if that is still under way: members are in its hands. Asked
  /// before the body enqueues anything, as what it enqueues fails with that one, though it may have settled since.
  void depend(std::vector<hold_ptr<store::entry>>& inputs) noexcept;
  /// A device call was issued: the next one depends on what this returns, which says how the call's work ends. An
  /// object without a value: an actor must not keep what its last call made, nor hear of a cancel of that.
  [[nodiscard]] hold_ptr<store::entry> chain();
  /// The constructor was issued on a device.
  void watch_construction(store::entry& outcome) noexcept { construction_ = hold_ptr<store::entry>(&outcome); }

  /// True after `stop`: a handle from before a shutdown.
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_acquire); }

  resource_share resources;  ///< Held for life: owner-thread only, from when it is granted.
  /// Gives them back when its last call on a device has run. The mailbox's thread, when no call will come any more.
  void give_back_resources() noexcept;

 protected:
  ~actor_cell() override = default;
  virtual void destroy_object() noexcept = 0;

 private:
  friend class call_base;
  /// Calls that one turn on a worker runs at most, so that a busy actor lets others have the slot.
  static constexpr int calls_per_turn = 32;

  /// A call of `call`'s caller has its arguments: delivers the callers' calls that are next in order.
  void arguments_there(call_base& call) noexcept;
  void deliver(call_base& call) noexcept;
  void schedule_retirement() noexcept;
  void retire() noexcept;
  /// The next call to run; null when there is none, and `retire_now` says whether there will be none.
  [[nodiscard]] call_base* next_call(bool& retire_now) noexcept;

  runtime& runtime_;
  const std::string name_;
  const std::uint64_t id_;
  std::atomic<std::uint64_t> handles_{1};
  std::atomic<bool> stopped_{false};
  bool begun_ = false;  // written by the thread that spawns, before anyone else has a handle

  mutex order_mutex_;
  std::unordered_map<std::uint64_t, std::deque<call_base*>> lanes_ GLINT_GUARDED_BY(order_mutex_);
  std::atomic<std::uint32_t> lanes_open_{0};  // lanes_.size(), read without the lock by the lane's own caller

  spin_mutex mailbox_mutex_;
  schedulable_queue mailbox_ GLINT_GUARDED_BY(mailbox_mutex_);
  bool scheduled_ GLINT_GUARDED_BY(mailbox_mutex_) = true;  // until the constructor is there
  bool constructor_due_ GLINT_GUARDED_BY(mailbox_mutex_) = true;
  bool retiring_ GLINT_GUARDED_BY(mailbox_mutex_) = false;
  call_base* constructor_ GLINT_GUARDED_BY(mailbox_mutex_) = nullptr;

  intrusive_ptr<gpu::device_context> device_;
  intrusive_ptr<gpu::stream> stream_;    // owner-thread only: whoever runs a call
  hold_ptr<store::entry> construction_;  // likewise; the constructor's result, if it ran on a device
  hold_ptr<store::entry> last_issued_;   // likewise; the newest device call's result
  std::optional<error> failure_;         // likewise; written by the constructor's call
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
