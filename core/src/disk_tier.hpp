// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/core/detail/task.hpp>
#include <glint/gpu/tensor.hpp>
#include <glint/store/entry.hpp>

namespace glint::detail {

class scheduler;

/// The objects that have left a device for the host. When they are more than the host is to keep, those used least
/// recently go on to files: their tensors then lie in a mapping of one (spill_file), which reads like other host
/// memory. Written on a CPU slot, one object at a time.
///
/// Thread-safe.
class disk_tier {
 public:
  /// Objects below it stay: each file costs a mapping, of which a process has some ten thousands.
  static constexpr std::size_t bytes_min = std::size_t{64} << 10;

  struct options {
    std::uint64_t host_bytes = 0;  ///< To keep in host memory.
    std::string directory = {};    ///< Of the files; empty: there are none, and the host keeps all.
  };
  disk_tier(options settings, runtime& owner);

  /// Its tensors have come to the host.
  void add(store::entry& object, std::size_t bytes) noexcept;
  /// Bytes written to files so far.
  [[nodiscard]] std::uint64_t written_bytes() const noexcept { return written_.load(std::memory_order_relaxed); }

 private:
  /// Writes until few enough are left.
  class turn final : public schedulable {
   public:
    explicit turn(disk_tier& owner) noexcept : owner_(owner) {}
    void run() noexcept override {
      queued.store(false);
      owner_.write_what_is_too_much();
    }
    void abandon(const error&) noexcept override { queued.store(false); }
    [[nodiscard]] std::string subject() const override { return "writing objects to files"; }
    std::atomic<bool> queued{false};

   private:
    disk_tier& owner_;
  };

  [[nodiscard]] bool too_much() const { return list_->bytes() > settings_.host_bytes; }
  void write_what_is_too_much() noexcept;
  void write_oldest() noexcept;
  void write(store::entry& object, std::size_t bytes) noexcept;
  [[nodiscard]] std::vector<tensor_base> begin(store::entry& object) noexcept;
  [[nodiscard]] bool move_to_file(store::entry& object, const std::vector<tensor_base>& written) noexcept;

  const options settings_;
  runtime& owner_;
  intrusive_ptr<store::resident_list> list_ = make_intrusive<store::resident_list>();
  turn turn_{*this};
  std::atomic<bool> writing_{false};
  std::atomic<bool> complained_{false};
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace glint::detail
