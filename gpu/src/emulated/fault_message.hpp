// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The message of a process that dies because somebody touched device memory who must not.
namespace glint::gpu::emulated {

/// Explains from now on what faults in the ranges of memory_ranges.hpp. Installs the SIGSEGV handler once in a process,
/// chained to the handler that was there.
void explain_faults() noexcept;

}  // namespace glint::gpu::emulated
