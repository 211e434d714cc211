// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/device.hpp>
#include <glint/gpu/memory_pressure.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/statistics.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

class device_memory;
class pinned_memory;
class deferred_frees;

/// Which devices a process uses.
struct platform_options {
  enum class choice { automatic, emulated, cuda };
  choice backend = choice::automatic;  ///< automatic: CUDA devices where there are any, else emulated ones.
  int emulated_devices = 1;            ///< How many; 0 for a process without devices.
  std::size_t emulated_capacity_bytes = std::size_t{256} << 20;  ///< Memory of each.
  int emulated_peer_group = 0;  ///< Of so many neighbours each may reach the others' memory; 0: all of all.
  std::size_t pinned_bytes = std::size_t{256} << 20;  ///< Page-locked host memory at most; 0: none.
};

/// One device with what Glint keeps for it: memory, transfer streams and a pool of streams for tasks. Thread-safe.
/// Lives as long as anything on it does.
class device_context final : public ref_counted {
 public:
  /// Streams that tasks share: as many kernels as a device gains from side by side (CUDASTF's choice).
  static constexpr std::size_t task_streams_max = 4;

  /// Who copies to and from it takes pageable memory, if `pinned` is null. Errors: those of the device.
  [[nodiscard]] static result<intrusive_ptr<device_context>> create(intrusive_ptr<gpu::device> device,
                                                                    intrusive_ptr<gpu::poller> poller,
                                                                    intrusive_ptr<statistics_counters> counters,
                                                                    intrusive_ptr<pinned_memory> pinned);
  /// By itself: with counters of its own, and nothing page-locked.
  [[nodiscard]] static result<intrusive_ptr<device_context>> create(intrusive_ptr<gpu::device> device,
                                                                    intrusive_ptr<gpu::poller> poller);
  ~device_context() override;

  [[nodiscard]] gpu::device& device() const noexcept { return *device_; }
  [[nodiscard]] int index() const noexcept { return device_->index(); }
  [[nodiscard]] device_memory& memory() const noexcept { return *memory_; }
  /// Page-locked host memory, which the platform's devices share; null: none.
  [[nodiscard]] const intrusive_ptr<pinned_memory>& pinned() const noexcept { return pinned_; }
  /// Memory to free once its last uses are over; `storage` fills it.
  [[nodiscard]] deferred_frees& deferred() const noexcept { return *deferred_; }
  [[nodiscard]] statistics_counters& counters() const noexcept { return *counters_; }
  /// How many pieces of memory are free as soon as their last uses are over.
  [[nodiscard]] std::size_t pending_frees() const;
  [[nodiscard]] std::size_t pending_free_bytes() const;
  /// Tells who makes room here that memory was freed.
  void say_freed() noexcept {
    if (pressure_) pressure_->memory_freed(*this);
  }
  /// Who makes room here; null: nobody. Set once, before the device is used; must not count on the context.
  [[nodiscard]] memory_pressure* pressure() const noexcept { return pressure_.get(); }
  void set_pressure(intrusive_ptr<memory_pressure> pressure) noexcept { pressure_ = std::move(pressure); }

  /// Asks whether the device still does anything. Once it was found lost it stays so. Cost: an event is made; a load
  /// when it was found lost before.
  [[nodiscard]] bool answers() noexcept;
  /// Whether `answers` ever said no: one load.
  [[nodiscard]] bool found_lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

