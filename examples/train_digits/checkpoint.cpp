// SPDX-License-Identifier: Apache-2.0
#include "checkpoint.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>

#include <glint/base/serialization.hpp>

#include "digest.hpp"
#include "tools/atomic_file.hpp"
#include "tools/input_file.hpp"

namespace digits {
namespace {

static_assert(std::endian::native == std::endian::little, "the file's numbers are copied as they lie in memory");

/// The line ends tell of a file that was copied as text; the byte before the last ends it for those who print it.
constexpr std::string_view format_name = "glint digits\r\n\x1a\n";
constexpr std::size_t header_bytes = format_name.size() + sizeof(std::uint32_t) + sizeof(std::uint64_t);
constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);

template <class T>
void append(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class T>
T number_at(std::string_view bytes, std::size_t offset) {
  T number;
  std::memcpy(&number, bytes.substr(offset).data(), sizeof number);
  return number;
}

std::uint64_t checksum_of_bytes(std::string_view bytes) {
  digest sum;
  sum.add(std::span<const char>(bytes));
  return sum.value();
}

tl::unexpected<glint::error> malformed(std::string reason) {
  return glint::fail(glint::errc::malformed_data, std::move(reason));
}

/// The content's size, if these are the first bytes of a file of ours.
glint::result<std::uint64_t> content_size(std::string_view header) {
  if (!header.starts_with(format_name.substr(0, header.size())) || header.empty()) {
    return malformed("it is not a checkpoint of train_digits");
  }
  if (header.size() < header_bytes) return malformed("it is truncated: its header is not whole");
  const auto version = number_at<std::uint32_t>(header, format_name.size());
  if (version != checkpoint_version) {
    return malformed("its format's version is " + std::to_string(version) + ", and this program reads version " +
                     std::to_string(checkpoint_version));
  }
  return number_at<std::uint64_t>(header, header_bytes - sizeof(std::uint64_t));
}

/// The content of a file, without header and checksum.
glint::result<std::string> read_content(tools::input_file& file) {
  std::string bytes;
  GLINT_TRY(file.read(header_bytes, bytes));
  const auto size = content_size(bytes);
  if (!size) return glint::fail(size.error());
  constexpr std::uint64_t content_bytes_max = std::uint64_t{1} << 40;  // keeps the sums below from wrapping around
  const std::uint64_t whole = header_bytes + std::min(*size, content_bytes_max) + checksum_bytes;
  GLINT_TRY(file.read(whole - header_bytes + 1, bytes));
  if (bytes.size() < whole) {
    return malformed("it is truncated: " + std::to_string(bytes.size()) + " bytes of " + std::to_string(whole));
  }
  if (bytes.size() > whole) return malformed("bytes follow its end");
  const std::string_view checked = std::string_view(bytes).substr(0, whole - checksum_bytes);
  if (checksum_of_bytes(checked) != number_at<std::uint64_t>(bytes, checked.size())) {
    return malformed("it was altered: its checksum does not fit");
  }
  return std::string(checked.substr(header_bytes));
}

/// What a run could have saved. The checksum tells damage; this tells files of other makers.
glint::result<void> check(const checkpoint& loaded) {
  GLINT_TRY(check_ranges(loaded.as_options()));
  constexpr std::int64_t inputs_max = 65'536;
  if (loaded.inputs < 1 || loaded.inputs > inputs_max) {
    return malformed("images of " + std::to_string(loaded.inputs) + " pixels");
  }
  const auto values = static_cast<std::size_t>(loaded.size().values());
  if (loaded.state.weights.size() != values || loaded.state.velocity.size() != values) {
    return malformed("its weights are not those of its layers");
  }
  return {};
}

glint::result<checkpoint> decode_content(const std::string& content) {
  glint::encoded encoded;
  const auto bytes = std::as_bytes(std::span(content));
  encoded.bytes.assign(bytes.begin(), bytes.end());
  auto loaded = glint::decode<checkpoint>(encoded);
  if (!loaded) return loaded;
  GLINT_TRY(check(*loaded));
  return loaded;
}

}  // namespace

options checkpoint::as_options() const {
  options made;
  static_cast<recipe&>(made) = made_with;
  made.epochs = epochs;
  return made;
}

std::string to_bytes(const checkpoint& made) {
  const std::vector<std::byte> content = glint::encode(made).bytes;
  std::string bytes(format_name);
  append(bytes, checkpoint_version);
  append(bytes, std::uint64_t{content.size()});
  bytes.append(reinterpret_cast<const char*>(content.data()), content.size());
  append(bytes, checksum_of_bytes(bytes));
  return bytes;
}

glint::result<void> save_checkpoint(const std::filesystem::path& path, const checkpoint& made) {
  auto file = tools::atomic_file::create(path);
  if (!file) return glint::fail(file.error());
  GLINT_TRY(file->write(to_bytes(made)));
  return file->commit();
}

glint::result<checkpoint> load_checkpoint(const std::filesystem::path& path) {
  auto file = tools::input_file::open(path);
  if (!file) return glint::fail(file.error());
  const auto refuse = [&](const glint::error& e) {
    if (e.code() == glint::errc::io_error) return glint::fail(e);
    return glint::fail(
        glint::error(glint::errc::malformed_data, "cannot resume from " + path.string() + ": " + e.message())
            .with_subject("file " + file->name()));
  };
  const auto content = read_content(*file);
  if (!content) return refuse(content.error());
  auto loaded = decode_content(*content);
  if (!loaded) return refuse(loaded.error());
  return loaded;
}

}  // namespace digits
