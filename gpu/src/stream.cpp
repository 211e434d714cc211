// SPDX-License-Identifier: Apache-2.0
//
// The clock of a stream: counting, points and waits. Its events are in stream_events.cpp.
//
// Every function of the driver that is called with `mutex_` held (copy, fill, enqueue, record, wait, query) only
// enqueues or looks and calls nobody back, which makes that safe; the lock is what lets several threads share a native
// stream.
#include <glint/gpu/stream.hpp>

#include <algorithm>
#include <utility>

#include <glint/gpu/poller.hpp>

namespace glint::gpu {

namespace {

std::atomic<std::uint64_t> next_id{1};

/// Kernels that the device refused while this thread was in `stream::enqueue`; null outside of it.
thread_local std::vector<unique_function<void()>>* refused_kernels = nullptr;

/// A kernel on its way into the device. When the device refuses it, it is destroyed inside the call, with the stream's
/// lock held; its captures may hold the last handle of memory whose release comes back to this very stream. So it then
/// goes into `refused_kernels`, to be destroyed without the lock.
class kernel_in_transit {
 public:
  explicit kernel_in_transit(unique_function<void()> kernel) noexcept : kernel_(std::move(kernel)) {}
  kernel_in_transit(kernel_in_transit&&) noexcept = default;
  kernel_in_transit& operator=(kernel_in_transit&&) = delete;
  ~kernel_in_transit() {
    if (kernel_ && refused_kernels) refused_kernels->push_back(std::move(kernel_));
  }
  void operator()() { kernel_(); }

 private:
  unique_function<void()> kernel_;
};

/// Collects refused kernels for a scope that must begin before the stream's lock is taken.
class refusal_guard {
 public:
  refusal_guard() : outer_(std::exchange(refused_kernels, &kernels_)) { kernels_.reserve(1); }
  ~refusal_guard() { refused_kernels = outer_; }
  refusal_guard(const refusal_guard&) = delete;
  refusal_guard& operator=(const refusal_guard&) = delete;

 private:
  std::vector<unique_function<void()>> kernels_;
  std::vector<unique_function<void()>>* outer_;
};

}  // namespace

bool stream_point::reached() const {
  return empty() || stream->reached(sequence);
}

std::optional<error> stream_point::failure() const {
  return empty() ? std::nullopt : stream->failure(sequence);
}

result<intrusive_ptr<stream>> stream::create(intrusive_ptr<gpu::device> device, intrusive_ptr<gpu::poller> poller,
                                             intrusive_ptr<event_pool> events,
                                             intrusive_ptr<statistics_counters> counters) {
  GLINT_ASSERT(device && poller && events, "a stream needs a device, a poller and events");
  auto native = device->create_stream();
  if (!native) return fail(std::move(native).error());
  if (!counters) counters = make_intrusive<statistics_counters>();
  return intrusive_ptr<stream>(
      new stream(std::move(device), std::move(poller), std::move(events), std::move(counters), std::move(*native)),
      adopt);
}

result<intrusive_ptr<stream>> stream::borrow(intrusive_ptr<gpu::device> device, intrusive_ptr<gpu::poller> poller,
                                             intrusive_ptr<event_pool> events,
                                             intrusive_ptr<statistics_counters> counters, void* handle) {
  GLINT_ASSERT(device && poller && events && counters, "a stream needs a device, a poller, events and counters");
  auto native = device->borrow_stream(handle);
  if (!native) return fail(std::move(native).error());
  return intrusive_ptr<stream>(
      new stream(std::move(device), std::move(poller), std::move(events), std::move(counters), std::move(*native)),
      adopt);
}

stream::stream(intrusive_ptr<gpu::device> device, intrusive_ptr<gpu::poller> poller, intrusive_ptr<event_pool> events,
               intrusive_ptr<statistics_counters> counters, std::unique_ptr<native_stream> native)
    : id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      device_(std::move(device)),
      poller_(std::move(poller)),
      events_(std::move(events)),
      counters_(std::move(counters)),
      native_(std::move(native)) {}

stream::~stream() {
  native_.reset();  // waits for everything enqueued
  const lock_guard lock(mutex_);
  // Whoever watches a stream holds it: listeners cannot be left over.
  GLINT_ASSERT(!has_waiters() && due_.empty(), "a stream went while somebody waits for it", id_);
}

void stream::count_operation() {
  ++issued_;
  if (!recorder()) counters_->add(statistics_counters::counter::operations, 1);
}

result<void> stream::copy(void* to, const void* from, std::size_t bytes) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->copy(to, from, bytes));
  if (bytes != 0) count_operation();
  return {};
}

