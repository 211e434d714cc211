// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <glint/base/config.hpp>
#include <glint/core/detail/actor_cell.hpp>
#include <glint/core/detail/call_scope.hpp>
#include <glint/core/runtime.hpp>
#include <glint/gpu/platform.hpp>
#include "actor_directory.hpp"
#include "blocked_bodies.hpp"
#include "kept_memory.hpp"
#include "memory_admission.hpp"
#include "resource_ledger.hpp"
#include "scheduler.hpp"
#include "timer_service.hpp"
#include "variant_file.hpp"
#include "variant_model.hpp"

namespace glint::detail {

/// Counters that several threads add to; each thread has a cache line of a few, read together.
class counter_set {
 public:
  enum kind { tasks, actor_calls, failed, retries, puts, states, kind_count };
  void add(kind which) noexcept;
  [[nodiscard]] std::uint64_t read(kind which) const noexcept;

 private:
  struct alignas(64) shard {
    std::atomic<std::uint64_t> values[kind_count]{};
  };
  static constexpr std::size_t shard_count = 32;
  shard shards_[shard_count];
};

/// What `init` makes: the parts of a node, put together. Thread-safe.
class runtime {
 public:
  /// `time` is what its timers go by. Errors: those of the platform; invalid_configuration.
  [[nodiscard]] static result<std::unique_ptr<runtime>> create(const config& settings, clock& time);
  ~runtime();

  [[nodiscard]] glint::detail::scheduler& scheduler() noexcept { return *scheduler_; }
  [[nodiscard]] resource_ledger& ledger() noexcept { return *ledger_; }
  /// What the ledger began with.
  [[nodiscard]] const resource_totals& totals() const noexcept { return totals_; }
  [[nodiscard]] gpu::platform& platform() noexcept { return *platform_; }
  [[nodiscard]] counter_set& counters() noexcept { return counters_; }
  [[nodiscard]] memory_admission& admission() noexcept { return *admission_; }
  /// Stopped first of all by `stop`, so that none is called while the rest ends.
  [[nodiscard]] timer_service& timers() noexcept { return timers_; }

  /// How long variants take.
  [[nodiscard]] variant_model& variants() noexcept { return variants_; }

  void add_actor(actor_cell& cell);
  /// The actor's object is gone: drops the list's hold.
  void remove_actor(actor_cell& cell) noexcept;
  [[nodiscard]] actor_directory& directory() noexcept { return directory_; }

  [[nodiscard]] blocked_bodies& blocked() noexcept { return blocked_; }

  /// The device for work without a wish: in turn, of those that were not found lost; any, if all were, so that who uses
  /// it is told. Null without devices.
  [[nodiscard]] intrusive_ptr<gpu::device_context> next_device() noexcept;
  /// The device for who will ask for a share of `gpu_units`: one where there is room for it now, else as `next_device`.
  [[nodiscard]] intrusive_ptr<gpu::device_context> device_for(std::int32_t gpu_units) noexcept;
  /// Something failed with device_lost: those devices that do not answer any more get no more work. Cost: an event a
  /// device.
  void look_for_lost_devices() noexcept;

  /// Ends everything, as glint::shutdown promises. Precondition: the gate is closed.
  void stop() noexcept;
  /// True once `stop` began: no body starts any more.
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(); }

 private:
  void stop_actors(const error& why) noexcept;
  runtime(intrusive_ptr<gpu::platform> platform, const config& settings, resource_totals totals, clock& time);

  const kept_memory memory_;  // last to go: whatever ends frees into it
  timer_service timers_;      // outlives all that may have timers in it
  intrusive_ptr<gpu::platform> platform_;
  variant_model variants_;
  variant_file kept_variants_;
  std::unique_ptr<glint::detail::scheduler> scheduler_;
  const resource_totals totals_;
  std::unique_ptr<resource_ledger> ledger_;
  intrusive_ptr<memory_admission> admission_;
  counter_set counters_;
  std::atomic<std::uint32_t> next_device_{0};
  std::atomic<bool> stopping_{false};

  blocked_bodies blocked_;
  actor_directory directory_;
  spin_mutex actors_mutex_;                                       // spawn and retirement only
  actor_cell* actors_ GLINT_GUARDED_BY(actors_mutex_) = nullptr;  // the newest; a hold each
};

/// glint::init with another clock than the machine's, for tests that move the time by hand, and as another node than
/// the first. `time` must outlive the runtime.
void init_with_clock(const config& settings, clock& time, std::uint32_t node = 0);

/// How long a `get` without a timeout waits before it is reported; zero: never. Set by `init`.
[[nodiscard]] clock::duration waits_reported_after() noexcept;

}  // namespace glint::detail
