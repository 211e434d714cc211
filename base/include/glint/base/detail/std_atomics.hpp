// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace glint::detail {

/// What lock-free templates are instantiated with in the product; model tests have atomics of their own.
struct std_atomics {
  template <class T>
  using atomic = std::atomic<T>;
};

}  // namespace glint::detail
