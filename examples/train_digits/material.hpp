// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/base/result.hpp>

#include "digits.hpp"
#include "options.hpp"

namespace digits {

/// The digits of a run, and which of them are for what.
struct material {
  dataset data;
  split parts;
};

/// Reads the files that the options name: lines of text, or IDX files. A fifth is put aside for the test, unless files
/// for the test are named. Precondition: `data` or `images` is set. Errors: those of the reader; malformed_data if the
/// test's images have another size; invalid_argument if there are fewer samples than shares, or none for the test.
[[nodiscard]] glint::result<material> load_material(const options& with);

/// A checksum of the samples, of their order and of what each is for; files that give the same numbers are equal.
[[nodiscard]] std::uint64_t digest_of(const material& all);

}  // namespace digits
