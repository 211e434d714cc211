// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

/// The time in which a body enqueues work on a stream. While it is open, nobody can say which of the stream's
/// operations are the body's, because others may enqueue in between; so its point is everything enqueued at the moment
/// somebody asks. Closing it settles the point for all who hold the scope, at once. Thread-safe.
class use_scope final : public ref_counted {
 public:
  explicit use_scope(intrusive_ptr<gpu::stream> stream) noexcept : stream_(std::move(stream)) {}

  [[nodiscard]] const intrusive_ptr<gpu::stream>& stream() const noexcept { return stream_; }
  /// Everything enqueued when it was closed, or until now.
  [[nodiscard]] stream_point point() const;
  /// Settles the point at the stream's now. Later calls change nothing.
  void close();
  [[nodiscard]] bool closed() const noexcept { return sequence() != open; }
  /// The settled sequence, or `open`.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_.load(); }
  static constexpr std::uint64_t open = std::numeric_limits<std::uint64_t>::max();

 private:
  intrusive_ptr<gpu::stream> stream_;
  std::atomic<std::uint64_t> sequence_{open};
};

}  // namespace glint::gpu

namespace glint::gpu::detail {

/// One use of memory: up to a point, or during a scope.
struct memory_use {
  intrusive_ptr<gpu::stream> stream;
  std::uint64_t sequence = 0;  ///< Meaningless with a scope.
  intrusive_ptr<use_scope> scope;

  explicit memory_use(stream_point point) noexcept : stream(std::move(point.stream)), sequence(point.sequence) {}
  explicit memory_use(intrusive_ptr<use_scope> s) noexcept : stream(s->stream()), scope(std::move(s)) {}
  memory_use() noexcept = default;

  [[nodiscard]] bool empty() const noexcept { return !stream; }
  /// Its sequence, or use_scope::open.
  [[nodiscard]] std::uint64_t known_sequence() const noexcept { return scope ? scope->sequence() : sequence; }
  /// True when it is known to be over: no lock, no driver call.
  [[nodiscard]] bool over() const noexcept { return stream->completed() >= known_sequence(); }
  [[nodiscard]] stream_point point() const { return scope ? scope->point() : stream_point{stream, sequence}; }
};

/// Who uses a piece of memory: its last write, and all other uses that may not be over, the newest of each stream.
/// Thread-safe. Budget of a note: one spin lock, no allocation for up to four streams.
class use_list {
 public:
  void note_read(memory_use use);
  void note_write(memory_use use);
  /// The point after the newest write; empty if there was none.
  [[nodiscard]] stream_point last_write() const;
  /// The points of all uses that are not known to be over, writes included.
  [[nodiscard]] std::vector<stream_point> points() const;

 private:
  static constexpr std::size_t inline_count = 4;

  /// Both leave in `use` what it displaced, for the caller to drop after unlocking (it may be a stream's last
  /// reference).
  [[nodiscard]] bool try_place(memory_use& use) GLINT_REQUIRES(mutex_);
  void set_last_write(memory_use& use) GLINT_REQUIRES(mutex_);
  void place(memory_use use);
  [[nodiscard]] std::size_t count() const GLINT_REQUIRES(mutex_) { return inline_count + more_.size(); }
  [[nodiscard]] memory_use& at(std::size_t i) GLINT_REQUIRES(mutex_) {
    return i < inline_count ? first_[i] : more_[i - inline_count];
  }

  mutable spin_mutex mutex_;
  memory_use last_write_ GLINT_GUARDED_BY(mutex_);
  std::array<memory_use, inline_count> first_ GLINT_GUARDED_BY(mutex_);
  std::vector<memory_use> more_ GLINT_GUARDED_BY(mutex_);  // grown with the lock released
};

}  // namespace glint::gpu::detail
