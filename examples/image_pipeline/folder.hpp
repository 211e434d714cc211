// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <glint/base/result.hpp>

namespace images {

/// What lies in a folder and below it.
struct folder_content {
  std::vector<std::string> images;  ///< Files named .png, .jpg or .jpeg, by their paths from the folder; sorted.
  std::size_t other_files = 0;      ///< Named otherwise.
};

/// Looks through the folder and all below it; links to folders are not followed. Errors: io_error for a folder that
/// cannot be read.
[[nodiscard]] glint::result<folder_content> list_folder(const std::filesystem::path& folder);

/// Whether results may go from the one folder to the other, which is made if it is missing. Errors: invalid_argument if
/// they are one, or one lies in the other, where results would be taken for images to come or replace them; io_error.
[[nodiscard]] glint::result<void> check_folders(const std::filesystem::path& in, const std::filesystem::path& out);

}  // namespace images
