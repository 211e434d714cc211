// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <glint/base/result.hpp>

#include "model.hpp"
#include "options.hpp"

namespace digits {

/// What a step changes. The number of losses is the number of steps made, and thereby the place in the digits: random
/// numbers choose the first weights, the split and the order before the first step, and none later, so the seed is all
/// that is to be kept of them.
struct training_state {
  std::vector<float> weights;   ///< In the order of `values_of`.
  std::vector<float> velocity;  ///< Of the momentum, in the same order.
  std::vector<double> losses;   ///< Mean loss of each step.
};

/// All that a run needs to go on as if it had never stopped.
struct checkpoint {
  recipe made_with;
  std::int64_t epochs = 1;          ///< That were planned.
  std::int64_t inputs = 1;          ///< Pixels of an image.
  std::uint64_t digits_digest = 0;  ///< `digest_of` the digits.
  training_state state = {};

  /// The options that it was made with; the others have their defaults.
  [[nodiscard]] options as_options() const;
  [[nodiscard]] network_size size() const noexcept { return {.inputs = inputs, .hidden = made_with.hidden}; }
};

/// A checkpoint's file: 16 bytes that name the format, its version (32 bits), the content's size (64 bits), the
/// content as glint::encode writes it, and a checksum of all before it (64 bits). Numbers are little-endian. The same
/// checkpoint gives the same bytes.
inline constexpr std::uint32_t checkpoint_version = 1;
[[nodiscard]] std::string to_bytes(const checkpoint& made);

/// Writes the file, whole or not at all (see atomic_file). Errors: io_error with the system's reason.
[[nodiscard]] glint::result<void> save_checkpoint(const std::filesystem::path& path, const checkpoint& made);

/// Errors: io_error if the file cannot be read; malformed_data naming it if it is none of these files, of another
/// version, truncated, altered, or holds what no run could have saved.
[[nodiscard]] glint::result<checkpoint> load_checkpoint(const std::filesystem::path& path);

}  // namespace digits
