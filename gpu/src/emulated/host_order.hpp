// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tsan.hpp"

namespace glint::gpu::emulated {

/// False in the scope of a `detail::unordered_queries`.
#if GLINT_TSAN
[[nodiscard]] bool queries_order_this_thread() noexcept;
#else
[[nodiscard]] constexpr bool queries_order_this_thread() noexcept {
  return true;
}
#endif

}  // namespace glint::gpu::emulated
