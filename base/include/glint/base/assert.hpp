// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>

namespace glint::detail {

/// Prints the failed expression with its place and `values`, then aborts. Never returns.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line, const std::string& values);

/// Renders the values that an assertion names; out of line of the hot path by construction.
template <class... Values>
[[gnu::cold]] std::string assertion_values(const Values&... values) {
  std::ostringstream out;
  ((out << ' ' << values), ...);
  return out.str();
}

}  // namespace glint::detail

/// Programmer errors: always on, prints the given values and aborts. A check never becomes an assumption of the
/// optimizer. `GLINT_ASSERT(count > 0, "count", count)`.
#define GLINT_ASSERT(condition, ...)                                                     \
  do {                                                                                   \
    if (!(condition)) [[unlikely]]                                                       \
      ::glint::detail::assertion_failed(#condition, __FILE__, __LINE__,                  \
                                        ::glint::detail::assertion_values(__VA_ARGS__)); \
  } while (false)
