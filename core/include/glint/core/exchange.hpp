// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/base/serialization.hpp>
#include <glint/core/metadata.hpp>
#include <glint/core/objects.hpp>
#include <glint/gpu/tensor_export.hpp>

/// Objects as bytes that outlive the process. Not part of glint.hpp: serialization adds a third to the time in which a
/// small file compiles.
namespace glint {

namespace detail {

/// Puts a value's encoding and its tensors into one string of bytes. Throws invalid_argument for refs to objects.
[[nodiscard]] std::vector<std::byte> seal_export(const std::string& type, const encoded& value);

/// The inverse. Errors: malformed_data, out_of_memory.
[[nodiscard]] result<encoded> open_export(const std::string& type, std::span<const std::byte> bytes);

/// `why`, as the error of an import of a `type`.
[[noreturn]] void throw_import_error(const std::string& type, const error& why);

}  // namespace detail

/// The object's value as bytes, to be kept or sent: self-describing, versioned, with a checksum. Waits for the object
/// as `get` does. Tensors are inside with their elements, those of a device brought to the host for it.
///
/// The value's type must be serializable (a compile error otherwise). A value that holds a ref is refused with
/// invalid_argument: a ref means nothing outside of its process; export what it refers to beside it. Tensors that
/// shared memory are apart afterwards. Throws as `get`, and what the value's own `serialize` throws.
///
/// Format, numbers little-endian, counts LEB128: "GLINTOBJ", a byte of version (1); counted strings: the format
/// (export_format) and the type's name; the number of tensors, and each one's elements as a counted string, row-major;
/// the value, as a counted string, as `encode` writes it (tensors there are a dtype, a shape and an index); CRC-64 (of
/// XZ) of all before. Cost: two copies of the value's bytes, one of the tensors'.
template <class T>
[[nodiscard]] std::vector<std::byte> export_bytes(const object_ref<T>& ref) {
  static_assert(!std::is_void_v<T>, "glint: export_bytes: an object of void has no value to export");
  if constexpr (!std::is_void_v<T>) {
    static_assert(require_serializable<T>());
    if constexpr (serializable<T>) {
      const T& value = get(ref);
      const gpu::tensor_export_scope exporting;
      return detail::seal_export(type_name<T>(), encode(value));
    }
  }
}

/// An object made of bytes that `export_bytes` wrote; ready at once, its tensors in host memory.
///
/// Throws malformed_data if the bytes are truncated, altered, of another version, or of an object of another type (the
/// text names both; the error's subject is "import of" the type); out_of_memory; not_running. Safe on bytes from
/// anywhere: memory is taken in proportion to them.
template <class T>
[[nodiscard]] object_ref<T> import_bytes(std::span<const std::byte> bytes) {
  static_assert(!std::is_void_v<T>, "glint: import_bytes: an object of void has no value to import");
  static_assert(require_serializable<T>());
  if constexpr (serializable<T>) {
    auto opened = detail::open_export(type_name<T>(), bytes);
    if (!opened) detail::throw_import_error(type_name<T>(), opened.error());
    auto value = decode<T>(*opened);
    if (!value) detail::throw_import_error(type_name<T>(), value.error());
    return put(*std::move(value));
  }
}

}  // namespace glint
