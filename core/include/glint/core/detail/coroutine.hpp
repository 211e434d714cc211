// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/objects.hpp>

/// What coroutines of tasks have in common: where they go on, and what they may wait for.
namespace glint::detail {

/// The task that a coroutine, and those it calls directly, run as. In the task's record.
struct coroutine_task {
  explicit coroutine_task(task_base& owner) noexcept : task(owner) {}
  task_base& task;
  std::coroutine_handle<> next{};  ///< Where the task goes on: the innermost coroutine.
  /// Why `next.resume()` returned. Lies on the stack of who runs it, as this may be gone by then.
  enum class stop { suspended, goes_on_elsewhere, ended };
  stop* how = nullptr;

  /// Runs until the end or the next suspension. After `suspended` the task may be running elsewhere. A loop, not
  /// symmetric transfer: without optimization that would need a stack frame a step.
  [[nodiscard]] progress go_on() {
    stop reason = stop::suspended;
    how = &reason;
    do {
      reason = stop::suspended;
      next.resume();
    } while (reason == stop::goes_on_elsewhere);
    return reason == stop::ended ? progress::done : progress::suspended;
  }
  /// The running coroutine goes no further for now; `then` does, in the same task.
  void go_on_in(std::coroutine_handle<> then) noexcept {
    next = then;
    *how = stop::goes_on_elsewhere;
  }
};

/// Waits for one object.
template <class T, bool Takes>
class ref_awaiter final : public suspension, public store::waiter {
 public:
  ref_awaiter(coroutine_task& owner, intrusive_ptr<store::entry> entry) noexcept
      : waiter(store::readiness::ready), owner_(owner), entry_(std::move(entry)) {}

  [[nodiscard]] bool await_ready() const {
    require_ref(entry_);
    return entry_->settled();
  }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> self) noexcept {
    owner_.next = self;
    return owner_.task.suspend_on(*this, [this] { return entry_->add(*this); });
  }
  decltype(auto) await_resume() {
    if (owner_.task.stop_requested()) throw_error(owner_.task.stop_reason());
    if constexpr (Takes) {
      return take_value<T>(std::move(entry_));
    } else {
      return value_of<T>(entry_);
    }
  }

 private:
  void level_reached(store::entry&) noexcept override { owner_.task.wake(); }
  bool withdraw() noexcept override { return entry_->remove(*this); }
  [[nodiscard]] store::entry* awaited() const noexcept override { return entry_.get(); }

  coroutine_task& owner_;
  intrusive_ptr<store::entry> entry_;
};

/// A coroutine that another one awaits by name, without a task of its own.
template <class Coroutine>
concept direct_coroutine = requires(Coroutine c, coroutine_task& owner, std::coroutine_handle<> h) {
  c.start_within(owner, h);
};

/// Starts it in the awaiting coroutine's task, and goes on when it ends.
template <class Coroutine>
class direct_awaiter {
 public:
  direct_awaiter(coroutine_task& owner, Coroutine inner) noexcept : owner_(owner), inner_(std::move(inner)) {}
  [[nodiscard]] bool await_ready() const {
    if (!inner_) throw exception(error(errc::empty_ref, "co_await of a co_task that was moved from"));
    return false;
  }
  void await_suspend(std::coroutine_handle<> self) noexcept { owner_.go_on_in(inner_.start_within(owner_, self)); }
  decltype(auto) await_resume() { return inner_.take(); }

 private:
  coroutine_task& owner_;
  Coroutine inner_;
};

template <class>
inline constexpr bool never_awaitable = false;

/// Base of the promises of all coroutines that run as tasks.
class promise_base {
 public:
  /// Nothing runs before the task does.
  [[nodiscard]] std::suspend_always initial_suspend() noexcept { return {}; }

  struct final_awaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      promise_base& ended = self.promise();
      if (ended.caller_) return ended.owner_->go_on_in(ended.caller_);
      *ended.owner_->how = coroutine_task::stop::ended;
    }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] final_awaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { failure_ = std::current_exception(); }

  /// What may be awaited: a ref (as `get`: `const T&` of an lvalue, `T` of one that is given up), another coroutine,
  /// and what says so itself by `awaiter_in(coroutine_task&)`, such as a time.
  template <class T>
  [[nodiscard]] auto await_transform(const object_ref<T>& ref) noexcept {
    return ref_awaiter<T, false>(*owner_, ref_access::entry(ref));
  }
  template <class T>
  [[nodiscard]] auto await_transform(object_ref<T>&& ref) noexcept {
    return ref_awaiter<T, true>(*owner_, ref_access::take(std::move(ref)));
  }
  template <class Awaited>
  requires(!is_object_ref_v<Awaited>) [[nodiscard]] auto await_transform(Awaited&& awaited) {
    using bare = std::remove_cvref_t<Awaited>;
    if constexpr (direct_coroutine<bare>) {
      static_assert(!std::is_lvalue_reference_v<Awaited>, "glint: co_await: a co_task is awaited once: move it");
      return direct_awaiter<bare>(*owner_, std::move(awaited));
    } else if constexpr (requires { awaited.awaiter_in(*owner_); }) {
      return awaited.awaiter_in(*owner_);
    } else {
      static_assert(never_awaitable<bare>,
                    "glint: co_await: a coroutine of a task awaits refs, co_tasks, streams and times, nothing else");
      return std::suspend_never{};
    }
  }

  void run_within(coroutine_task& owner, std::coroutine_handle<> caller) noexcept {
    owner_ = &owner;
    caller_ = caller;
  }
  void rethrow_failure() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 protected:
  coroutine_task* owner_ = nullptr;
  std::coroutine_handle<> caller_{};  // who awaits it directly; none for the task's own
  std::exception_ptr failure_;
};

/// Owns a coroutine's frame.
template <class Promise>
class coroutine_frame {
 public:
  coroutine_frame() noexcept = default;
  explicit coroutine_frame(std::coroutine_handle<Promise> handle) noexcept : handle_(handle) {}
  coroutine_frame(coroutine_frame&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  coroutine_frame& operator=(coroutine_frame other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~coroutine_frame() {
    if (handle_) handle_.destroy();
  }
  [[nodiscard]] Promise& promise() const noexcept { return handle_.promise(); }
  [[nodiscard]] std::coroutine_handle<> handle() const noexcept { return handle_; }

 private:
  std::coroutine_handle<Promise> handle_;
};

}  // namespace glint::detail
