// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include <glint/base/result.hpp>

namespace digits {

/// What a file holds, decompressed if it is gzip's. A damaged one still gives what comes before the damage, so that
/// the error of who reads it can name the place at which it stopped.
struct unpacked_file {
  std::string name;                         ///< Without its folder.
  std::string bytes;                        ///< Decompressed.
  std::optional<glint::error> damage = {};  ///< What ended `bytes` before its time: malformed_data, without the place.
};

/// Reads all of a file. More than `bytes_max` bytes are refused as damage, so that no file can fill the memory.
/// Errors: io_error with the system's reason.
[[nodiscard]] glint::result<unpacked_file> unpack_file(const std::filesystem::path& path, std::size_t bytes_max);

}  // namespace digits
