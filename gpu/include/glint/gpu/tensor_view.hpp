// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <version>

#ifdef __cpp_lib_mdspan
#include <mdspan>
#endif

#include <glint/base/assert.hpp>
#include <glint/base/exception.hpp>
#include <glint/gpu/tensor.hpp>

/// The elements of tensors of any strides by their indices. Contiguous ones are a std::span: `tensor::values`.
namespace glint {

/// `Rank` dimensions over memory that somebody else keeps. Trivially copyable; constness of elements is `T`'s.
///
/// The memory may be a device's, for a function that runs there (on the emulated device, one that `enqueue` was given);
/// `view_of` makes views for the host.
template <class T, std::size_t Rank>
class tensor_view {
 public:
  using element_type = T;
  using index_array = std::array<std::int64_t, Rank>;

  tensor_view() noexcept = default;
  /// Strides in elements.
  tensor_view(T* data, const index_array& extents, const index_array& strides) noexcept
      : data_(data), extents_(extents), strides_(strides) {}
  /// A view to write through is one to read through.
  operator tensor_view<const T, Rank>() const noexcept requires(!std::is_const_v<T>) {
    return {data_, extents_, strides_};
  }

  [[nodiscard]] static constexpr std::size_t rank() noexcept { return Rank; }
  [[nodiscard]] T* data() const noexcept { return data_; }
  [[nodiscard]] std::int64_t extent(std::size_t i) const noexcept { return extents_[i]; }
  [[nodiscard]] std::int64_t stride(std::size_t i) const noexcept { return strides_[i]; }
  [[nodiscard]] std::int64_t size() const noexcept {
    std::int64_t count = 1;
    for (const std::int64_t extent : extents_) count *= extent;
    return count;
  }

  /// The element at one index a dimension. Precondition: each is within its extent; checked unless NDEBUG is defined.
  template <std::convertible_to<std::int64_t>... Index>
  requires(sizeof...(Index) == Rank) [[nodiscard]] T& operator()(Index... index) const noexcept {
    const std::array<std::int64_t, Rank> at{static_cast<std::int64_t>(index)...};
    std::int64_t element = 0;
    for (std::size_t i = 0; i < Rank; ++i) {
#ifndef NDEBUG
      GLINT_ASSERT(at[i] >= 0 && at[i] < extents_[i], "an index outside of its extent", i, at[i], extents_[i]);
#endif
      element += at[i] * strides_[i];
    }
    return data_[element];
  }

#ifdef __cpp_lib_mdspan
  using mdspan_type = std::mdspan<T, std::dextents<std::int64_t, Rank>, std::layout_stride>;
  /// The same as the standard library's view. Precondition: no two elements share memory.
  [[nodiscard]] mdspan_type mdspan() const {
    return {data_, typename mdspan_type::mapping_type(typename mdspan_type::extents_type(extents_), strides_)};
  }
#endif

 private:
  T* data_ = nullptr;
  index_array extents_{};
  index_array strides_{};
};

namespace detail {

/// Throws invalid_argument unless the host may index the tensor by `rank` indices.
inline void require_host_view(const tensor_base& t, std::size_t rank) {
  const auto refuse = [](std::string why) { throw exception(error(errc::invalid_argument, std::move(why))); };
  if (t.empty_handle()) refuse("a view of an empty tensor handle");
  if (!t.place().is_host()) {
    refuse("a view of a tensor on device " + std::to_string(t.place().device) + ": call to_host() first");
  }
  if (t.shape().rank() != rank) {
    refuse("a view by " + std::to_string(rank) + " indices of a tensor of shape " + t.shape().describe());
  }
}

template <class T, std::size_t Rank>
tensor_view<T, Rank> host_view(T* data, const tensor_base& t) {
  require_host_view(t, Rank);
  std::array<std::int64_t, Rank> extents{};
  std::array<std::int64_t, Rank> strides{};
  for (std::size_t i = 0; i < Rank; ++i) {
    extents[i] = t.shape()[i];
    strides[i] = t.strides()[i];
  }
  return {data, extents, strides};
}

}  // namespace detail

/// A view of a host tensor's elements, valid as long as a handle to them: `auto at = view_of<2>(matrix); at(i, j)`.
/// Throws invalid_argument for a tensor on a device (`to_host()` first), another number of dimensions, an empty handle.
template <std::size_t Rank, class T>
[[nodiscard]] tensor_view<T, Rank> view_of(tensor<T>& t) {
  return detail::host_view<T, Rank>(t.data(), t);
}
template <std::size_t Rank, class T>
[[nodiscard]] tensor_view<const T, Rank> view_of(const tensor<T>& t) {
  return detail::host_view<const T, Rank>(t.data(), t);
}
/// It would outlive the handle.
template <std::size_t Rank, class T>
void view_of(const tensor<T>&& t) = delete;

}  // namespace glint
