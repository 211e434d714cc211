// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/detail/host_order.hpp>

#if GLINT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/// The only synchronization that device work has in ThreadSanitizer's eyes: enqueue -> operation, event record -> event
/// wait, event record -> a query that said true. Each is a release and an acquire of one address; outside of a
/// ThreadSanitizer build they are nothing. The address is a name: its memory is not touched.
namespace glint::gpu::emulated {

inline void tsan_release([[maybe_unused]] const void* name) noexcept {
#if GLINT_TSAN
  __tsan_release(const_cast<void*>(name));
#endif
}

inline void tsan_acquire([[maybe_unused]] const void* name) noexcept {
#if GLINT_TSAN
  __tsan_acquire(const_cast<void*>(name));
#endif
}

}  // namespace glint::gpu::emulated
