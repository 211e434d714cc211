// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/base/result.hpp>
#include <glint/core/arrow.hpp>

/// What the two ways of Arrow's C data and C device data interfaces share.
namespace glint::detail {

/// What an exported array holds besides its elements.
struct kept_by_array {
  intrusive_ptr<store::entry> object = {};
  std::shared_ptr<void> event = {};
};

/// A column's elements as they are exported.
using elements_of = tensor_base (*)(const tensor_base& values);

/// Throws invalid_argument with the subject "arrow array".
[[noreturn]] void refuse_array(std::string why);
/// The value, or throws the error.
template <class T>
T value_of(result<T> r) {
  if (!r) throw_error(r.error());
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}

/// Throws invalid_argument for a null pointer.
void require_targets(const ArrowSchema* schema, const ArrowArray* array);
/// Throws invalid_argument for what is no tensor of one dimension.
void require_column(const tensor_base& values);
/// Contiguous elements in host memory: those of the tensor, where it has such.
[[nodiscard]] tensor_base host_elements(const tensor_base& values);

[[nodiscard]] ArrowSchema schema_of(const tensor_base& values, std::string name);
[[nodiscard]] ArrowSchema table_schema_of(const table& values);
[[nodiscard]] ArrowArray array_of(tensor_base elements, kept_by_array keep);
[[nodiscard]] ArrowArray table_array_of(const table& values, const kept_by_array& keep, elements_of from);
/// True for an array that came from here, wherever it was moved.
[[nodiscard]] bool exported_here(const ArrowArray& array) noexcept;

/// Gives out the schema if `make_array` did not throw.
template <class Make>
void hand_over(ArrowSchema described, ArrowSchema* schema, Make make_array) {
  try {
    make_array();
  } catch (...) {
    described.release(&described);
    throw;
  }
  *schema = described;
}

}  // namespace glint::detail
