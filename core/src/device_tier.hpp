// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/store/entry.hpp>
#include "disk_tier.hpp"

namespace glint::detail {

/// Told that something may have left a device.
class room_listener {
 public:
  virtual void room_changed(int device) noexcept = 0;

 protected:
  ~room_listener() = default;
};

/// The objects in devices' memory, and which of them leave it when room is wanted: copies that can be made again are
/// dropped at once; then objects are *spilled*: copied to the host, and when the copy is there, the object takes its
/// tensors, and the device's are free. What somebody has pinned, or holds a handle of, stays.
///
/// Order: copies before objects; of objects, those that the host has a copy of already, then by the time since their
/// last use, weighted by what fetching them again costs a byte: many small ones cost more than one large one, as each
/// transfer has a price of its own. (cuDF's spill manager goes by last use alone; the weight is StarPU's idea of
/// latency and bandwidth.)
///
/// Thread-safe. Cost of making room: a look at all objects on the device.
class device_tier {
 public:
  /// `below` takes what comes to the host.
  device_tier(const gpu::platform& platform, room_listener& listener, ref_counted& owner, disk_tier& below);

  /// The object may leave the device that its tensors are on once it is ready. For its maker, before it is published:
  /// later its value may be moved out at any time. Does nothing for one without tensors there.
  void add(store::entry& object) noexcept;
  /// An object with all its tensors in host memory, as those that have left a device: it may go on to a file.
  void add_on_host(store::entry& object) noexcept;

  /// What came of making room, bytes.
  struct room {
    std::size_t freed = 0;   ///< At once.
    std::size_t coming = 0;  ///< When what was enqueued has run: somebody is told of that.
  };
  /// Who wants room: an allocation, which cannot wait for what is coming, or somebody who can.
  enum class when : std::uint8_t { at_once, soon };
  /// Frees `bytes` bytes, or sees to it that so much is coming, as far as there are objects to go. Never waits.
  [[nodiscard]] room make_room(gpu::device_context& context, std::size_t bytes, when needed) noexcept;
  /// Bytes on their way out of a device.
  [[nodiscard]] std::size_t leaving_bytes(int device) const noexcept {
    return leaving_[static_cast<std::size_t>(device)].load();
  }

  [[nodiscard]] std::uint64_t dropped_bytes() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t spilled_bytes() const noexcept { return spilled_.load(std::memory_order_relaxed); }

 private:
  class departure;
  using resident = store::resident_list::resident;

  [[nodiscard]] std::vector<resident> victims(int device) const;
  [[nodiscard]] room drop(const resident& copy, int device) noexcept;
  [[nodiscard]] room spill(const resident& victim, gpu::device_context& context) noexcept;
  [[nodiscard]] room leave_for(const resident& victim, const intrusive_ptr<store::entry>& copy, int device) noexcept;
  room move_to_host(const resident& victim, store::entry& copy, int device) noexcept;
  void stays(store::entry& object, int device) noexcept;

  room_listener& listener_;
  ref_counted& owner_;  // keeps this while objects leave
  disk_tier& below_;
  std::vector<const gpu::device_context*> contexts_;  // compared only
  std::vector<intrusive_ptr<store::resident_list>> lists_;
  std::vector<std::atomic<std::size_t>> leaving_;
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> spilled_{0};
};

}  // namespace glint::detail
