// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/task.hpp>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/this_task.hpp>
#include <glint/gpu/storage.hpp>
#include "context.hpp"
#include "device_completion.hpp"
#include "placement.hpp"
#include "runtime.hpp"
#include "task_deadline.hpp"

namespace glint::detail {
namespace {

error no_device() {
  return error(errc::no_device, "it takes a gpu_context&, and this node has no device");
}

constexpr bool is_system_failure(errc code) noexcept {
  return code >= errc::out_of_memory && code < errc::no_device;
}

/// A device's refusal stays what it is when it passes through a body; any other exception is the user's.
error error_of_body(std::exception_ptr thrown, const std::string& subject) {
  try {
    std::rethrow_exception(thrown);
  } catch (const exception& e) {
    const auto value = static_cast<std::uint16_t>(e.code());
    constexpr auto first = static_cast<std::uint16_t>(errc::out_of_memory);
    constexpr auto last = static_cast<std::uint16_t>(errc::no_device);
    if (value >= first && value <= last) {
      return error(e.code(), "the body could not go on").with_subject(subject).with_cause(e.error());
    }
  } catch (...) {  // the user's, below
  }
  return error_from_exception(std::move(thrown), subject);
}

}  // namespace

void ref_argument::level_reached(store::entry&) noexcept {
  task_->argument_done();
}

void task_base::link(ref_argument& argument) noexcept {
  argument.task_ = this;
  argument.next_ = std::exchange(arguments_, &argument);
}

std::string task_base::subject() const {
  return std::string(traits_.kind) + " " + name();
}

const std::string& task_base::name() const {
  return settings().name.empty() ? traits_.name() : settings().name;
}

std::uint64_t task_base::caller_id() noexcept {
  if (id_ == 0) id_ = next_caller_id();
  return id_;
}

void task_base::start() noexcept {
  stage_ = stage::arguments;
  if (failure_ || stop_requested()) return runnable();  // waits for nothing
  await_arguments(on_device() ? store::readiness::issued : store::readiness::ready);
}

/// Counts one more than there are arguments, so that the last of them cannot be done before all are linked.
void task_base::await_arguments(store::readiness level) noexcept {
  std::uint32_t count = 1;
  for (auto* a = arguments_; a; a = a->next_) ++count;
  awaited_.store(count, std::memory_order_relaxed);
  for (auto* a = arguments_; a;) {
    auto* next = a->next_;  // the last waiter that fires may end this task
    a->wanted_ = level;
    if (!a->object_->add(*a)) argument_done();
    a = next;
  }
  if (stop_requested()) withdraw_arguments();  // `stop` came before they were linked
  argument_done();
}

void task_base::argument_done(std::uint32_t count) noexcept {
  if (awaited_.fetch_sub(count, std::memory_order_acq_rel) != count) return;
  if (stage_ == stage::arguments) {
    arguments_known();
  } else {
    runnable();
  }
}

const error* task_base::failed_argument() const noexcept {
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() == store::readiness::failed) return &a->object_->failure();
  }
  return nullptr;
}

void task_base::arguments_known() noexcept {
  if (stop_requested() || has_failed()) return runnable();
  if (gpu_units > 0) return runtime_.ledger().request(*this, gpu_units, placement::most_bytes(*this));
  place();
}

void task_base::device_granted(intrusive_ptr<gpu::device_context> granted) noexcept {
  device = std::move(granted);
  device_reserved_ = !keep_device_share();
  place();
}

void task_base::place() noexcept {
  if (on_device() && !device) {
    auto* holder = placement::most_bytes(*this);
    device = holder ? intrusive_ptr<gpu::device_context>(holder) : runtime_.next_device();
    if (!device) failure_ = no_device();
  }
  if (!failure_) {
    try {
      if (auto brought = placement::bring_arguments(*this); !brought) failure_ = std::move(brought).error();
    } catch (...) {  // of the user's copy constructor
      failure_ = error_of_body(std::current_exception(), subject());
    }
  }
  stage_ = stage::copies;
  if (failure_) return runnable();
  await_arguments(on_device() ? store::readiness::issued : store::readiness::ready);
}

