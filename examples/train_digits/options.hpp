// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <glint/base/result.hpp>

namespace digits {

/// What the command line may set.
struct options {
  std::int64_t shares = 4;                         ///< Actors that share the training samples, 1 to 64.
  std::int64_t epochs = 60;                        ///< How often each sample is used, 1 to 100,000.
  std::int64_t batch = 32;                         ///< Samples of each share in one step, 1 to 10,000.
  std::int64_t hidden = 64;                        ///< Width of the hidden layer, 1 to 4,096.
  std::int64_t seed = 1;                           ///< Of the split and the first weights, 0 to 2^53.
  double rate = 0.1;                               ///< Learning rate, above 0 and at most 10.
  double momentum = 0.9;                           ///< 0 to 0.9999.
  std::filesystem::path data;                      ///< Default: the file that comes with the example.
  std::filesystem::path svg = "train_digits.svg";  ///< Where the loss curve goes.
  bool checksum = false;                           ///< Print a checksum of the final weights' bits.
  bool quiet = false;                              ///< No progress.
  bool help = false;                               ///< Print the help and do nothing.
};

/// Reads the arguments (without the program's name). Errors: invalid_argument for an unknown option, one
/// without its value, and a value that is no number or out of range.
[[nodiscard]] glint::result<options> parse_options(const std::vector<std::string>& arguments);

/// The help text: one line an option, with default and range.
[[nodiscard]] std::string help_text();

}  // namespace digits