  /// A stream of the pool for a task, taken in turn: several tasks may share one (bounded, four a device). It is parted
  /// from what others have enqueued there.
  [[nodiscard]] result<intrusive_ptr<gpu::stream>> task_stream();
  /// The stream of `point`, if it is of the pool, nothing was enqueued there since, and nobody was given it for that
  /// point before: who needs just what is before the point goes on there and waits for nothing. Else null: of several
  /// that need it, the first goes on, the others spread over the pool.
  [[nodiscard]] intrusive_ptr<gpu::stream> stream_behind(const stream_point& point);
  /// A stream of its own, for an actor: one that nobody holds any more if there is such, so that no destructor of a
  /// stream, which waits for its work, ever runs before the context's.
  [[nodiscard]] result<intrusive_ptr<gpu::stream>> create_stream();
  /// A stream for a graph_recorder alone: nothing ever runs there, so no drain needs to know of it.
  [[nodiscard]] result<intrusive_ptr<gpu::stream>> recording_stream() { return new_stream(); }
  /// Another library's stream on this device, by the driver's handle: see stream::borrow.
  [[nodiscard]] result<intrusive_ptr<gpu::stream>> borrow_stream(void* handle);
  /// The stream for copies to or from this device that the runtime makes.
  [[nodiscard]] intrusive_ptr<gpu::stream> transfer_stream() const noexcept { return transfer_; }

  /// All its streams, for a drain.
  [[nodiscard]] std::vector<intrusive_ptr<gpu::stream>> streams() const;

 private:
  device_context(intrusive_ptr<gpu::device> device, intrusive_ptr<gpu::poller> poller,
                 intrusive_ptr<statistics_counters> counters, intrusive_ptr<pinned_memory> pinned);
  [[nodiscard]] result<intrusive_ptr<gpu::stream>> new_stream();

  intrusive_ptr<gpu::device> device_;
  intrusive_ptr<gpu::poller> poller_;
  intrusive_ptr<statistics_counters> counters_;
  intrusive_ptr<pinned_memory> pinned_;
  intrusive_ptr<event_pool> events_;
  intrusive_ptr<memory_pressure> pressure_;
  std::unique_ptr<device_memory> memory_;
  std::unique_ptr<deferred_frees> deferred_;
  intrusive_ptr<gpu::stream> transfer_;
  std::atomic<bool> lost_{false};

  /// A stream of the pool for tasks.
  struct shared_stream {
    intrusive_ptr<gpu::stream> stream;
    std::uint64_t continued = 0;  // up to this point it was given to who goes on there
  };

  mutable mutex mutex_;
  std::vector<shared_stream> shared_ GLINT_GUARDED_BY(mutex_);
  std::vector<intrusive_ptr<gpu::stream>> owned_ GLINT_GUARDED_BY(mutex_);  // made by create_stream
  std::size_t next_ GLINT_GUARDED_BY(mutex_) = 0;
};

/// All devices of a process, and the poller that notices completion. Thread-safe.
class platform final : public ref_counted {
 public:
  /// Errors: no_device when CUDA was demanded and there is none (the message says why), invalid_argument for a negative
  /// number of devices, those of the devices.
  [[nodiscard]] static result<intrusive_ptr<platform>> create(const platform_options& options);
  /// The same over devices made elsewhere, for tests.
  [[nodiscard]] static result<intrusive_ptr<platform>> create_from(
      std::vector<intrusive_ptr<gpu::device>> devices, std::size_t pinned_bytes = platform_options{}.pinned_bytes);
  /// As `close`.
  ~platform() override;

  [[nodiscard]] const std::vector<intrusive_ptr<device_context>>& devices() const noexcept { return devices_; }
  [[nodiscard]] gpu::poller& poller() const noexcept { return *poller_; }
  [[nodiscard]] gpu::statistics statistics() const noexcept { return counters_->read(); }

  /// Waits until all streams have run dry and everything deferred on them (frees, listeners) has happened. Must not be
  /// called on the poller's thread.
  void drain();
  /// Stops the poller after a drain. Tensors that still live keep their device's memory. Idempotent.
  void close();

 private:
  platform(std::vector<intrusive_ptr<device_context>> devices, intrusive_ptr<gpu::poller> poller,
           intrusive_ptr<statistics_counters> counters) noexcept;

  std::vector<intrusive_ptr<device_context>> devices_;
  intrusive_ptr<gpu::poller> poller_;
  intrusive_ptr<statistics_counters> counters_;
};

}  // namespace glint::gpu
