// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Keeps host code away from emulated device memory: one protection key for all arenas of the process. The right to use
/// the key is a register of each thread that starts out denying, so host threads need nothing, and a stream's thread
/// opens it around each operation. Where there are no keys, all of this does nothing.
///
/// A signal handler runs with the register reset, so a handler cannot touch device memory either, even on a stream's
/// thread; on return the interrupted operation has its right back.
namespace glint::gpu::emulated {

/// True when a protection key could be had; decided once in a process.
[[nodiscard]] bool protection_available() noexcept;

/// Puts [base, base + bytes) under the key and names it in the message of a fault. Installs the SIGSEGV handler on
/// first use; the handler prints the message and passes on to the handler before it, or lets the process die.
void protect(void* base, std::size_t bytes, int device_index) noexcept;
/// Forgets a range given to `protect`, before it is unmapped.
void unprotect(void* base) noexcept;

/// Takes the right to device memory from this thread, which may have inherited it from the thread that started it.
void deny_device_access() noexcept;

/// Gives this thread the right to device memory for the scope.
class device_access {
 public:
  device_access() noexcept;
  ~device_access();
  device_access(const device_access&) = delete;
  device_access& operator=(const device_access&) = delete;
};

}  // namespace glint::gpu::emulated
