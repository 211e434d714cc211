// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <glint/base/error.hpp>
#include <tl/expected.hpp>

namespace glint {

/// A value or an error: the only fallible return inside Glint. An alias, to become std::expected when the compilers
/// have it.
template <class T>
using result = tl::expected<T, error>;

/// The failing result of any type: `return fail(errc::io_error, "cannot open " + path);`.
[[nodiscard]] inline tl::unexpected<error> fail(errc code, std::string message,
                                                std::source_location place = std::source_location::current()) {
  return tl::unexpected<error>(error(code, std::move(message), place));
}
[[nodiscard]] inline tl::unexpected<error> fail(error e) {
  return tl::unexpected<error>(std::move(e));
}

}  // namespace glint

/// Returns the error of `expression` (a result) from the enclosing function, if it failed.
#define GLINT_TRY(expression)                                                 \
  do {                                                                        \
    if (auto glint_try_result = (expression); !glint_try_result) [[unlikely]] \
      return ::glint::fail(std::move(glint_try_result).error());              \
  } while (false)
