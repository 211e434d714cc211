// SPDX-License-Identifier: Apache-2.0
#include "folder.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>

namespace images {
namespace {

namespace fs = std::filesystem;

bool is_named_as_image(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

tl::unexpected<glint::error> cannot(const char* what, const fs::path& folder, const std::error_code& reason) {
  return glint::fail(glint::errc::io_error,
                     std::string("cannot ") + what + " the folder " + folder.string() + ": " + reason.message());
}

/// Both are canonical.
bool lies_in(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

glint::result<folder_content> list_folder(const fs::path& folder) {
  folder_content found;
  std::error_code failed;
  auto entry = fs::recursive_directory_iterator(folder, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    std::error_code unknown;  // of a link to nothing: reading it will say so
    if (entry->is_directory(unknown)) continue;
    const bool may_be_file =
        entry->is_regular_file(unknown) || !entry->exists(unknown);  // not a pipe: who writes there?
    if (may_be_file && is_named_as_image(entry->path())) {
      found.images.push_back(entry->path().lexically_relative(folder).string());
    } else {
      ++found.other_files;
    }
  }
  if (failed) return cannot("read", folder, failed);
  std::sort(found.images.begin(), found.images.end());
  return found;
}

glint::result<void> check_folders(const fs::path& in, const fs::path& out) {
  std::error_code failed;
  const fs::path from = fs::canonical(in, failed);
  if (failed) return cannot("read", in, failed);
  if (!fs::is_directory(from)) {
    return cannot("read", in, std::make_error_code(std::errc::not_a_directory));
  }
  const fs::path to = fs::weakly_canonical(out, failed);
  if (!failed && (lies_in(from, to) || lies_in(to, from))) {
    return glint::fail(glint::errc::invalid_argument, "the folder of the results may not be " + in.string() +
                                                          ", nor lie in it or around it: " + out.string());
  }
  if (!failed) fs::create_directories(to, failed);
  if (failed) return cannot("make", out, failed);
  return {};
}

}  // namespace images
