// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/task.hpp>

#include <algorithm>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/runtime.hpp>
#include <glint/core/this_task.hpp>
#include <glint/gpu/storage.hpp>
#include "context.hpp"
#include "device_completion.hpp"
#include "placement.hpp"
#include "resource_request.hpp"
#include "runtime.hpp"
#include "share_keeper.hpp"
#include "task_claim.hpp"
#include "task_deadline.hpp"

namespace glint::detail {
namespace {

error no_device() {
  return error(errc::no_device, "it takes a gpu_context&, and this node has no device");
}

constexpr bool is_system_failure(errc code) noexcept {
  return code >= errc::out_of_memory && code < errc::no_device;
}

/// A device's refusal stays what it is when it passes through a body, and so does shutdown: who waits for the result
/// must not learn of an error of the user's because a body was woken before its own end had come. Any other exception
/// is the user's, if the body is.
error error_of_body(std::exception_ptr thrown, const std::string& subject, bool users_body = true) {
  try {
    std::rethrow_exception(thrown);
  } catch (const exception& e) {
    if ((e.code() == errc::shutdown || e.code() == errc::not_running) && !is_running()) {
      return error(errc::shutdown, "the runtime was shut down while it ran")
          .with_subject(subject)
          .with_cause(e.error());
    }
    const auto value = static_cast<std::uint16_t>(e.code());
    constexpr auto first = static_cast<std::uint16_t>(errc::out_of_memory);
    constexpr auto last = static_cast<std::uint16_t>(errc::no_device);
    if ((value >= first && value <= last) || !users_body) {
      return error(e.code(), "the body could not go on").with_subject(subject).with_cause(e.error());
    }
  } catch (...) {  // the user's, below
  }
  return error_from_exception(std::move(thrown), subject);
}

bool is_device_loss(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const exception& e) {
    return e.code() == errc::device_lost;
  } catch (...) {
    return false;
  }
}

const char* text_of(no_retry why) noexcept {
  switch (why) {
    case no_retry::none:
      break;
    case no_retry::argument_moved_in:
      return "an argument had been moved in";
    case no_retry::function_object_called:
      return "its function object had been called";
    case no_retry::objects_yielded:
      return "it had yielded objects";
  }
  return "";
}

}  // namespace

void ref_argument::level_reached(store::entry&) noexcept {
  task_->argument_done();
}

void task_claim_deleter::operator()(task_claim* claim) const noexcept {
  delete claim;
}

void task_base::link(ref_argument& argument) noexcept {
  argument.task_ = this;
  argument.next_ = std::exchange(arguments_, &argument);
}

std::string task_base::subject() const {
  return std::string(traits().kind) + " " + name();
}

const std::string& task_base::name() const {
  return settings().name.empty() ? traits().name() : settings().name;
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

bool task_base::arguments_there() const noexcept {
  const auto wanted = on_device() ? store::readiness::issued : store::readiness::ready;
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() < wanted) return false;
  }
  return true;
}

void task_base::arguments_known() noexcept {
  if (stop_requested() || has_failed()) return runnable();
  if (traits().chooses && !choose()) return;
  if (!claim_) return place();
  const auto* holder = placement::most_bytes(*this);
  claim_->wanted_device = holder ? holder->index() : -1;
  claim_->bound_device = device ? device->index() : -1;
  const task_pin alive(*this);  // it may be granted, and run to its end, at once
  runtime_.ledger().request(*claim_);
  if (stop_requested()) withdraw_claim();  // `stop` came before it was queued
}

void task_base::resources_granted() noexcept {
  if (const auto devices = claim_->share.devices(); !devices.empty()) {
    device = runtime_.platform().devices()[static_cast<std::size_t>(devices.front())];
    device_granted();
  }
  if (stop_requested()) return runnable();
  place();
}

std::span<const int> task_base::reserved_devices() const noexcept {
  return claim_ ? claim_->share.devices() : std::span<const int>();
}

