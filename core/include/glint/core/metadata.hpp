// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/core/any_ref.hpp>
#include <glint/gpu/dtype.hpp>
#include <glint/gpu/extents.hpp>
#include <glint/gpu/memory_place.hpp>

namespace glint {

/// How far an object is.
enum class object_state : std::uint8_t {
  pending,  ///< Nobody has made it yet.
  issued,   ///< Made by work that is enqueued on a device, and usable there; not yet ready for the host.
  ready,    ///< Usable by everybody.
  failed,   ///< Never to be; `object_metadata::failure` says why.
};
[[nodiscard]] std::string_view to_string(object_state state) noexcept;  ///< "ready"

/// One of the tensors inside an object.
struct tensor_metadata {
  glint::dtype dtype = glint::dtype::u8;
  extents shape = {};
  memory_place place = {};  ///< Of its primary copy.
  std::size_t bytes = 0;    ///< Of its elements.
};

/// What is known of an object besides its value.
struct object_metadata {
  std::string type_name;  ///< Readable.
  std::string format;     ///< How it is kept: "native", the C++ value itself.
  std::string encoding;   ///< How it is exported: export_format; empty for what never leaves its process.
  object_state state = object_state::pending;
  /// The value's own size, and what its strings, containers and tensors hold; what classes with private members hold
  /// elsewhere is not seen. 0 while pending and once failed.
  std::size_t bytes = 0;
  std::vector<tensor_metadata> tensors;             ///< In the order of the members; empty handles left out.
  std::chrono::system_clock::time_point created{};  ///< When its ref was made, to within a few milliseconds.
  std::uint32_t owner = 0;                          ///< Index of the node that made the ref.
  std::optional<error> failure = {};                ///< Only of a failed object.
};

/// The name of the format in which objects are exported.
inline constexpr std::string_view export_format = "glint";

/// What is known of the object now, whatever its state. Never blocks; does not throw for an object that failed.
///
/// Throws empty_ref. Thread-safe. Cost: a few small allocations and one look at each tensor, and at each element of a
/// container whose elements hold memory of their own.
[[nodiscard]] object_metadata metadata(const any_ref& ref);

}  // namespace glint