result<void> stream::fill(void* to, std::byte value, std::size_t bytes) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->fill(to, value, bytes));
  if (bytes != 0) count_operation();
  return {};
}

result<void> stream::enqueue(unique_function<void()> kernel) {
  GLINT_ASSERT(static_cast<bool>(kernel), "an empty kernel");
  unique_function<void()> in_transit = kernel_in_transit(std::move(kernel));
  const refusal_guard refused;  // before the lock: destroyed after it
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->enqueue(std::move(in_transit)));
  count_operation();
  return {};
}

// What a refused launch destroys under the lock are copies of plain values.
result<void> stream::launch(const kernel_launch& launch) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->launch(launch));
  count_operation();
  return {};
}

void stream::note_enqueued() {
  const lock_guard lock(mutex_);
  foreign_ = true;
  count_operation();
}

stream_point stream::now() {
  const lock_guard lock(mutex_);
  return {intrusive_ptr<stream>(this), issued_};
}

/// Who waits for another device is not to blame for its loss, and need not try again elsewhere.
error stream::blamed_by(const stream& waiting, error refused) const {
  if (refused.code() != errc::device_lost || waiting.device_ == device_) return refused;
  return error(errc::dependency_failed, "nobody can know when what it waits for has run")
      .with_cause(std::move(refused));
}

result<void> stream::wait(const stream_point& point) {
  if (point.empty() || point.stream.get() == this) return {};
  stream& other = *point.stream;
  if (other.completed() >= point.sequence) return {};
  if (recorder()) return wait_in_recording(point);
  {
    const lock_guard lock(mutex_);
    const auto waited = waited_.find(other.id_);
    if (waited != waited_.end() && waited->second >= point.sequence) return {};
  }
  auto ticket = other.event_for(point.sequence);  // takes and leaves the other's lock: never two at once
  if (!ticket) return fail(other.blamed_by(*this, std::move(ticket).error()));
  if (!ticket->event) return {};  // reached meanwhile
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->wait(ticket->event->native()));
  ++issued_;  // a point taken from now on stands for the wait too
  std::uint64_t& newest = waited_[other.id_];
  newest = std::max(newest, ticket->sequence);
  return {};
}

result<void> stream::wait_for(native_event& event) {
  const lock_guard lock(mutex_);
  GLINT_TRY(native_->wait(event));
  ++issued_;  // as in `wait`
  return {};
}

result<intrusive_ptr<pooled_event>> stream::event_after(std::uint64_t sequence) {
  auto ticket = event_for(sequence);
  if (!ticket) return fail(std::move(ticket).error());
  return std::move(ticket->event);
}

bool stream::reached(std::uint64_t sequence) {
  if (completed() >= sequence) return true;
  if (recorder()) return false;
  const lock_guard lock(mutex_);
  advance();
  if (!is_complete(sequence) && !mark_for(sequence)) {
    record_or_give_up();
  }
  return is_complete(sequence);
}

bool stream::known_reached(std::uint64_t sequence) {
  if (completed() >= sequence) return true;
  if (recorder()) return false;
  const lock_guard lock(mutex_);
  advance();
  return is_complete(sequence);
}

std::optional<error> stream::failure_between(std::uint64_t after, std::uint64_t sequence) {
  const lock_guard lock(mutex_);
  if (broken_ && sequence > broken_->after) return broken_->why;
  for (const failed_range& f : failures_) {
    if (sequence <= f.after || f.sequence <= after) continue;
    if (after < f.last) return f.why;
    return error(errc::dependency_failed, "what was enqueued before it on its stream failed").with_cause(f.why);
  }
  return std::nullopt;
}

std::optional<error> stream::failure(std::uint64_t sequence) {
  const lock_guard lock(mutex_);
  return failure_at(sequence);
}

}  // namespace glint::gpu
