// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/extents.hpp>

#include <algorithm>
#include <functional>
#include <numeric>

#include <glint/base/assert.hpp>
#include <glint/base/exception.hpp>

namespace glint {

extents::extents(std::initializer_list<std::int64_t> values)
    : extents(std::span<const std::int64_t>(values.begin(), values.size())) {}

extents::extents(std::span<const std::int64_t> values) {
  const auto refuse = [](std::string why) { throw exception(error(errc::invalid_argument, std::move(why))); };
  if (values.size() > rank_max) refuse("a tensor of " + std::to_string(values.size()) + " dimensions; 8 are the most");
  std::ranges::copy(values, values_.begin());
  rank_ = static_cast<std::uint8_t>(values.size());
  std::int64_t product = 1;
  for (const std::int64_t extent : values) {
    if (extent < 0) refuse("a negative extent in " + describe());
    if (extent > count_max / product) refuse("too many elements in " + describe());
    product *= std::max<std::int64_t>(extent, 1);
  }
}

std::int64_t extents::operator[](std::size_t i) const {
  GLINT_ASSERT(i < rank_, "no such dimension", i, rank());
  return values_[i];
}

std::int64_t extents::count() const noexcept {
  return std::accumulate(values().begin(), values().end(), std::int64_t{1}, std::multiplies<>());
}

std::string extents::describe() const {
  std::string text = "[";
  for (const std::int64_t extent : values()) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(extent);
  }
  return text + "]";
}

}  // namespace glint
