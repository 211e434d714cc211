// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>

#include "event.hpp"
#include "fiber.hpp"
#include "operation.hpp"

namespace glint::gpu::emulated {

class emulated_device;

/// The thread behind a stream: takes entries from a queue and runs them in order, each in the stream's fiber.
///
/// Counted by the stream and by its thread, since a closure run by the thread may drop the stream itself. The thread
/// touches of an entry only what it may: an operation belongs to the enqueuer and then to the fiber.
/// Lock order: the queue's mutex is a leaf; it is not held while anything runs or waits.
class engine final : public ref_counted {
 public:
  engine(intrusive_ptr<emulated_device> device, std::string thread_name);
  ~engine() override;

  /// The thread's life; counted on by the thread itself.
  void main() noexcept;

  /// Each enqueues an entry, from one host thread at a time.
  void run(std::unique_ptr<operation> work);
  void record(intrusive_ptr<mark> m);
  void wait(intrusive_ptr<mark> m);
  /// What is enqueued next by `run_part` and `wait_part` is one operation of the stream, a graph's replay: a failure
  /// before it skips one. `keep` is let go by the thread after the work.
  void begin_parts();
  void run_part(std::unique_ptr<operation> work, intrusive_ptr<ref_counted> keep);
  void wait_part(intrusive_ptr<mark> m);
  /// Within a graph, failures go along its edges: `edge_from` marks like `record`, but the failure stays the stream's
  /// too; `edge_to` waits, and what failed before the mark has failed here. `first_edge_to` also forgets what failed
  /// here before: it begins another replay.
  void edge_from(intrusive_ptr<mark> m);
  void edge_to(intrusive_ptr<mark> m);
  void first_edge_to(intrusive_ptr<mark> m);
  /// Lets go of `what` in the fiber, behind everything enqueued, and takes it from the caller; not after `close`. By
  /// any thread.
  void let_go(intrusive_ptr<ref_counted>& what);
  /// The last entry: the thread ends when it has come to it.
  void close();

 private:
  enum class step { run, record, wait, begin_parts, run_part, wait_part, edge_from, edge_to, first_edge_to, close };
  struct entry {
    step what = step::close;
    operation* work = nullptr;        ///< Owned, for those that run; raw because the thread must not touch it.
    intrusive_ptr<mark> event;        ///< For those that mark or wait.
    intrusive_ptr<ref_counted> keep;  ///< What `work` uses.
  };
  /// What only the fiber touches.
  struct device_side {
    emulated_device& device;
    std::optional<mark::failed_work> failure;  ///< Of the work since the last record.
  };

  void push(entry e);
  void push(step what, intrusive_ptr<mark> m);
  [[nodiscard]] entry pop();
  void perform(fiber& f, entry& e);

  // Bodies for the fiber.
  static void run_work(void* side, void* work) noexcept;
  static void skip_one(void* side, void* unused) noexcept;
  static void seal_record(void* side, void* event) noexcept;
  static void join(void* side, void* event) noexcept;
  static void seal_edge(void* side, void* event) noexcept;
  static void take_failure(void* side, void* event) noexcept;
  static void forget_failure(void* side, void* unused) noexcept;
  static void finish(void* side, void* unused) noexcept;

  const intrusive_ptr<emulated_device> device_;
  const std::string thread_name_;
  device_side side_;
  mutex mutex_;
  std::condition_variable filled_;
  /// Unbounded: an enqueue never waits for the work, and what bounds the work in flight is who enqueues (a task holds
  /// the memory that its operations use).
  std::deque<entry> entries_ GLINT_GUARDED_BY(mutex_);
  bool closed_ GLINT_GUARDED_BY(mutex_) = false;
};

/// Starts the thread of `e`. Errors: device_error when the system has no thread left.
[[nodiscard]] result<void> start(const intrusive_ptr<engine>& e, std::thread& thread);

}  // namespace glint::gpu::emulated
