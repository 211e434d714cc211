// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <glint/base/result.hpp>

namespace digits {

/// What decides the weights' bits, next to the digits and the number of steps: a checkpoint keeps it.
struct recipe {
  std::int64_t shares = 4;   ///< Actors that share the training samples, 1 to 64.
  std::int64_t batch = 32;   ///< Samples of each share in one step, 1 to 10,000.
  std::int64_t hidden = 64;  ///< Width of the hidden layer, 1 to 4,096.
  std::int64_t seed = 1;     ///< Of the split and the first weights, 0 to 2^53.
  double rate = 0.1;         ///< Learning rate, above 0 and at most 10.
  double momentum = 0.9;     ///< 0 to 0.9999.
};

/// What the command line may set.
struct options : recipe {
  std::int64_t epochs = 60;                        ///< How often each sample is used, 1 to 100,000.
  std::int64_t steps = 0;                          ///< Where to stop before that, counted from the first; 0: nowhere.
  std::filesystem::path data;                      ///< Lines of text. Default: the file that comes with the example.
  std::filesystem::path images, labels;            ///< IDX files, instead of `data`; both or neither.
  std::filesystem::path test_images, test_labels;  ///< IDX files for the test; both or neither.
  std::int64_t pixel_max = 0;                      ///< The value of a full pixel, to 255; 0: what is usual.
  std::filesystem::path save;                      ///< Where a checkpoint goes; empty: nowhere.
  std::int64_t save_every = 0;                     ///< Steps between checkpoints; 0: at the end only.
  std::filesystem::path resume;                    ///< The checkpoint to go on from; empty: none.
  std::filesystem::path svg = "train_digits.svg";  ///< Where the loss curve goes.
  bool checksum = false;                           ///< Print a checksum of the final weights' bits.
  bool quiet = false;                              ///< No progress.
  bool help = false;                               ///< Print the help and do nothing.
  std::set<std::string> given;                     ///< Names of the options that stood on the command line.
};

/// Reads the arguments (without the program's name). Errors: invalid_argument for an unknown option, one
/// without its value, a value that is no number or out of range, and options that do not go together.
[[nodiscard]] glint::result<options> parse_options(const std::vector<std::string>& arguments);

/// Takes from a checkpoint's options what was not given: the recipe, and the epochs, of which more or fewer may be
/// given, as they move the end only. Errors: invalid_argument naming an option of the recipe that was given another
/// value.
[[nodiscard]] glint::result<void> adopt(options& with, const options& saved);

/// Errors: invalid_argument naming the first number that no command line could have set.
[[nodiscard]] glint::result<void> check_ranges(const options& all);

/// The help text: one line an option, with default and range.
[[nodiscard]] std::string help_text();

}  // namespace digits
