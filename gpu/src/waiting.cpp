// SPDX-License-Identifier: Apache-2.0
//
// Listeners for those who would rather pass a function or block.
#include <condition_variable>
#include <string>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/base/log.hpp>
#include <glint/base/mutex.hpp>
#include <glint/gpu/poller.hpp>

namespace glint::gpu {

namespace {

/// Calls a function once and goes.
class function_listener final : public point_listener {
 public:
  explicit function_listener(unique_function<void(const error*)> then) noexcept : then_(std::move(then)) {}
  ~function_listener() = default;

  void point_reached(const error* failure) noexcept override {
    const std::unique_ptr<function_listener> self(this);
    try {
      then_(failure);
    } catch (const std::exception& e) {
      log(log_level::error, "a function that waited for a point of a stream threw: ", e.what());
    } catch (...) {
      log(log_level::error, "a function that waited for a point of a stream threw");
    }
  }

 private:
  unique_function<void(const error*)> then_;
};

/// A thread that blocks. Counted, since it may give up before the listener is called.
class host_wait final : public ref_counted, public point_listener {
 public:
  ~host_wait() override = default;

  void point_reached(const error* failure) noexcept override {
    {
      const lock_guard lock(mutex_);
      if (failure) failure_ = *failure;
      done_ = true;
      changed_.notify_one();
    }
    release();  // the count that the stream held
  }

  [[nodiscard]] result<void> wait(std::optional<std::chrono::nanoseconds> timeout) {
    const auto begin = std::chrono::steady_clock::now();
    const lock_guard lock(mutex_);
    while (!done_) {
      if (!timeout) {
        changed_.wait(mutex_);
        continue;
      }
      const auto left = *timeout - (std::chrono::steady_clock::now() - begin);
      if (left <= left.zero()) return fail(errc::timeout, "a point of a stream was not reached in time");
      changed_.wait_for(mutex_, left);
    }
    if (failure_) return fail(*failure_);
    return {};
  }

 private:
  mutex mutex_;
  std::condition_variable_any changed_;
  bool done_ GLINT_GUARDED_BY(mutex_) = false;
  std::optional<error> failure_ GLINT_GUARDED_BY(mutex_);
};

}  // namespace

void when_reached(const stream_point& point, unique_function<void(const error*)> then) {
  auto* listener = new function_listener(std::move(then));  // deletes itself when called
  if (point.empty()) {
    listener->point_reached(nullptr);
  } else {
    point.stream->notify(point.sequence, *listener);
  }
}

result<void> wait_reached(const stream_point& point, std::optional<std::chrono::nanoseconds> timeout) {
  if (point.empty()) return {};
  if (point.stream->reached(point.sequence)) {
    if (auto failure = point.failure()) return fail(*std::move(failure));
    return {};
  }
  GLINT_ASSERT(!point.stream->poller().on_own_thread(), "the poller's thread would wait for itself");
  auto waiter = make_intrusive<host_wait>();
  waiter->retain();  // the stream's, until it calls
  point.stream->notify(point.sequence, *waiter);
  return waiter->wait(timeout);
}

}  // namespace glint::gpu
