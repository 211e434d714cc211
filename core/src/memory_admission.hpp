// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/memory_pressure.hpp>
#include <glint/gpu/platform.hpp>
#include "device_tier.hpp"

namespace glint::detail {

/// Lets tasks onto devices when there is room for what they bring and take, in the order in which they asked, and sees
/// to it that room is made: so tasks that fit only one after the other run one after the other, instead of failing half
/// way. Actors' calls are not asked about: others may depend on them.
///
/// What a task is thought to need, besides arguments that are there already: what its options say; else what a body of
/// its function took with arguments of this size before; else twice the size of its arguments, as far as the device has
/// that. It is set apart until the body has returned or blocks. What a body takes beyond it may find no room; then the
/// task is tried again with more, in the end with the whole device.
///
/// Nobody waits for ever: the first one waits only for tasks that were let on before, for work that was enqueued (its
/// objects may leave when it has run), for objects that leave and for frees that are due, each of which ends by itself.
/// When there is none of these it goes on, room or not, and fails with out_of_memory where the rest is held by others:
/// handles, references, actors and their calls.
///
/// Thread-safe. One thread at a time lets tasks on, a device; others leave word. Budget of a task when there is room:
/// four short locks.
class memory_admission final : public gpu::memory_pressure, private room_listener {
 public:
  memory_admission(gpu::platform& platform, runtime& owner, disk_tier::options below);
  ~memory_admission() override;

  [[nodiscard]] device_tier& tier() noexcept { return tier_; }
  [[nodiscard]] const disk_tier& files() const noexcept { return files_; }

  /// Calls `task.room_granted()` now or later, or refuses the task before that (infeasible). Precondition: its device
  /// is known, its arguments are there, it is configured. It may be gone when this returns.
  void request(task_base& task) noexcept;
  /// True: it waited, does not any more, and is the caller's. False: it does not wait.
  [[nodiscard]] bool withdraw(task_base& task) noexcept;
  /// Its body has returned, or blocks; nothing for one that is not admitted.
  void leave(task_base& task) noexcept;
  /// Something was enqueued on a device whose results are not ready, and has run.
  void work_enqueued(int device) noexcept;
  void work_ended(int device) noexcept;
  /// A body of this function, with arguments of this size, took so much.
  void learn(const task_traits& what, std::uint64_t input_bytes, std::uint64_t taken_bytes);

  /// Submits no more turns: the scheduler goes.
  void close() noexcept;

  [[nodiscard]] bool relieve(gpu::device_context& context, std::size_t bytes) noexcept override;
  void memory_freed(gpu::device_context& context) noexcept override;

 private:
  /// Lets tasks onto a device when something has changed there.
  class turn final : public schedulable {
   public:
    void run() noexcept override;
    void abandon(const error&) noexcept override { queued.store(false); }
    [[nodiscard]] std::string subject() const override { return "admission to device " + std::to_string(device); }

    memory_admission* owner = nullptr;
    int device = 0;
    std::atomic<bool> queued{false};
  };
  struct gate {
    gpu::device_context* context = nullptr;  // counts on this: not the other way round
    std::atomic<std::size_t> enqueued{0};
    std::atomic<std::size_t> waiting{0};  // the one that is being considered included
    turn next_turn;
    spin_mutex mutex;
    task_base* first GLINT_GUARDED_BY(mutex) = nullptr;
    task_base* last GLINT_GUARDED_BY(mutex) = nullptr;
    std::uint64_t reserved_bytes GLINT_GUARDED_BY(mutex) = 0;
    std::uint32_t admitted GLINT_GUARDED_BY(mutex) = 0;
    bool serving GLINT_GUARDED_BY(mutex) = false;
    bool changed GLINT_GUARDED_BY(mutex) = false;
  };
  enum class verdict : std::uint8_t { admitted, refused, later };

  void room_changed(int device) noexcept override;
  void serve(gate& g) noexcept;
  void serve_all(gate& g) noexcept;
  [[nodiscard]] task_base* take_first(gate& g) noexcept;
  void put_back(gate& g, task_base& task) noexcept;
  void unlink(gate& g, task_base& task) noexcept GLINT_REQUIRES(g.mutex);
  static void let_go(gate& g, task_base& task) noexcept;
  [[nodiscard]] verdict consider(gate& g, task_base& task) noexcept;
  [[nodiscard]] std::uint64_t expected_bytes(const task_base& task, const memory_demand& demand,
                                             std::uint64_t spare_bytes);
  [[nodiscard]] std::uint64_t room_in(gate& g) noexcept;
  [[nodiscard]] bool something_ends(gate& g) noexcept;

  runtime& owner_;
  disk_tier files_;
  device_tier tier_;
  std::vector<std::unique_ptr<gate>> gates_;

  mutex closing_;
  bool closed_ GLINT_GUARDED_BY(closing_) = false;

  mutex learning_;
  /// What bodies took, by function and size of the arguments, in powers of two.
  std::unordered_map<std::uint64_t, std::uint64_t> taken_ GLINT_GUARDED_BY(learning_);
};

}  // namespace glint::detail
