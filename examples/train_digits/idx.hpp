// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include <glint/base/result.hpp>

#include "digits.hpp"

/// MNIST's IDX format (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"): numbers of 32 bits,
/// the highest byte first; a magic number of type and number of dimensions; the dimensions; then one byte an element.
namespace digits {

/// The two files of a set of digits.
struct idx_files {
  std::filesystem::path images;  ///< Magic 0x00000803; count, rows, columns; pixels row by row.
  std::filesystem::path labels;  ///< Magic 0x00000801; count; labels.
};

/// Reads images and labels, gzip-compressed or not. A pixel of `pixel_max` becomes 1, one of 0 stays 0.
/// Errors: io_error if a file cannot be read; malformed_data with "FILE: offset BYTES: REASON", counted in the
/// decompressed file, for a wrong magic number, for sizes that do not fit each other or the file, for sides outside of
/// 1 to 256, and for a pixel or label out of range.
[[nodiscard]] glint::result<dataset> load_idx(const idx_files& files, int pixel_max = 255);

}  // namespace digits
