// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>

namespace glint::detail {

/// For loops that wait some nanoseconds.
inline void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace glint::detail
