// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "memory_ranges.hpp"

/// Keeps host code, and devices that do not reach it, away from emulated device memory: a protection key for each
/// device. The right to use a key is in a register of each thread that starts out denying, so host threads need
/// nothing, and a stream's thread opens its device's keys around each operation. Where there are no keys, all of this
/// does nothing; where they run out (there are fifteen in a process), the devices after that share one, and what one of
/// them does to another goes unseen.
///
/// A signal handler runs with the register reset, so a handler cannot touch device memory either, even on a stream's
/// thread; on return the interrupted operation has its right back.
namespace glint::gpu::emulated {

/// True when a protection key could be had; decided once in a process.
[[nodiscard]] bool protection_available() noexcept;

/// A device's key; -1 where there is none. Thread-compatible.
class protection_key {
 public:
  protection_key() noexcept;
  /// Precondition: nothing is mapped under it any more.
  ~protection_key();
  protection_key(const protection_key&) = delete;
  protection_key& operator=(const protection_key&) = delete;

  /// Puts a mapping under the key.
  void guard(void* base, std::size_t bytes) const noexcept;
  /// As a set of keys, for `device_access`.
  [[nodiscard]] std::uint32_t mask() const noexcept { return key_ < 0 ? 0 : std::uint32_t{1} << key_; }

 private:
  int key_;
};

/// Takes the right to all devices' memory from this thread, which may have inherited it from the thread that started
/// it.
void deny_device_access() noexcept;

/// Gives this thread the right to memory under `keys` for the scope, as work of a device.
class device_access {
 public:
  device_access(std::uint32_t keys, range_owner worker) noexcept;
  ~device_access();
  device_access(const device_access&) = delete;
  device_access& operator=(const device_access&) = delete;

 private:
  const std::uint32_t keys_;
};

/// The device whose work this thread runs; nobody outside of a device_access. May be called by a signal handler.
[[nodiscard]] range_owner working_device() noexcept;

}  // namespace glint::gpu::emulated
