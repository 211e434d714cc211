// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <glint/base/result.hpp>

#include "filter.hpp"

namespace images {

/// What the command line says.
struct options {
  std::filesystem::path in, out;
  filter_options filter;
  int quality = 90;  ///< Of JPEG files, 1 to 100.
  int ahead = 0;     ///< Images under way at once, to 1,000; 0: two for each CPU slot.
  bool quiet = false;
  bool help = false;
};

/// Reads the arguments (without the program's name). Errors: invalid_argument, with a text that names the option.
[[nodiscard]] glint::result<options> parse_options(const std::vector<std::string>& arguments);

[[nodiscard]] std::string help_text();

}  // namespace images