/// `stop` may look at the arguments meanwhile; what is replaced goes after the lock, as that may be the user's code.
void task_base::replace_argument(ref_argument& argument, intrusive_ptr<store::entry> object) noexcept {
  if (may_be_retried()) argument.original_ = argument.object_;
  const spin_guard guard(mutex_);
  argument.object_.swap(object);
}

void task_base::runnable() noexcept {
  if (stop_requested() || has_failed()) return execute();  // nothing to run: needs no slot
  runtime_.scheduler().submit(*this, cpu_units);
}

void task_base::resumable() noexcept {
  runtime_.scheduler().submit(*this, cpu_units);
}

void task_base::run() noexcept {
  if (stage_ == stage::again) return start();
  execute();
}

void task_base::abandon(const error& why) noexcept {
  fail(why.with_subject(subject()));
}

std::optional<error> task_base::obstacle() {
  if (results().front()->level() == store::readiness::failed) return results().front()->failure();  // stopped
  if (failure_) return failure_->with_subject(subject());
  if (const error* failed = failed_argument()) {
    // What shutdown ended stays that, whichever of a chain it met first.
    const errc code = failed->code() == errc::shutdown ? errc::shutdown : errc::dependency_failed;
    return error(code, "an argument failed").with_subject(subject()).with_cause(*failed);
  }
  if (runtime_.stopping()) return error(errc::shutdown, "the runtime was shut down").with_subject(subject());
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->owns_ && !a->may_move() && !a->object_->type().clone) {
      return error(errc::not_copyable, "an argument of type " + a->object_->type().name() +
                                           " is held by others, and cannot be copied for the parameter that takes it")
          .with_subject(subject());
    }
  }
  if (on_device() && !device) return no_device().with_subject(subject());
  if (auto refused = refusal()) return refused->with_subject(subject());
  return std::nullopt;
}

void task_base::execute() noexcept {
  std::optional<error> failure;
  try {
    if (!begun()) failure = obstacle();
    if (!failure) return on_device() ? run_on_device() : run_on_cpu();
  } catch (...) {
    failure = error_of_body(std::current_exception(), subject());
  }
  if (!retry(*failure)) fail(*std::move(failure));
}

progress task_base::call_body(gpu_context* gpu) {
  const body_scope scope(*this);
  if (std::exchange(stage_, stage::body) == stage::body) return resume();
  count();
  return invoke(gpu);
}

void task_base::run_on_cpu() {
  if (call_body(nullptr) == progress::suspended) return;
  close();
  for (const auto& result : results()) result->publish_ready();
  finish();
}

glint::result<intrusive_ptr<gpu::stream>> task_base::lease_stream() {
  return device->task_stream();
}

void task_base::run_on_device() {
  auto leased = lease_stream();
  if (!leased) throw exception(leased.error());
  const intrusive_ptr<gpu::stream> stream = *std::move(leased);
  for (auto* a = arguments_; a; a = a->next_) {
    if (auto waited = stream->wait(a->object_->issued_at()); !waited) throw exception(waited.error());
  }
  device_origin from{.subject = subject(), .begin = stream->now().sequence};
  from.writes_before = writes_behind_arguments();
  depend(from.inputs);
  gpu_context context(device, stream);
  try {
    (void)call_body(&context);  // a function of a gpu_context is no coroutine
  } catch (...) {
    note_uses(context.finish());  // what it had enqueued may still read the arguments
    throw;
  }
  issue_results(context.finish(), std::move(from));
}

