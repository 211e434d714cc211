// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glint/gpu/tensor.hpp>

namespace glint {

/// Named columns of equal length: one-dimensional tensors of any dtypes, on the host or on devices.
///
/// A value like any other: to be put, passed to tasks (its tensors arrive where the task runs) and exported. A handle:
/// copying it copies no elements. Thread-compatible.
class table {
 public:
  struct column {
    std::string name;
    tensor_base values;
  };

  /// Appends a column. Throws invalid_argument, naming it, if `values` is no tensor of one dimension, or not as long as
  /// the others, or the name is taken.
  table& add(std::string name, tensor_base values);

  [[nodiscard]] const std::vector<column>& columns() const noexcept { return columns_; }
  /// 0 without columns.
  [[nodiscard]] std::int64_t rows() const noexcept { return columns_.empty() ? 0 : columns_.front().values.size(); }

  /// The column of that name. Throws invalid_argument if there is none, or its dtype is not T's.
  template <class T>
  [[nodiscard]] tensor<T> get(std::string_view name) const {
    return tensor<T>::cast(find(name));
  }

  /// For the runtime, which moves tensors to where they are used.
  template <class Visit>
  void tensors(Visit&& visit) {
    visit(columns_);
  }
  template <class Archive>
  void save(Archive& archive) const {
    std::vector<column_parts> parts;
    parts.reserve(columns_.size());
    for (const column& c : columns_) parts.push_back({c.name, c.values.parts()});
    archive(parts);
  }
  template <class Archive>
  void load(Archive& archive) {
    std::vector<column_parts> parts;
    archive(parts);
    columns_.clear();
    for (auto& [name, values] : parts) add(std::move(name), tensor_base::from_parts(values));
  }

 private:
  struct column_parts {
    std::string name;
    tensor_parts values;
  };
  [[nodiscard]] const tensor_base& find(std::string_view name) const;

  std::vector<column> columns_;
};

}  // namespace glint
