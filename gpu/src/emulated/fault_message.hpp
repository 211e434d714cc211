// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// The message of a process that dies because host code touched device memory.
namespace glint::gpu::emulated {

/// A fault inside [base, base + bytes) is explained as a use of device `device_index` by the host. Installs the SIGSEGV
/// handler once in a process, chained to the handler that was there. Beyond 256 live ranges a fault is not explained.
void explain_faults(const void* base, std::size_t bytes, int device_index) noexcept;
/// Takes a range back; nothing if it is not known.
void forget_faults(const void* base) noexcept;

}  // namespace glint::gpu::emulated
