// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/gpu/backends.hpp>
#include <glint/gpu/device.hpp>

#include "arena.hpp"

namespace glint::gpu::emulated {

/// The device: an arena, faults on order, and a maker of streams. Thread-safe. Counted by its streams and events.
class emulated_device final : public device {
 public:
  emulated_device(const emulated_options& options, std::uint64_t id, std::unique_ptr<arena> memory);
  ~emulated_device() override;

  [[nodiscard]] backend_kind backend() const noexcept override { return backend_kind::emulated; }
  [[nodiscard]] int index() const noexcept override { return index_; }
  [[nodiscard]] const device_info& info() const noexcept override { return info_; }
  [[nodiscard]] result<void*> reserve(std::size_t bytes) override;
  void unreserve(void* slab, std::size_t bytes) noexcept override;
  /// Ordinary memory, which is remembered as page-locked.
  [[nodiscard]] result<void*> allocate_pinned(std::size_t bytes) override;
  void free_pinned(void* block, std::size_t bytes) noexcept override;
  [[nodiscard]] result<std::unique_ptr<native_stream>> create_stream() override;
  [[nodiscard]] result<std::unique_ptr<native_event>> create_event() override;
  [[nodiscard]] result<bool> holds(const void* at, std::size_t bytes) override { return contains(at, bytes); }

  [[nodiscard]] result<bool> reach(device& other) override;
  [[nodiscard]] result<slab_handle> export_slab(void* slab) override;
  [[nodiscard]] result<void*> open_slab(const slab_handle& handle) override;
  void close_slab(void* opened) noexcept override { memory_->close(opened); }

  /// Its name in the process; no other device ever has it.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] range_owner as_owner() const noexcept { return {id_, index_}; }
  /// The keys of its own memory and of that of the peers it reaches.
  [[nodiscard]] std::uint32_t keys() const noexcept { return keys_.load(std::memory_order_relaxed); }
  /// Whether work of this device may touch the memory: the host's, its own, that of a peer it reaches.
  [[nodiscard]] bool may_touch(const void* at);
  /// Counts the copy if CUDA may let its caller wait for it.
  void note_copy(const void* to, const void* from, std::size_t bytes) noexcept;
  [[nodiscard]] std::uint64_t waiting_copies() const noexcept { return waiting_copies_.load(); }
  /// Counts another call that CUDA may make wait.
  void note_waiting_call() noexcept { other_waiting_calls_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t waiting_calls() const noexcept { return waiting_copies() + other_waiting_calls_.load(); }
  /// Counts a step of `emulated_faults::fail_step`; true when what it enqueues must fail later. `runs`: it enqueues
  /// such a thing. Errors: device_lost on a lost device; what was ordered, for `call`.
  [[nodiscard]] result<bool> step(const char* call, bool runs = false);

  [[nodiscard]] emulated_faults& faults() noexcept { return faults_; }
  [[nodiscard]] error lost_error() const;
  [[nodiscard]] bool contains(const void* at, std::size_t bytes) const noexcept { return memory_->contains(at, bytes); }

 private:
  const int index_;
  const int peer_group_;
  const std::uint64_t id_;
  const std::unique_ptr<arena> memory_;
  const device_info info_;
  emulated_faults faults_;
  std::atomic<unsigned> streams_created_{0};
  std::atomic<std::uint64_t> waiting_copies_{0};
  std::atomic<std::uint64_t> other_waiting_calls_{0};
  std::atomic<std::uint32_t> keys_;
  mutex mutex_;
  std::vector<std::uint64_t> reached_ GLINT_GUARDED_BY(mutex_);  // ids of devices
};

}  // namespace glint::gpu::emulated
