// SPDX-License-Identifier: Apache-2.0
#include <glint/core/table.hpp>

#include <algorithm>

#include <glint/base/exception.hpp>

namespace glint {
namespace {

[[noreturn]] void refuse(std::string_view column, std::string why) {
  throw exception(error(errc::invalid_argument, std::move(why)).with_subject("column " + std::string(column)));
}

}  // namespace

table& table::add(std::string name, tensor_base values) {
  if (values.empty_handle()) refuse(name, "an empty tensor handle");
  if (values.shape().rank() != 1) refuse(name, "a column has one dimension, not " + values.shape().describe());
  if (!columns_.empty() && values.size() != rows()) {
    refuse(name, "has " + std::to_string(values.size()) + " rows, the table " + std::to_string(rows()));
  }
  if (std::ranges::find(columns_, name, &column::name) != columns_.end()) refuse(name, "there is one of this name");
  columns_.push_back({std::move(name), std::move(values)});
  return *this;
}

const tensor_base& table::find(std::string_view name) const {
  const auto found = std::ranges::find(columns_, name, &column::name);
  if (found == columns_.end()) refuse(name, "the table has no such column");
  return found->values;
}

}  // namespace glint
