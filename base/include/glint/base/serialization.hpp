// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

#include <glint/base/detail/input_archive.hpp>
#include <glint/base/detail/output_archive.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/base/serializable.hpp>
#include <glint/base/type_name.hpp>

namespace glint {

/// A value as bytes, and the refs that were found anywhere inside of it. The bytes hold indices in `refs`; each element
/// holds a count of its own.
///
/// Format: one byte of version, then the value. Numbers are little-endian in their own width, lengths LEB128; members
/// and elements follow each other without padding or names, so both sides must have the same type.
struct encoded {
  std::vector<std::byte> bytes;
  std::vector<intrusive_ptr<ref_counted>> refs;
};

namespace detail {
/// The error that decode returns for what was thrown on the way: out_of_memory for std::bad_alloc, else malformed_data.
[[nodiscard]] error decode_error(std::exception_ptr thrown, const std::string& type);

template <class T>
T decode_or_throw(const encoded& from) {
  input_archive archive(from.bytes, from.refs);
  unsigned char version = 0;
  archive(version);
  if (version != format_version)
    archive.bytes().fail("the format's version is " + std::to_string(version) + ", known is " +
                         std::to_string(format_version));
  T value = archive.template read_value<T>();
  if (archive.bytes().remaining() != 0) archive.bytes().fail("bytes follow the end of the value");
  if (archive.refs_left() != 0) archive.bytes().fail("refs are left over");
  return value;
}
}  // namespace detail

/// The bytes and refs of `value`. A type that is not serializable (see serializable.hpp) is a compile error.
///
/// Throws what the value's own `serialize` throws, and glint::exception (invalid_argument) for a valueless variant and
/// for values that nest deeper than 256. Cost: one pass; contiguous numbers and aggregates of numbers without padding
/// are copied in one piece.
template <class T>
[[nodiscard]] encoded encode(const T& value) {
  static_assert(require_serializable<T>());
  encoded out;
  if constexpr (serializable<T>) {
    output_archive archive;
    archive(detail::format_version, value);
    out.bytes = archive.bytes().take();
    out.refs = std::move(archive.refs());
  }
  return out;
}

/// The value that was encoded.
///
/// Errors: malformed_data if the bytes or refs are not those of a T (truncated, a length that the rest cannot hold, an
/// impossible bool, variant or ref, bytes left over, another version of the format) or T's own functions throw (then
/// that is the cause); out_of_memory. Safe on bytes from anywhere: memory is taken in proportion to the bytes that are
/// there, depth is bounded. What it cannot notice is bytes that are a valid encoding of something else.
template <class T>
[[nodiscard]] result<T> decode(const encoded& from) {
  static_assert(require_serializable<T>());
  static_assert(std::move_constructible<T>, "glint: decode returns the value, so its type must be movable");
  if constexpr (serializable<T> && std::move_constructible<T>) {
    try {
      return detail::decode_or_throw<T>(from);
    } catch (...) {
      return fail(detail::decode_error(std::current_exception(), type_name<T>()));
    }
  }
}

}  // namespace glint