void task_base::issue_results(const gpu::stream_point& point, device_origin from) noexcept {
  note_uses(point);
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() != store::readiness::ready) from.inputs.emplace_back(a->object_.get());
  }
  chain(*results().front());
  if (std::exchange(device_reserved_, false)) from.share.emplace(runtime_.ledger(), device, gpu_units);
  std::vector<hold_ptr<store::entry>> made;
  for (const auto& result : results()) made.emplace_back(result.get());
  close();
  for (const auto& result : made) result->publish_issued(point);
  device_completion::start(std::move(made), point, std::move(from));
  finish();
}

/// The points that made the tensors in the arguments. Objects that were made on a stream fail with their makers; but a
/// tensor may have been put, or returned by a host function, while it was only enqueued.
std::vector<gpu::stream_point> task_base::writes_behind_arguments() const {
  std::vector<gpu::stream_point> points;
  for (auto* a = arguments_; a; a = a->next_) collect_last_writes(*a->object_, points);
  return points;
}

/// The runtime cannot see what the body enqueued by itself: all tensors of arguments count as read, all of the result
/// as written, up to the end of the body.
void task_base::note_uses(const gpu::stream_point& point) noexcept {
  const auto mark = [&point](store::entry& e, bool written) {
    if (!e.type().contains_tensors || !e.has_value()) return;
    struct use {
      const gpu::stream_point& point;
      bool written;
    } u{point, written};
    e.type().visit_tensors(e.value(), {[](void* context, tensor_base& t) {
                                         const auto& how = *static_cast<use*>(context);
                                         if (t.empty_handle()) return;
                                         if (how.written) {
                                           t.storage()->note_write(how.point);
                                         } else {
                                           t.storage()->note_read(how.point);
                                         }
                                       },
                                       &u});
  };
  for (auto* a = arguments_; a; a = a->next_) mark(*a->object_, false);
  for (const auto& result : results()) mark(*result, true);
}

void task_base::release_device() noexcept {
  if (std::exchange(device_reserved_, false)) runtime_.ledger().release(*device, gpu_units);
}

void task_base::fail(error failure) noexcept {
  release_device();
  failing(failure);
  close();
  (void)settle(failure);
  finish();
}

bool task_base::may_be_retried() const noexcept {
  return attempt_ < settings().max_retries && (on_device() || settings().retries_exception);
}

bool task_base::retry(error& failure) noexcept {
  if (!may_be_retried() || stop_requested() || runtime_.stopping()) return false;
  const bool wished = failure.exception()
                          ? settings().retries_exception && settings().retries_exception(failure.exception())
                          : is_system_failure(failure.code());
  if (!wished) return false;
  if (last_attempt_because_) {
    failure = failure.with_message(failure.message() + "; not tried again: " + last_attempt_because_);
    return false;
  }
  ++attempt_;
  runtime_.counters().add(counter_set::retries);
  release_device();
  device.reset();
  failure_.reset();
  for (auto* a = arguments_; a; a = a->next_) {
    if (auto original = std::move(a->original_)) replace_argument(*a, std::move(original));
    a->private_ = false;
  }
  // By way of the queue: a thousand attempts that fail at once need no thousand stack frames, and others get a turn.
  stage_ = stage::again;
  runtime_.scheduler().submit(*this);
  return true;
}

void task_base::close() noexcept {
  {
    const spin_guard guard(mutex_);
    arguments_ = nullptr;
    closed_ = true;
  }
  drop_arguments();
  let_go();
}

/// False if all had settled before.
bool task_base::settle(const error& failure) noexcept {
  bool any = false;
  for (const auto& result : results()) any = result->fail(failure) || any;
  if (any) runtime_.counters().add(counter_set::failed);
  return any;
}

void task_base::finish() noexcept {
  leave_parent();
  if (settings_ && settings_->deadline) settings_->deadline->cancel();
  unpin();
}

void task_base::describe(task_info& info) {
  (void)task_base::caller_id();
  info.id = task_id{id_};
  info.name = name();
  info.attempt = attempt_;
  if (on_device() && device) info.devices.push_back(device->index());
}

void task_base::count() noexcept {
  runtime_.counters().add(counter_set::tasks);
}

}  // namespace glint::detail