void task_base::place() noexcept {
  if (on_device() && !device) device = own_device();
  if (on_device() && !device) {
    auto* holder = placement::most_bytes(*this);
    device = holder ? intrusive_ptr<gpu::device_context>(holder) : runtime_.next_device();
    if (!device) refuse(no_device());
  }
  if (!on_device() || failure_ || actor()) return bring_arguments();
  know_demand();
  const task_pin alive(*this);  // it may be let on, and run to its end, at once
  runtime_.admission().request(*this);
  if (stop_requested()) withdraw_room();  // `stop` came before it was queued
}

/// `stop` may look for it meanwhile.
void task_base::know_demand() {
  const spin_guard guard(mutex_);
  if (!settings_) configure({});
  if (!settings_->memory) settings_->memory = std::make_unique<memory_demand>();
}

void task_base::room_granted() noexcept {
  if (stop_requested()) return runnable();
  bring_arguments();
}

void task_base::bring_arguments() noexcept {
  if (!failure_) {
    try {
      if (auto brought = placement::bring_arguments(*this); !brought) refuse(std::move(brought).error());
    } catch (...) {  // of the user's copy constructor
      refuse(error_of_body(std::current_exception(), subject()));
    }
  }
  stage_ = stage::copies;
  if (failure_) return runnable();
  await_arguments(on_device() ? store::readiness::issued : store::readiness::ready);
}

void task_base::replace_argument(ref_argument& argument, intrusive_ptr<store::entry> copy, bool is_private) noexcept {
  if (keeps_arguments()) argument.original_ = argument.object_;
  argument.private_ = is_private;
  argument.unpin();
  swap_object(argument, std::move(copy));
  argument.pinned_ = true;
}

/// `copy` is pinned. `stop` may look at the arguments meanwhile; what is replaced goes after the lock, as that may be
/// the user's code.
void task_base::swap_object(ref_argument& argument, intrusive_ptr<store::entry> object) noexcept {
  const spin_guard guard(mutex_);
  argument.object_.swap(object);
}

void task_base::runnable() noexcept {
  if (claim_) park_share(true);
  if (stop_requested() || has_failed()) return execute();  // nothing to run: needs no slot
  ask_for_slots();
}

void task_base::resumable() noexcept {
  ask_for_slots();
}

/// A suspended body that was stopped goes on to be told so: that is not worth more than a slot.
void task_base::ask_for_slots() noexcept {
  scheduler& slots = runtime_.scheduler();
  if (cpu_units == units_per_slot) return slots.submit(*this);
  if (stop_requested()) return slots.submit(*this, std::min(cpu_units, units_per_slot));
  const task_pin alive(*this);  // it may run to its end at once
  slots.submit(*this, cpu_units);
  if (stop_requested()) withdraw_slots();  // `stop` came before it was queued
}

void task_base::run() noexcept {
  if (stage_ == stage::again) return start();
  execute();
}

void task_base::abandon(const error& why) noexcept {
  if (claim_) park_share(false);
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
  if (claim_) park_share(false);
  std::optional<error> failure;
  try {
    if (!begun()) failure = obstacle();
    if (!failure) return on_device() ? run_on_device() : run_on_cpu();
  } catch (...) {
    failure = error_of_body(std::current_exception(), subject(), traits().users_body);
  }
  give_up(*std::move(failure));
}

void task_base::give_up(error failure) noexcept {
  if (failure.code() == errc::device_lost) runtime_.look_for_lost_devices();  // before anyone is told, or tries again
  if (!retry(failure)) fail(std::move(failure));
}

void task_base::body_threw() noexcept {
  give_up(error_of_body(std::current_exception(), subject()));
}

progress task_base::call_body(gpu_context* gpu) {
  const body_scope scope(*this);
  if (std::exchange(stage_, stage::body) == stage::body) return resume();
  count();
  return invoke(gpu);
}

