// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/device.hpp>
#include <glint/gpu/event_pool.hpp>
#include <glint/gpu/statistics.hpp>

namespace glint::gpu {

class graph_recorder;
class poller;
class stream;

/// A point of a stream: "after the first `sequence` operations enqueued there". Cheap to copy; needs no event until
/// somebody asks for one (another stream, a waiting host, the poller).
struct stream_point {
  intrusive_ptr<gpu::stream> stream;
  std::uint64_t sequence = 0;

  /// True for the point of nothing: always reached.
  [[nodiscard]] bool empty() const noexcept { return !stream; }
  /// True once the host may see what was enqueued before the point, or its failure. May query the driver; never blocks.
  [[nodiscard]] bool reached() const;
  /// The error that the work before the point failed with, as far as it is known: complete once the point is reached.
  [[nodiscard]] std::optional<error> failure() const;
};

/// Told that a point was reached (`failure` null) or that the work before it failed. Called once, on the poller's
/// thread or inside `notify`, with no lock held; must not block.
class point_listener {
 public:
  virtual void point_reached(const error* failure) noexcept = 0;

 protected:
  ~point_listener() = default;
};

/// How soon a listener must hear. `at_once`: an event is recorded for it. `batched`: it shares an event with those who
/// come after it, so that many cost few: it is recorded when somebody asks for a point no earlier, when 48 operations
/// have been enqueued since the last one, or when that has passed and none is enqueued any more for some 50 us.
enum class urgency { at_once, batched };

/// A stream with a clock. Each enqueue advances a sequence number; events are recorded only when somebody asks, and a
/// table of (other stream -> newest point waited for) skips waits that are implied (after CUDASTF and Realm: only the
/// oldest event of a stream is queried).
///
/// An event stands for everything enqueued up to its record, so a point shares the first event at or behind it. When it
/// reports an error, the points from the operation that failed up to the record have failed with it; where the backend
/// does not know which one that was, all since the event before. It is kept, so that whoever asks about those points
/// later hears of it too. So work that must not fail with what was enqueued before it is parted from that by an event.
///
/// Thread-safe: a mutex a stream makes enqueues atomic. Lock order: stream before event_pool; never two streams.
class stream final : public ref_counted {
 public:
  /// `counters` may be null. Errors: those of the device.
  [[nodiscard]] static result<intrusive_ptr<stream>> create(intrusive_ptr<gpu::device> device,
                                                            intrusive_ptr<gpu::poller> poller,
                                                            intrusive_ptr<event_pool> events,
                                                            intrusive_ptr<statistics_counters> counters = {});
  /// Another library's stream, by the driver's handle: see device::borrow_stream. What that library enqueues there is
  /// counted by `note_enqueued` alone, and an event must be recorded (`reached`) while the stream is valid.
  [[nodiscard]] static result<intrusive_ptr<stream>> borrow(intrusive_ptr<gpu::device> device,
                                                            intrusive_ptr<gpu::poller> poller,
                                                            intrusive_ptr<event_pool> events,
                                                            intrusive_ptr<statistics_counters> counters, void* handle);
  /// Waits until everything enqueued has run; not for a borrowed one.
  ~stream() override;

  [[nodiscard]] gpu::device& device() const noexcept { return *device_; }
  [[nodiscard]] gpu::poller& poller() const noexcept { return *poller_; }
  /// The driver's handle (cudaStream_t); null on the emulated device.
  [[nodiscard]] void* handle() const noexcept { return native_->handle(); }
  /// Names the stream within the process, from 1; never used again.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

  /// As in native_stream. A kernel that is refused is destroyed with no lock held.
  [[nodiscard]] result<void> copy(void* to, const void* from, std::size_t bytes);
  [[nodiscard]] result<void> fill(void* to, std::byte value, std::size_t bytes);
  [[nodiscard]] result<void> enqueue(unique_function<void()> kernel);
  [[nodiscard]] result<void> launch(const kernel_launch& launch);
  /// All of a graph's operations, as one. `graph::launch` is what waits for its memory's other users.
  [[nodiscard]] result<void> replay(native_graph& graph);

  /// To be called after enqueueing straight on `handle()`, so that the clock counts it.
  void note_enqueued();

  /// The point after everything enqueued so far.
  [[nodiscard]] stream_point now();
  /// What is enqueued here from now on runs after `point`. Costs nothing when the point is of this stream, is reached,
  /// or is implied by an earlier wait. A wait that was enqueued counts as an operation, so that points order through
  /// it. Errors: those of the device; dependency_failed where another device, which the point is of, was lost before it
  /// was seen to pass: nobody will ever know whether it has.
  [[nodiscard]] result<void> wait(const stream_point& point);
  /// The same for an event that is no point's: another library's. Always enqueues.
  [[nodiscard]] result<void> wait_for(native_event& event);

