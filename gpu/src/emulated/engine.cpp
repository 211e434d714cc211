// SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"

#include <pthread.h>

#include <csignal>
#include <exception>
#include <system_error>
#include <utility>

#include "condition.hpp"
#include "emulated_device.hpp"
#include "protection.hpp"

namespace glint::gpu::emulated {
namespace {

/// The exception being handled as the stream's error.
error kernel_error(const emulated_device& d) {
  const auto failed = [&](const char* text) {
    return error(errc::kernel_failed, text).with_subject("device " + d.info().name);
  };
  try {
    throw;
  } catch (const std::exception& e) {
    return failed(e.what());
  } catch (...) {
    return failed("an exception that is no std::exception");
  }
}

/// Something to be destroyed where and when it would be run.
class letting_go final : public operation {
 public:
  explicit letting_go(intrusive_ptr<ref_counted> what) : what_(std::move(what)) {}
  void run() override {}

 private:
  const intrusive_ptr<ref_counted> what_;
};

/// Blocks the signals that are sent to the process for the scope, so that a thread started in it never runs the
/// program's handlers: there device memory is out of reach and a stream would stand still.
class signals_blocked {
 public:
  signals_blocked() noexcept {
    sigset_t blocked;
    ::sigfillset(&blocked);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF}) ::sigdelset(&blocked, own);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

result<void> start(const intrusive_ptr<engine>& e, std::thread& thread) {
  const signals_blocked scope;
  try {
    thread = std::thread([e] { e->main(); });
  } catch (const std::system_error& failure) {
    return fail(errc::device_error, std::string("cannot start a stream's thread: ") + failure.what());
  }
  return {};
}

engine::engine(intrusive_ptr<emulated_device> device, std::string thread_name)
    : device_(std::move(device)), thread_name_(std::move(thread_name)), side_{*device_, std::nullopt} {}

engine::~engine() = default;

void engine::main() noexcept {
  fiber f(thread_name_.c_str());  // first, see fiber
  deny_device_access();
  ::pthread_setname_np(::pthread_self(), thread_name_.c_str());
  for (;;) {
    entry e = pop();
    if (e.what == step::close) break;
    perform(f, e);
  }
  f.run(&engine::finish, &side_, nullptr);
  tsan_acquire(&side_);
}

void engine::perform(fiber& f, entry& e) {
  switch (e.what) {
    case step::wait:
      e.event->wait_until_done();
      f.run(&engine::skip_one, &side_, nullptr);
      return f.run(&engine::join, &side_, e.event.get());
    case step::begin_parts:
      return f.run(&engine::skip_one, &side_, nullptr);
    case step::run:
      f.run(&engine::skip_one, &side_, nullptr);
      [[fallthrough]];
    case step::run_part: {
      const device_access scope(device_->keys(), device_->as_owner());
      return f.run(&engine::run_work, &side_, e.work);
    }
    case step::record:
      f.run(&engine::seal_record, &side_, e.event.get());
      return e.event->complete();
    case step::wait_part:
      e.event->wait_until_done();
      return f.run(&engine::join, &side_, e.event.get());
    case step::edge_from:
      f.run(&engine::seal_edge, &side_, e.event.get());
      return e.event->complete();
    case step::first_edge_to:
      f.run(&engine::forget_failure, &side_, nullptr);
      [[fallthrough]];
    case step::edge_to:
      e.event->wait_until_done();
      // The fiber touches a mark only when that failed: the thread may be the last to let it go, see ~mark.
      return f.run(e.event->failed() ? &engine::take_failure : &engine::join, &side_, e.event.get());
    case step::close:
      return;
  }
}

void engine::run_work(void* side, void* work) noexcept {
  auto& s = *static_cast<device_side*>(side);
  tsan_acquire(work);
  const std::unique_ptr<operation> op(static_cast<operation*>(work));
  if (s.failure || s.device.faults().lost()) return;
  try {
    op->run();
  } catch (...) {
    s.failure = mark::failed_work{kernel_error(s.device), 0};
  }
}

void engine::seal_record(void* side, void* event) noexcept {
  auto& s = *static_cast<device_side*>(side);
  if (s.device.faults().lost()) s.failure = mark::failed_work{s.device.lost_error(), std::nullopt};
  static_cast<mark*>(event)->seal(std::exchange(s.failure, std::nullopt));
}

/// Before each operation of the stream: if one has failed, this one is skipped, or waits for nothing that matters.
void engine::skip_one(void* side, void*) noexcept {
  auto& failure = static_cast<device_side*>(side)->failure;
  if (failure && failure->behind) ++*failure->behind;
}

void engine::join(void*, void* event) noexcept {
  tsan_acquire(event);
}

void engine::seal_edge(void* side, void* event) noexcept {
  auto& s = *static_cast<device_side*>(side);
  if (s.device.faults().lost()) s.failure = mark::failed_work{s.device.lost_error(), std::nullopt};
  static_cast<mark*>(event)->seal(s.failure);
}

void engine::take_failure(void* side, void* event) noexcept {
  auto& s = *static_cast<device_side*>(side);
  tsan_acquire(event);
  if (!s.failure) {
    s.failure = static_cast<const mark*>(event)->failure();
    if (s.failure->behind) s.failure->behind = 0;  // what failed elsewhere is part of this stream's operation
  }
  tsan_release(event);
}

void engine::forget_failure(void* side, void*) noexcept {
  static_cast<device_side*>(side)->failure.reset();
}

void engine::finish(void* side, void*) noexcept {
  tsan_release(side);
}

void engine::run(std::unique_ptr<operation> work) {
  tsan_release(work.get());
  push({.what = step::run, .work = work.release(), .event = nullptr, .keep = nullptr});
}
void engine::begin_parts() {
  push({.what = step::begin_parts, .work = nullptr, .event = nullptr, .keep = nullptr});
}
void engine::run_part(std::unique_ptr<operation> work, intrusive_ptr<ref_counted> keep) {
  tsan_release(work.get());
  push({.what = step::run_part, .work = work.release(), .event = nullptr, .keep = std::move(keep)});
}
void engine::wait_part(intrusive_ptr<mark> m) {
  push(step::wait_part, std::move(m));
}

void engine::record(intrusive_ptr<mark> m) {
  push(step::record, std::move(m));
}
void engine::wait(intrusive_ptr<mark> m) {
  push(step::wait, std::move(m));
}
void engine::edge_from(intrusive_ptr<mark> m) {
  push(step::edge_from, std::move(m));
}
void engine::edge_to(intrusive_ptr<mark> m) {
  push(step::edge_to, std::move(m));
}
void engine::first_edge_to(intrusive_ptr<mark> m) {
  push(step::first_edge_to, std::move(m));
}
void engine::let_go(intrusive_ptr<ref_counted>& what) {
  auto work = std::make_unique<letting_go>(intrusive_ptr<ref_counted>(what));
  tsan_release(work.get());
  const lock_guard lock(mutex_);
  if (closed_) return;
  what = nullptr;  // not the last: `work` has one
  entries_.push_back({.what = step::run_part, .work = work.release(), .event = nullptr, .keep = nullptr});
  filled_.notify_one();
}

void engine::close() {
  const lock_guard lock(mutex_);
  closed_ = true;
  entries_.push_back({.what = step::close, .work = nullptr, .event = nullptr, .keep = nullptr});
  filled_.notify_one();
}

void engine::push(step what, intrusive_ptr<mark> m) {
  push({.what = what, .work = nullptr, .event = std::move(m), .keep = nullptr});
}

void engine::push(entry e) {
  {
    const lock_guard lock(mutex_);
    entries_.push_back(std::move(e));
  }
  filled_.notify_one();
}

engine::entry engine::pop() {
  const lock_guard lock(mutex_);
  while (entries_.empty()) wait_on(filled_, mutex_);
  entry e = std::move(entries_.front());
  entries_.pop_front();
  return e;
}

}  // namespace glint::gpu::emulated
