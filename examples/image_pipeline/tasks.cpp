// SPDX-License-Identifier: Apache-2.0
#include "tasks.hpp"

#include <filesystem>
#include <utility>

#include "codec.hpp"
#include "tools/atomic_file.hpp"
#include "tools/input_file.hpp"

namespace images {
namespace {

/// The value, or its error as what users of the tasks know.
template <class T>
T value_or_throw(glint::result<T> made) {
  if (!made) throw image_error(made.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(*made);
}

std::string content_of(const std::string& path) {
  constexpr std::size_t file_bytes_max = std::size_t{1} << 30;
  auto file = value_or_throw(tools::input_file::open(path));
  std::string bytes;
  value_or_throw(file.read(file_bytes_max + 1, bytes));
  if (bytes.size() > file_bytes_max) throw image_error("the file is larger than 1 GiB");
  return bytes;
}

void make_folder_of(const std::string& path) {
  std::error_code failed;
  const auto folder = std::filesystem::path(path).parent_path();
  std::filesystem::create_directories(folder, failed);
  if (failed) throw image_error("cannot make the folder " + folder.string() + ": " + failed.message());
}

}  // namespace

image read_image(const std::string& path) {
  return value_or_throw(decode(content_of(path)));
}

written write_image(const image& picture, const std::string& path, int quality) {
  const std::string bytes = value_or_throw(encode(picture, quality));
  make_folder_of(path);
  auto file = value_or_throw(tools::atomic_file::create(path));
  value_or_throw(file.write(bytes));
  value_or_throw(file.commit(tools::atomic_file::durability::cached));  // the picture can be made again
  const auto& shape = picture.pixels.shape();
  return {picture.file_bytes, static_cast<std::uint64_t>(shape[0] * shape[1])};
}

}  // namespace images