  /// The event that stands for the first `sequence` operations, recorded now if there is none; null when they have run.
  /// Errors: those of the device, also for a point that it was given up before.
  [[nodiscard]] result<intrusive_ptr<pooled_event>> event_after(std::uint64_t sequence);

  /// True when the first `sequence` operations have run (or failed). Records an event if none stands for the point yet,
  /// so that asking again makes progress. Precondition for all sequences: not beyond `now()`.
  [[nodiscard]] bool reached(std::uint64_t sequence);
  /// As `reached`, but records nothing: false may also mean that nobody asked before.
  [[nodiscard]] bool known_reached(std::uint64_t sequence);
  /// Operations that are known to have run (or failed): one atomic load, no driver call.
  [[nodiscard]] std::uint64_t completed() const noexcept { return completed_.load(); }
  /// The error that the event standing for the point reported; none while it is not reached.
  [[nodiscard]] std::optional<error> failure(std::uint64_t sequence);
  /// The same for all operations after the first `after`, up to `sequence`: an event that somebody had recorded in
  /// between reported what failed before it, and the event of the last operation knows nothing of that. If all of them
  /// were skipped, as an operation before them had failed: dependency_failed because of that.
  [[nodiscard]] std::optional<error> failure_between(std::uint64_t after, std::uint64_t sequence);
  /// Says that the operations after the first `after`, up to `sequence`, are one to whoever asks about the last: what
  /// any of them failed with, the point of the last failed with, whatever events lie in between. To be called before
  /// others know that point.
  void fail_as_one(std::uint64_t after, std::uint64_t sequence);
  /// Has an event recorded for the point, unless one stands for it or it was reached: whoever listens there hears soon.
  void ask(std::uint64_t sequence) noexcept;
  /// What is enqueued from now on does not fail with what was enqueued before: has an event recorded for that, unless
  /// one is, or all has run. Returns how much was enqueued before.
  std::uint64_t part() noexcept;
  /// Calls `listener` when the first `sequence` operations have run, at once if they have. An error recorded by any
  /// event up to there and after the previous event is reported. After the poller stopped, blocks until the point is
  /// reached.
  void notify(std::uint64_t sequence, point_listener& listener, urgency how_soon = urgency::at_once);

  /// True when the device refused to say anything about the point any more (it was lost): `reached` and failed, but the
  /// device may still be inside the work, so its memory must be kept.
  [[nodiscard]] bool abandoned(std::uint64_t sequence) const;
  /// Keeps something until the stream was destroyed, which waits for its work: host memory of abandoned copies.
  void keep_until_end(std::shared_ptr<void> memory);

  /// Who records what is given to the stream instead of letting it run, or null. What this means for points, waits and
  /// listeners stands in graph_recorder.hpp.
  [[nodiscard]] graph_recorder* recorder() const noexcept { return recorder_.load(); }

  /// Driver calls made so far; a test counts them.
  [[nodiscard]] std::uint64_t events_recorded() const noexcept {
    return events_recorded_.load(std::memory_order_relaxed);
  }

 private:
  friend class graph_recorder;
  friend class poller;
  using poll_time = std::chrono::steady_clock::time_point;

  /// A listener for a point no later than the mark that holds it.
  struct waiter {
    std::uint64_t sequence;
    point_listener* listener;
  };
  /// A recorded event that was not seen complete: stands for the operations (after, sequence].
  struct mark {
    std::uint64_t after;
    std::uint64_t sequence;
    intrusive_ptr<pooled_event> event;
    std::vector<waiter> waiters;
    bool exact;  ///< The backend counts operations as this does.
  };
  /// One of the operations (after, last] failed, and with it all of (after, sequence]; behind `last` nothing ran.
  struct failed_range {
    std::uint64_t after;
    std::uint64_t last;
    std::uint64_t sequence;
    error why;
  };
  /// The operations (after, sequence] fail together.
  struct whole {
    std::uint64_t after;
    std::uint64_t sequence;
  };
  /// A listener to call once no lock is held.
  struct due_call {
    point_listener* listener;
    std::optional<error> failure;
  };
  /// What a poll saw.
  struct poll_outcome {
    bool progressed;  ///< An event completed.
    bool waiting;     ///< Listeners remain.
  };
  /// The event that stands for a point; null when the point is reached.
  struct event_ticket {
    intrusive_ptr<pooled_event> event;
    std::uint64_t sequence;  ///< What the event covers: at least the point.
  };

