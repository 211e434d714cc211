// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <glint/gpu/gpu_context.hpp>

#include "matrix.hpp"

namespace glint::kernels::detail {

/// A tensor under the name that a kernel's documentation gives it.
struct operand {
  std::string_view name;
  const tensor_base& tensor;
};

/// Refuses operands that a kernel does not take: each check throws invalid_argument with the kernel's name,
/// the operand's name and the shapes or places concerned. Made first in every kernel; owner-thread only.
class operand_checks {
 public:
  /// Checks that each operand has storage, lies on the context's device and is contiguous.
  operand_checks(gpu_context& gpu, std::string_view kernel, std::initializer_list<operand> operands);

  void same_shape(const operand& expected, const operand& actual) const;
  void one_element(const operand& x) const;
  void has_shape(const operand& x, const extents& expected) const;
  void has_rank(const operand& x, std::size_t rank) const;
  /// The operand as a matrix; throws unless it has two dimensions.
  [[nodiscard]] matrix_shape matrix(const operand& x) const;
  /// Throws if the two share memory.
  void apart(const operand& a, const operand& b) const;
  /// Throws if the two share memory without being the same elements.
  void same_or_apart(const operand& a, const operand& b) const;
  /// Throws invalid_argument "KERNEL: REASON".
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  std::string_view kernel_;
};

}  // namespace glint::kernels::detail
