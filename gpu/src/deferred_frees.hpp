// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

class device_context;

/// Memory as its owner asked for it.
struct memory_block {
  void* data;
  std::size_t bytes;
};

/// Frees memory of which all `uses` are over. What an abandoned stream may still touch is kept instead: host memory
/// until the stream's end, device memory until the device's. `context` null: host memory; `owner` not null: memory of
/// either place that is not freed but let go. Who gets recycled host memory next writes there at once: as with `free`,
/// no device may use it any more.
void free_memory(device_context* context, memory_block block, intrusive_ptr<ref_counted> owner,
                 const std::vector<stream_point>& uses) noexcept;

/// Memory whose last handle went while work that uses it may not have run. Freed by whoever notices first that all its
/// uses are over: the poller, or a thread that needs room.
class deferred_free final : public ref_counted, public point_listener {
 public:
  /// As free_memory.
  deferred_free(intrusive_ptr<device_context> context, memory_block block, intrusive_ptr<ref_counted> owner,
                std::vector<stream_point> uses) noexcept;

  /// Begins to listen. Precondition: the caller's count passes to the listening.
  void start() noexcept { advance(); }
  /// Frees the memory if all uses are over; true if this call did it.
  bool try_free();
  /// The stream that all its uses are on, if it is the device's own memory and the stream can still be waited for.
  [[nodiscard]] stream* only_stream() const noexcept;
  /// Takes the memory, which is then not freed; null if it was already.
  [[nodiscard]] void* take() noexcept { return end_once() ? block_.data : nullptr; }
  void point_reached(const error* failure) noexcept override;

 private:
  ~deferred_free() override = default;
  void advance() noexcept;
  void free_once() noexcept;
  [[nodiscard]] bool end_once() noexcept;

  friend class deferred_frees;

  const intrusive_ptr<device_context> context_;
  const memory_block block_;
  intrusive_ptr<ref_counted> owner_;  // whoever frees takes it
  const std::vector<stream_point> uses_;
  std::size_t next_ = 0;  // uses before it are over; the listening's own
  std::atomic<bool> freed_{false};
};

/// The deferred frees of a device, for `collect`. Thread-safe. Lock order: a leaf.
class deferred_frees {
 public:
  void add(intrusive_ptr<deferred_free> d);
  void remove(deferred_free& d) noexcept;
  /// Looks at each once and frees those whose uses are over. Never waits and calls no listener. Returns how many it
  /// freed.
  std::size_t collect();
  /// Memory of this size that only `home` still uses, for who uses it in order of that stream; null: there is none. So
  /// what is enqueued far ahead needs no more memory than what runs step by step (as in CUDA's pools, RMM).
  [[nodiscard]] void* take(const stream& home, std::size_t bytes);
  /// How many are pending.
  [[nodiscard]] std::size_t count() const;
  /// What they will free: one load.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  /// A stream's number and a size.
  using shelf = std::pair<std::uint64_t, std::size_t>;
  [[nodiscard]] static std::optional<shelf> shelf_of(const deferred_free& d);
  void forget(const deferred_free& d) GLINT_REQUIRES(mutex_);

  friend class deferred_free;
  std::atomic<std::size_t> bytes_{0};

  mutable mutex mutex_;
  std::list<intrusive_ptr<deferred_free>> pending_ GLINT_GUARDED_BY(mutex_);
  std::map<shelf, std::vector<intrusive_ptr<deferred_free>>> shelves_ GLINT_GUARDED_BY(mutex_);  // newest last
};

}  // namespace glint::gpu
