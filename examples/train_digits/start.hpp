// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/base/result.hpp>

#include "checkpoint.hpp"
#include "material.hpp"
#include "options.hpp"

namespace digits {

/// All that a run begins with, checked.
struct start {
  options with;  ///< Those of a checkpoint taken over.
  material all;
  training_state state;             ///< The first one, or a checkpoint's.
  std::int64_t end = 0;             ///< The step after which the run ends, counted from the first of all.
  std::uint64_t digits_digest = 0;  ///< `digest_of` the digits, if a checkpoint is read or written; else 0.

  /// What a save is to write when the training has come to `now`.
  [[nodiscard]] checkpoint checkpoint_at(training_state now) const;
};

/// Reads the files that the options name. All that can be wrong with options and files is found here, before
/// anything is trained. Errors: those of the readers; invalid_argument for options that contradict the checkpoint;
/// malformed_data for a checkpoint of other digits; io_error if no checkpoint can be written where it is to go.
[[nodiscard]] glint::result<start> prepare(options given);

}  // namespace digits
