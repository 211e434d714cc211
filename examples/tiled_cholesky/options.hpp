// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glint/base/result.hpp>

#include "factorization.hpp"

namespace cholesky {

struct options {
  std::int64_t size = 2000;
  std::int64_t tile = 200;
  std::int64_t seed = 1;
  processors on = processors::cpus;
  std::int64_t spoilt_row = 0;  ///< Makes the matrix not positive definite at this row, from 1 on; 0: nowhere.
  bool help = false;
};

/// Reads `--name=value` arguments. Errors: invalid_argument, which says what is wrong and what is expected.
[[nodiscard]] glint::result<options> parse_options(const std::vector<std::string>& arguments);

/// What --help prints.
[[nodiscard]] std::string help_text();

}  // namespace cholesky
