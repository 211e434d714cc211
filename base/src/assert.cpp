// SPDX-License-Identifier: Apache-2.0
#include <glint/base/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace glint::detail {

void assertion_failed(const char* expression, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "glint: assertion failed: %s at %s:%d%s%s\n", expression, file, line, values.empty() ? "" : ":",
               values.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace glint::detail
