// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/task.hpp>

#include <cmath>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/gpu/storage.hpp>
#include "context.hpp"
#include "device_completion.hpp"
#include "placement.hpp"
#include "resource_request.hpp"
#include "runtime.hpp"
#include "share_keeper.hpp"
#include "task_claim.hpp"

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

void task_claim_deleter::operator()(task_claim* claim) const noexcept {
  delete claim;
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

bool task_base::arguments_there() const noexcept {
  const auto wanted = on_device() ? store::readiness::issued : store::readiness::ready;
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() < wanted) return false;
  }
  return true;
}

void task_base::arguments_known() noexcept {
  if (has_failed()) return runnable();
  if (!claim_) return place();
  const auto* holder = placement::most_bytes(*this);
  claim_->wanted_device = holder ? holder->index() : -1;
  claim_->bound_device = device ? device->index() : -1;
  runtime_.ledger().request(*claim_);
}

void task_base::resources_granted() noexcept {
  if (const auto devices = claim_->share.devices(); !devices.empty()) {
    device = runtime_.platform().devices()[static_cast<std::size_t>(devices.front())];
  }
  place();
}

std::span<const int> task_base::reserved_devices() const noexcept {
  return claim_ ? claim_->share.devices() : std::span<const int>();
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
  if (claim_) keep_resources(claim_->share);
  release_resources();
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
  gpu_context context = make_context(stream);
  try {
    invoke(&context);
    if (auto joined = context.join(); !joined) throw exception(joined.error());
  } catch (...) {
    (void)context.join();
    const gpu::stream_point reached = context.finish();  // what it had enqueued may still read the arguments
    note_uses(reached);
    release_resources(reached);
    throw;
  }
  const gpu::stream_point point = context.finish();
  from.sides = context.sides();
  note_uses(point);
  for (auto* a = arguments_; a; a = a->next_) {
    if (a->object_->level() != store::readiness::ready) from.inputs.emplace_back(a->object_.get());
  }
  chain(result());
  if (claim_) {
    keep_resources(claim_->share);
    from.share = std::move(claim_->share);
  }
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
  runtime_.counters().add(counter_set::failed);
  release_resources();
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

namespace {

/// Most ask for nothing: they make no request.
template <class Options>
bool asks_for_resources(const Options& options) noexcept {
  return options.gpus != 0 || options.memory_bytes != 0 || !options.resources.empty();
}

template <class Options>
resource_request request_in(const Options& options) {
  if (!asks_for_resources(options)) return {};
  return request_of(options.gpus, options.memory_bytes, options.resources);
}

}  // namespace

void check(const task_options& options) {
  (void)units_of(options.cpus, "cpus");
  (void)request_in(options);
}

void check(const actor_options& options) {
  (void)request_in(options);
}

void apply(const task_options& options, task_base& task) {
  task.name = options.name;
  task.cpu_units = units_of(options.cpus, "cpus");
  if (options.gpus > 0 && !task.on_device()) {
    task.refuse(error(errc::infeasible, "asks for gpus, but its function takes no gpu_context& to use one with"));
  } else if (asks_for_resources(options) || task.cpu_units > units_per_slot) {
    task.require(request_in(options));
  }
}

void task_base::require(const resource_request& request) {
  std::vector<std::string> missing;
  const int slots = runtime_.scheduler().lane_count();
  if (cpu_units > slots * units_per_slot) {
    missing.push_back(units_text(static_cast<std::uint64_t>(cpu_units)) + " cpus (this node has " +
                      std::to_string(slots) + ")");
  }
  if (!request.empty()) {
    for (std::string& lacks : runtime_.ledger().shortages(request)) missing.push_back(std::move(lacks));
  }
  if (missing.empty()) {
    if (!request.empty()) claim_.reset(new task_claim(*this, runtime_.ledger().demand_of(request)));
    return;
  }
  std::string text = "asks for ";
  for (const std::string& lacks : missing) text += (&lacks == &missing.front() ? "" : ", ") + lacks;
  refuse(error(errc::infeasible, std::move(text)));
}

void require_ref(const intrusive_ptr<store::entry>& entry) {
  if (!entry) throw exception(error(errc::empty_ref, "the ref refers to nothing: default-made or moved from"));
}

}  // namespace glint::detail