  stream(intrusive_ptr<gpu::device> device, intrusive_ptr<gpu::poller> poller, intrusive_ptr<event_pool> events,
         intrusive_ptr<statistics_counters> counters, std::unique_ptr<native_stream> native);

  void count_operation() GLINT_REQUIRES(mutex_);
  [[nodiscard]] result<event_ticket> event_for(std::uint64_t sequence);
  [[nodiscard]] error blamed_by(const stream& waiting, error refused) const;
  [[nodiscard]] bool is_complete(std::uint64_t sequence) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] mark* mark_for(std::uint64_t sequence) GLINT_REQUIRES(mutex_);
  [[nodiscard]] result<void> record() GLINT_REQUIRES(mutex_);
  [[nodiscard]] result<void> try_record() GLINT_REQUIRES(mutex_);
  bool advance() GLINT_REQUIRES(mutex_);
  void retire(mark&& oldest, result<bool> answer) GLINT_REQUIRES(mutex_);
  void give_up(error why) GLINT_REQUIRES(mutex_);
  void remember(failed_range range) GLINT_REQUIRES(mutex_);
  void settle(const whole& w) GLINT_REQUIRES(mutex_);
  [[nodiscard]] std::optional<error> failure_at(std::uint64_t sequence) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool has_waiters() const GLINT_REQUIRES(mutex_);
  void park(waiter w, urgency how_soon) GLINT_REQUIRES(mutex_);
  void record_or_give_up() GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool batch_is_due(std::optional<poll_time> now) GLINT_REQUIRES(mutex_);
  /// The poller's; without a time nothing more is expected to be enqueued soon.
  poll_outcome poll(std::optional<poll_time> now);

  [[nodiscard]] error recording_error() const;
  [[nodiscard]] result<void> begin_recording(graph_recorder& by);
  [[nodiscard]] result<void> join_recording(graph_recorder& by, pooled_event& begun);
  [[nodiscard]] result<intrusive_ptr<pooled_event>> record_in_recording();
  [[nodiscard]] result<std::unique_ptr<native_graph>> end_recording();
  void leave_recording();
  [[nodiscard]] result<void> wait_in_recording(const stream_point& point);

  const std::uint64_t id_;
  intrusive_ptr<gpu::device> device_;
  intrusive_ptr<gpu::poller> poller_;
  intrusive_ptr<event_pool> events_;
  intrusive_ptr<statistics_counters> counters_;
  std::vector<std::shared_ptr<void>> kept_ GLINT_GUARDED_BY(mutex_);  // before native_: goes after it
  std::unique_ptr<native_stream> native_;

  mutable mutex mutex_;
  std::uint64_t issued_ GLINT_GUARDED_BY(mutex_) = 0;      // operations enqueued
  std::uint64_t recorded_ GLINT_GUARDED_BY(mutex_) = 0;    // operations before the newest event
  std::deque<mark> marks_ GLINT_GUARDED_BY(mutex_);        // oldest first
  std::vector<waiter> unmarked_ GLINT_GUARDED_BY(mutex_);  // batched: wait for the next event
  bool foreign_ GLINT_GUARDED_BY(mutex_) = false;          // others enqueued since the newest event
  std::vector<due_call> due_ GLINT_GUARDED_BY(mutex_);     // for the next poll to call
  std::unordered_map<std::uint64_t, std::uint64_t> waited_ GLINT_GUARDED_BY(mutex_);  // stream id -> sequence
  std::vector<failed_range> failures_ GLINT_GUARDED_BY(mutex_);                       // oldest first
  std::deque<whole> wholes_ GLINT_GUARDED_BY(mutex_);            // not known to be over, by their ends
  std::optional<failed_range> broken_ GLINT_GUARDED_BY(mutex_);  // no event can be recorded any more
  bool watched_ GLINT_GUARDED_BY(mutex_) = false;                // the poller has it in its list
  std::uint64_t polled_issued_ GLINT_GUARDED_BY(mutex_) = 0;     // issued_ when the poller looked last,
  poll_time changed_at_ GLINT_GUARDED_BY(mutex_){};              // and when it first saw that
  std::atomic<std::uint64_t> completed_{0};                      // written with mutex_ held, never falls
  std::atomic<std::uint64_t> events_recorded_{0};
  std::atomic<graph_recorder*> recorder_{nullptr};
};

}  // namespace glint::gpu