void task_base::run_on_cpu() {
  if (call_body(nullptr) == progress::suspended) return;
  if (claim_) keep_resources(claim_->share);
  release_resources();
  publish_results();
}

void task_base::publish_results() noexcept {
  close();
  for (const auto& result : results()) {
    if (on_device()) runtime_.admission().tier().add(*result);
    if (!result->publish_ready()) result->discard();  // stopped meanwhile
  }
  finish();
}

/// A chain stays on one stream, so that its tasks wait for no events. A task that begins elsewhere does not fail with
/// what others have enqueued there.
glint::result<task_base::leased_stream> task_base::lease_stream() {
  for (auto* a = arguments_; a; a = a->next_) {
    if (auto stream = device->stream_behind(a->object_->issued_at())) return leased_stream{std::move(stream), true};
  }
  auto stream = device->task_stream();
  if (!stream) return glint::fail(std::move(stream).error());
  return leased_stream{*std::move(stream)};
}

void task_base::run_on_device() {
  auto leased = lease_stream();
  if (!leased) throw exception(leased.error());
  const intrusive_ptr<gpu::stream>& stream = leased->stream;
  for (auto* a = arguments_; a; a = a->next_) {
    if (auto waited = stream->wait(a->object_->issued_at()); !waited) throw exception(waited.error());
  }
  device_origin from{.subject = subject(), .begin = stream->now().sequence, .continues = leased->behind_argument};
  from.writes_before = writes_behind_arguments();
  depend(from.inputs);
  gpu_context context = make_context(stream);
  try {
    (void)call_body(&context);  // a function of a gpu_context is no coroutine
    if (auto joined = context.join(); !joined) throw exception(joined.error());
  } catch (...) {
    if (asked_for_room()) settings_->memory->taken_bytes = context.peak_bytes();
    if (is_device_loss(std::current_exception())) runtime_.look_for_lost_devices();  // before its share is another's
    (void)context.join();
    const gpu::stream_point reached = context.finish();  // what it had enqueued may still read the arguments
    note_uses(reached);
    for (const auto& side : context.sides()) note_uses(side.point);  // where a join failed
    for (const auto& result : results()) result->discard();          // made, if it was a join that failed
    release_resources(reached);
    throw;
  }
  const gpu::stream_point point = context.finish();
  if (asked_for_room()) {
    runtime_.admission().learn(traits(), settings_->memory->input_bytes, context.peak_bytes());
  }
  from.sides = context.sides();
  issue_results(point, std::move(from));
}

/// A task with a deadline stays until its results settle, as they have to before that.
void task_base::issue_results(const gpu::stream_point& point, device_origin from) {
  note_uses(point);
  from.owner = &runtime_;
  from.device = device->index();
  runtime_.admission().work_enqueued(from.device);  // before its room is given back: who waits sees one or the other
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() != store::readiness::ready) from.inputs.emplace_back(a->object_.get());
  }
  from.outcome = chain();
  if (claim_) {
    keep_resources(claim_->share);
    from.share = std::move(claim_->share);
  }
  std::vector<hold_ptr<store::entry>> made;
  for (const auto& result : results()) made.emplace_back(result.get());
  if (settings().retry_enqueued) {
    from.task = this;
    return device_completion::start(std::move(made), point, std::move(from));
  }
  const bool stays = settings().deadline != nullptr;
  if (stays) from.task = this;
  close();
  for (const auto& result : made) {
    runtime_.admission().tier().add(*result);
    if (!result->publish_issued(point)) result->discard();  // stopped meanwhile
  }
  device_completion::start(std::move(made), point, std::move(from));
  if (!stays) finish();
}

