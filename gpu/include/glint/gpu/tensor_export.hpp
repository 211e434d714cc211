// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/gpu/tensor.hpp>

namespace glint::gpu {

/// While one lives, tensors that are encoded on this thread leave the process: each describes its elements alone,
/// row-major from offset 0, and what stands for its storage is an `exported_elements`. Elements that lie on a device or
/// with gaps are copied to the host, and waited for; to encode then throws what such a copy fails with. Tensors that
/// share storage are apart afterwards. Nests.
class tensor_export_scope {
 public:
  tensor_export_scope() noexcept;
  ~tensor_export_scope();
  tensor_export_scope(const tensor_export_scope&) = delete;
  tensor_export_scope& operator=(const tensor_export_scope&) = delete;
};

/// The elements of an exported tensor; keeps them. Immutable.
class exported_elements final : public ref_counted {
 public:
  /// Precondition: host memory, contiguous.
  explicit exported_elements(tensor_base elements) noexcept;
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept;

 private:
  ~exported_elements() override = default;
  tensor_base elements_;
};

}  // namespace glint::gpu
