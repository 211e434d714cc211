// SPDX-License-Identifier: Apache-2.0
#include <glint/core/exchange.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include <glint/base/exception.hpp>
#include <glint/gpu/storage.hpp>
#include "crc64.hpp"

namespace glint::detail {
namespace {

constexpr std::string_view magic = "GLINTOBJ";
constexpr std::uint8_t version = 1;
constexpr std::size_t checksum_bytes = sizeof(std::uint64_t);

void write_counted(byte_writer& to, const void* data, std::size_t size) {
  to.write_count(size);
  if (size != 0) to.write(data, size);
}

std::string read_text(byte_reader& from) {
  std::string text(from.read_bounded_count(1), '\0');
  from.read(text.data(), text.size());
  return text;
}

/// Throws malformed_data unless the first bytes are those of an export of this version. Asked before the checksum,
/// which another version may do without.
void read_start(byte_reader& from) {
  std::array<char, magic.size()> start{};
  from.read(start.data(), start.size());
  if (std::string_view(start.data(), start.size()) != magic) from.fail("not an exported object");
  std::uint8_t written = 0;
  from.read(&written, 1);
  if (written != version) {
    from.fail("written in version " + std::to_string(written) + ", known is " + std::to_string(version));
  }
}

intrusive_ptr<ref_counted> read_elements(byte_reader& from) {
  const std::size_t bytes = from.read_bounded_count(1);
  auto storage = gpu::storage::on_host(bytes);
  if (!storage) throw exception(storage.error());
  from.read((*storage)->data(), bytes);
  return *std::move(storage);
}

encoded open_or_throw(const std::string& type, std::span<const std::byte> bytes) {
  byte_reader whole(bytes);
  read_start(whole);
  if (whole.remaining() < checksum_bytes) whole.fail("truncated");
  const auto sealed = bytes.first(bytes.size() - checksum_bytes);
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + sealed.size(), sizeof checksum);
  if (checksum != crc64(sealed)) whole.fail("truncated or altered: its checksum is wrong");

  byte_reader from(sealed);
  from.skip(magic.size() + 1);
  if (const std::string format = read_text(from); format != export_format) from.fail("of the format " + format);
  if (const std::string written = read_text(from); written != type) from.fail("an object of type " + written);
  encoded value;
  const std::size_t tensors = from.read_bounded_count(1);
  for (std::size_t i = 0; i < tensors; ++i) value.refs.push_back(read_elements(from));
  value.bytes.resize(from.read_bounded_count(1));
  from.read(value.bytes.data(), value.bytes.size());
  if (from.remaining() != 0) from.fail("bytes follow the end of the object");
  return value;
}

}  // namespace

std::vector<std::byte> seal_export(const std::string& type, const encoded& value) {
  byte_writer to;
  to.write(magic.data(), magic.size());
  to.write(&version, 1);
  write_counted(to, export_format.data(), export_format.size());
  write_counted(to, type.data(), type.size());
  to.write_count(value.refs.size());
  for (const auto& ref : value.refs) {
    const auto* elements = dynamic_cast<const gpu::exported_elements*>(ref.get());
    if (!elements) {
      throw exception(error(errc::invalid_argument,
                            "the value holds a ref, which means nothing outside of its process: export what it refers "
                            "to by itself")
                          .with_subject("export of " + type));
    }
    write_counted(to, elements->bytes().data(), elements->bytes().size());
  }
  write_counted(to, value.bytes.data(), value.bytes.size());
  auto bytes = to.take();
  const std::uint64_t checksum = crc64(bytes);
  bytes.resize(bytes.size() + checksum_bytes);
  std::memcpy(bytes.data() + bytes.size() - checksum_bytes, &checksum, sizeof checksum);
  return bytes;
}

result<encoded> open_export(const std::string& type, std::span<const std::byte> bytes) {
  try {
    return open_or_throw(type, bytes);
  } catch (const exception& e) {
    return fail(e.error());
  } catch (const std::bad_alloc&) {
    return fail(errc::out_of_memory, "no memory for the object's bytes");
  }
}

void throw_import_error(const std::string& type, const error& why) {
  const std::string subject = "import of " + type;
  // The framing's failures have no subject yet; those of the value within name it, and are the cause.
  if (why.subject().empty()) throw exception(why.with_subject(subject));
  throw exception(
      error(why.code(), "the value's bytes are not those of this type").with_subject(subject).with_cause(why));
}

}  // namespace glint::detail
