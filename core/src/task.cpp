// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/task.hpp>

#include <cmath>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/gpu/storage.hpp>
#include "context.hpp"
#include "device_completion.hpp"
#include "placement.hpp"
#include "runtime.hpp"

namespace glint::detail {
namespace {

error no_device() {
  return error(errc::no_device, "it takes a gpu_context&, and this node has no device");
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
  return std::string(traits_.kind) + " " + (name.empty() ? traits_.name() : name);
}

void task_base::start() noexcept {
  if (failure_) return runnable();  // refused: waits for nothing
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
  argument_done();
}

void task_base::argument_done() noexcept {
  if (awaited_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
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
  if (has_failed()) return runnable();
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

void task_base::runnable() noexcept {
  if (has_failed()) return execute();  // nothing to run: needs no slot
  runtime_.scheduler().submit(*this, cpu_units);
}

void task_base::run() noexcept {
  execute();
}

void task_base::abandon(const error& why) noexcept {
  fail(why.with_subject(subject()));
}

std::optional<error> task_base::obstacle() {
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
    failure = obstacle();
    if (!failure) {
      const caller_scope scope(caller_id());
      count();
      return on_device() ? run_on_device() : run_on_cpu();
    }
  } catch (...) {
    failure = error_of_body(std::current_exception(), subject());
  }
  fail(*std::move(failure));
}

void task_base::run_on_cpu() {
  invoke(nullptr);
  auto result = take_result();
  delete this;
  result->publish_ready();
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
  device_completion::origin from{.subject = subject(), .begin = stream->now().sequence};
  from.writes_before = writes_behind_arguments();
  depend(from.inputs);
  gpu_context context(device, stream);
  try {
    invoke(&context);
  } catch (...) {
    note_uses(context.finish());  // what it had enqueued may still read the arguments
    throw;
  }
  const gpu::stream_point point = context.finish();
  note_uses(point);
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() != store::readiness::ready) from.inputs.emplace_back(a->object_.get());
  }
  chain(result());
  if (std::exchange(device_reserved_, false)) from.share.emplace(runtime_.ledger(), device, gpu_units);
  auto made = take_result();
  delete this;
  made->publish_issued(point);
  device_completion::start(std::move(made), point, std::move(from));
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
  mark(result(), true);
}

void task_base::release_device() noexcept {
  if (std::exchange(device_reserved_, false)) runtime_.ledger().release(*device, gpu_units);
}

void task_base::fail(error failure) noexcept {
  runtime_.counters().add(counter_set::failed);
  release_device();
  failing(failure);
  auto result = take_result();
  delete this;
  result->fail(std::move(failure));
}

void task_base::count() noexcept {
  runtime_.counters().add(counter_set::tasks);
}

std::int32_t units_of(double amount, const char* what) {
  if (!(amount >= 0) || amount > 1e5) {
    throw exception(error(errc::invalid_argument,
                          std::string(what) + " = " + std::to_string(amount) + ": not between 0 and 100000"));
  }
  return static_cast<std::int32_t>(std::lround(amount * units_per_slot));
}

void check(const task_options& options) {
  (void)units_of(options.cpus, "cpus");
  (void)units_of(options.gpus, "gpus");
}

void apply(const task_options& options, task_base& task) {
  task.name = options.name;
  task.cpu_units = units_of(options.cpus, "cpus");
  task.gpu_units = units_of(options.gpus, "gpus");
  if (task.gpu_units > 0 && !task.on_device()) {
    task.refuse(error(errc::infeasible, "asks for gpus, but its function takes no gpu_context& to use one with"));
  } else {
    task.check_feasible();
  }
}

void task_base::check_feasible() {
  const auto lacks = [this](const std::string& what) { refuse(error(errc::infeasible, what)); };
  const int slots = runtime_.scheduler().lane_count();
  const auto devices = runtime_.platform().devices().size();
  if (cpu_units > slots * units_per_slot) {
    lacks("asks for " + std::to_string(cpu_units / static_cast<double>(units_per_slot)) + " cpus; this node has " +
          std::to_string(slots));
  } else if (gpu_units > units_per_slot || (gpu_units > 0 && devices == 0)) {
    lacks("asks for " + std::to_string(gpu_units / static_cast<double>(units_per_slot)) +
          " gpus; a call is given at most one device, and this node has " + std::to_string(devices));
  }
}

void require_ref(const intrusive_ptr<store::entry>& entry) {
  if (!entry) throw exception(error(errc::empty_ref, "the ref refers to nothing: default-made or moved from"));
}

}  // namespace glint::detail