void task_base::work_done(std::optional<error> failure) noexcept {
  if (!failure) return publish_results();
  for (const auto& result : results()) result->discard();
  if (!retry(*failure)) fail(*std::move(failure));
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

void task_base::release_resources(const gpu::stream_point& point) noexcept {
  if (claim_) give_back_after(std::move(claim_->share), point);
}

gpu_context task_base::make_context(intrusive_ptr<gpu::stream> stream) const {
  std::vector<intrusive_ptr<gpu::device_context>> others;
  for (const int index : reserved_devices()) {
    if (index != device->index()) others.push_back(runtime_.platform().devices()[static_cast<std::size_t>(index)]);
  }
  return gpu_context(device, std::move(stream), std::move(others));
}

void task_base::fail(error failure) noexcept {
  release_resources();
  failing(failure);
  close();
  (void)settle(failure);
  finish();
}

bool task_base::keeps_arguments() const noexcept {
  return retriable() && attempt_ < settings().max_retries && (on_device() || settings().retries_exception);
}

bool task_base::retry(error& failure) noexcept {
  if (!retriable() || attempt_ >= settings().max_retries || stop_requested() || runtime_.stopping()) return false;
  const bool wished = failure.exception()
                          ? settings().retries_exception && settings().retries_exception(failure.exception())
                          : is_system_failure(failure.code());
  if (!wished) return false;
  if (no_retry_ != no_retry::none) {
    failure = failure.with_message(failure.message() + "; not tried again: " + text_of(no_retry_));
    return false;
  }
  if (failure.code() == errc::out_of_memory && asked_for_room()) ask_for_more_room();
  ++attempt_;
  runtime_.counters().add(counter_set::retries);
  release_resources();
  device.reset();
  failure_.reset();
  for (auto* a = arguments_; a; a = a->next_) {
    a->unpin();
    if (auto original = std::move(a->original_)) swap_object(*a, std::move(original));
    a->private_ = false;
  }
  give_back_room();  // after the copies that it had went
  // By way of the queue: a thousand attempts that fail at once need no thousand stack frames, and others get a turn.
  stage_ = stage::again;
  runtime_.scheduler().submit_last(*this);
  return true;
}

void task_base::close() noexcept {
  {
    const spin_guard guard(mutex_);
    arguments_ = nullptr;
    closed_ = true;
    has_children_ = first_child_ != nullptr;
    has_left_ = !parent_;  // nobody gives it one any more: most tasks need no lock for that
  }
  drop_arguments();
  give_back_room();
  let_go();
}

void task_base::give_back_room() noexcept {
  if (asked_for_room()) runtime_.admission().leave(*this);
}

/// Twice what did not suffice; when there is no further attempt, all that the device has.
void task_base::ask_for_more_room() noexcept {
  memory_demand& m = *settings_->memory;
  const std::uint64_t all = device ? device->device().info().capacity_bytes : 0;
  const std::uint64_t more = 2 * std::max({m.reserved_bytes, m.taken_bytes, m.input_bytes});
  m.least_bytes = attempt_ + 1 < settings().max_retries ? std::min(more, all) : all;
}

/// False if all had settled before.
bool task_base::settle(const error& failure) noexcept {
  // Counted first: who sees the failure sees the count.
  if (!results().front()->settled() && !failure_counted_.exchange(true)) runtime_.counters().add(counter_set::failed);
  bool any = false;
  for (const auto& result : results()) any = result->fail(failure) || any;
  return any;
}

void task_base::finish() noexcept {
  if (has_children_) hand_children_over();
  if (!has_left_) leave_parent();
  if (settings_ && settings_->deadline) settings_->deadline->cancel();
  unpin();
}

void task_base::describe(task_info& info) {
  (void)task_base::caller_id();
  info.id = task_id{id_};
  info.node = node_index.load(std::memory_order_relaxed);
  info.name = name();
  info.attempt = attempt_;
  const auto reserved = reserved_devices();
  info.devices.assign(reserved.begin(), reserved.end());
  if (reserved.empty() && on_device() && device) info.devices.push_back(device->index());
}

void task_base::count() noexcept {
  runtime_.counters().add(counter_set::tasks);
}

}  // namespace glint::detail
