// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <optional>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/gpu/device.hpp>

namespace glint::gpu::emulated {

class capture;
class emulated_device;

/// A record in a capture: "behind these operations of it". Nothing stands for it but the capture.
struct captured_record {
  intrusive_ptr<capture> in;
  std::vector<std::uint32_t> behind;  ///< Numbers of operations: what its stream's next one would depend on.
};

/// One record of an event: each record makes a new one, so that waits keep the one that they were enqueued with.
///
/// Its address is what orders device work for ThreadSanitizer: released in the context of the stream that recorded it,
/// acquired in that of a stream that waited and of a host thread that was told "true". Its lock orders the threads that
/// happen to run the streams, which proves nothing about the work. Thread-safe; its mutex is a leaf.
class mark final : public ref_counted {
 public:
  mark() = default;
  ~mark() override;

  /// The stream's work up to here has run; `seal` was called before.
  void complete();
  [[nodiscard]] bool done();
  /// Blocks the thread until `complete`. Ends, because streams are FIFO and a wait takes a record enqueued before it:
  /// no cycle can form.
  void wait_until_done();

  /// Orders the stream's context after the enqueue of the record; by the enqueuing thread, before the enqueue.
  void open();
  /// What failed before the record, and how many operations were skipped between that and the record, if that is known.
  struct failed_work {
    error why;
    std::optional<std::uint64_t> behind;
  };
  /// Sets the failure of the work before the record; in the stream's context, before `complete`.
  void seal(std::optional<failed_work> failure);
  /// True when there is a failure. Precondition: done.
  [[nodiscard]] bool failed() const noexcept { return failed_.load(std::memory_order_relaxed); }
  /// The failure. Precondition: done, and the caller has acquired this mark.
  [[nodiscard]] const std::optional<failed_work>& failure() const noexcept { return failure_; }

 private:
  mutex mutex_;
  std::condition_variable completed_;
  bool done_ GLINT_GUARDED_BY(mutex_) = false;
  /// Written by the stream's context only on a failure. So whoever drops the last count of any other mark need not
  /// acquire it: that would order this thread after work that it never waited for.
  std::optional<failed_work> failure_;
  std::atomic<bool> failed_{false};  ///< Relaxed: the order comes from the annotation.
};

/// An event: the newest of its records. Thread-safe; its mutex is a leaf.
class emulated_event final : public native_event {
 public:
  explicit emulated_event(intrusive_ptr<emulated_device> device);
  ~emulated_event() override;

  [[nodiscard]] result<bool> query() override;
  [[nodiscard]] std::optional<std::uint64_t> behind_failure() override;

  [[nodiscard]] const emulated_device& device() const noexcept { return *device_; }
  void set_newest(intrusive_ptr<mark> m);
  void set_captured(captured_record r);
  /// The newest record, or null when there was none, or when it was made in a capture.
  [[nodiscard]] intrusive_ptr<mark> newest();
  /// The newest record, if it was made in a capture.
  [[nodiscard]] std::optional<captured_record> captured();

 private:
  const intrusive_ptr<emulated_device> device_;
  mutex mutex_;
  intrusive_ptr<mark> newest_ GLINT_GUARDED_BY(mutex_);
  std::optional<captured_record> captured_ GLINT_GUARDED_BY(mutex_);  // instead of newest_
};

}  // namespace glint::gpu::emulated
