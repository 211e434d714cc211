// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/ref_hook.hpp>

namespace glint {

namespace gpu {
class storage;

/// The storage of a tensor inside a value that is encoded: travels as a ref beside the bytes, never as elements.
struct storage_ref {
  intrusive_ptr<ref_counted> storage;
};
}  // namespace gpu

template <>
struct ref_traits<gpu::storage_ref> {
  static constexpr bool is_ref = true;
  static intrusive_ptr<ref_counted> counted(const gpu::storage_ref& ref) { return ref.storage; }
  static gpu::storage_ref from_counted(intrusive_ptr<ref_counted> object) { return {std::move(object)}; }
};

/// A tensor taken apart, as it is encoded: its description as bytes, its storage as a ref.
struct tensor_parts {
  std::uint8_t dtype = 0;
  std::int64_t offset = 0;            ///< Elements.
  std::vector<std::int64_t> shape;    ///< Extents, outermost first.
  std::vector<std::int64_t> strides;  ///< Elements, as many as extents.
  gpu::storage_ref storage;           ///< Null for an empty handle.
};

}  // namespace glint
