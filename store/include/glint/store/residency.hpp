// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/gpu/memory_place.hpp>

namespace glint::store {

class entry;
class resident_list;

/// Who needs the tensors of an object to stay where they are, and the object's copies in other memories. Of entries
/// whose type contains tensors.
///
/// A reader pins, reads the value, and unpins; pins do not exclude each other. Who moves the tensors elsewhere, or
/// drops them, does that between `try_move` and `end_move`, when nobody has a pin; that takes a few stores, so that a
/// reader who comes meanwhile just looks on. Budget: one atomic operation a pin, two an unpin, no lock.
class residency {
 public:
  residency() = default;
  residency(const residency&) = delete;
  residency& operator=(const residency&) = delete;
  /// Leaves its list.
  ~residency();

  /// False: it is a copy that was dropped; nothing is pinned.
  [[nodiscard]] bool pin() noexcept;
  /// `used`: it counts as a use that keeps the object on its device for longer.
  void unpin(bool used) noexcept;
  /// Pins for good: somebody was given a reference to the value.
  void expose() noexcept;
  /// True: nobody has a pin, and nobody gets one before `end_move`.
  [[nodiscard]] bool try_move() noexcept;
  /// What became of it: `dropped` is for ever.
  enum class moved : std::uint8_t { kept, dropped };
  void end_move(moved how) noexcept;
  [[nodiscard]] bool dropped() const noexcept { return (state_.load(std::memory_order_acquire) & dropped_bit) != 0; }
  /// Whether `try_move` would find pins now.
  [[nodiscard]] bool pinned() const noexcept { return state_.load(std::memory_order_relaxed) != 0; }

  /// Leaves the list that it is in.
  void leave_list() noexcept;

  /// For who copies it to other memory, to move it there then: one at a time. False: another does.
  [[nodiscard]] bool begin_leaving() noexcept { return !leaving_.exchange(true); }
  void end_leaving() noexcept {
    leaving_.store(false);
    leaving_.notify_all();
  }
  /// Blocks while somebody copies it.
  void wait_while_leaving() const noexcept { leaving_.wait(true); }

  /// A number that grows with each use of any object: when this one was last unpinned.
  [[nodiscard]] std::uint64_t last_use() const noexcept { return last_use_.load(std::memory_order_relaxed); }

  /// A copy of another object, which can be made again: set before it is published.
  bool secondary = false;

 private:
  friend class entry;
  friend class resident_list;
  struct copy_at {
    memory_place place;
    intrusive_ptr<entry> copy;
  };
  static constexpr std::uint32_t moving_bit = 1u << 31;
  static constexpr std::uint32_t dropped_bit = 1u << 30;
  static constexpr std::uint32_t exposed_bit = 1u << 29;

  std::atomic<std::uint32_t> state_{0};  // pins, and the bits
  std::atomic<bool> leaving_{false};
  std::atomic<std::uint64_t> last_use_{0};
  std::vector<copy_at> copies_;  // guarded by the entry's lock

  // Guarded by the list's lock; list_ itself is changed by who moves the object from one list to another.
  intrusive_ptr<resident_list> list_;
  entry* listed_ = nullptr;
  residency* previous_ = nullptr;
  residency* next_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The objects that have tensors on one device, for who looks for room there. Counts on none of them. Thread-safe; a
/// leaf of the lock order.
class resident_list final : public ref_counted {
 public:
  /// An object, held.
  struct resident {
    hold_ptr<entry> object;
    std::size_t bytes = 0;       ///< Of its tensors on the device.
    std::uint64_t last_use = 0;  ///< As residency::last_use.
    bool secondary = false;
  };

  /// Lists an object that is in no list; does nothing for one that is. Precondition: its value is there.
  void add(entry& object, std::size_t bytes);
  /// All that are listed and that nobody has pinned, in no order. Cost: O(listed).
  [[nodiscard]] std::vector<resident> unpinned();
  [[nodiscard]] std::size_t count() const;
  /// Of all that are listed, as given to `add`.
  [[nodiscard]] std::size_t bytes() const;
  /// It has left the device.
  void remove(residency& r) noexcept;

 private:
  mutable mutex mutex_;
  residency* first_ GLINT_GUARDED_BY(mutex_) = nullptr;
  std::size_t count_ GLINT_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ GLINT_GUARDED_BY(mutex_) = 0;
};

}  // namespace glint::store
