// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/tensor.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/base/exception.hpp>
#include <glint/gpu/storage.hpp>

namespace glint {

namespace {

[[noreturn]] void refuse(std::string why) {
  throw exception(error(errc::invalid_argument, std::move(why)));
}

std::array<std::int64_t, extents::rank_max> row_major(const extents& shape) {
  std::array<std::int64_t, extents::rank_max> strides{};
  std::int64_t step = 1;
  for (std::size_t i = shape.rank(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

}  // namespace

tensor_base::tensor_base() noexcept = default;
tensor_base::tensor_base(const tensor_base&) noexcept = default;
tensor_base& tensor_base::operator=(const tensor_base&) noexcept = default;
tensor_base::~tensor_base() = default;

tensor_base::tensor_base(tensor_base&& other) noexcept : tensor_base() {
  *this = std::move(other);
}

tensor_base& tensor_base::operator=(tensor_base&& other) noexcept {
  if (this == &other) return *this;
  storage_ = std::exchange(other.storage_, {});
  offset_ = std::exchange(other.offset_, 0);
  shape_ = std::exchange(other.shape_, {});
  strides_ = std::exchange(other.strides_, {});
  dtype_ = other.dtype_;
  return *this;
}

tensor_base::tensor_base(intrusive_ptr<gpu::storage> storage, glint::dtype type, extents shape)
    : storage_(std::move(storage)), shape_(shape), strides_(row_major(shape)), dtype_(type) {
  GLINT_ASSERT(storage_ && bytes() <= storage_->bytes(), "a tensor larger than its storage", bytes());
}

tensor_base::tensor_base(intrusive_ptr<gpu::storage> storage, glint::dtype type, extents shape,
                         std::span<const std::int64_t> strides)
    : storage_(std::move(storage)), shape_(shape), dtype_(type) {
  GLINT_ASSERT(storage_ && strides.size() == shape.rank(), "a stride for each extent", strides.size());
  std::ranges::copy(strides, strides_.begin());
  GLINT_ASSERT(span_bytes() <= storage_->bytes(), "a tensor larger than its storage", span_bytes());
}

std::int64_t tensor_base::size() const noexcept {
  return empty_handle() ? 0 : shape_.count();
}

std::size_t tensor_base::bytes() const noexcept {
  return static_cast<std::size_t>(size()) * size_of(dtype_);
}

memory_place tensor_base::place() const noexcept {
  return storage_ ? storage_->place() : memory_place::host();
}

void* tensor_base::address() const noexcept {
  if (!storage_ || !storage_->data()) return nullptr;
  return static_cast<std::byte*>(storage_->data()) + static_cast<std::size_t>(offset_) * size_of(dtype_);
}

bool tensor_base::contiguous() const noexcept {
  if (size() == 0) return true;
  std::int64_t step = 1;
  for (std::size_t i = shape_.rank(); i-- > 0;) {
    if (shape_[i] == 1) continue;  // its stride is never used
    if (strides_[i] != step) return false;
    step *= shape_[i];
  }
  return true;
}

void tensor_base::require_dtype(glint::dtype type) const {
  if (empty_handle() || dtype_ == type) return;
  refuse("a tensor of " + std::string(to_string(dtype_)) + " where one of " + std::string(to_string(type)) +
         " is wanted");
}

void tensor_base::require_host_values() const {
  if (!place().is_host()) {
    refuse("the values of a tensor on device " + std::to_string(place().device) + ": call to_host() first");
  }
  if (!contiguous()) refuse("the values of a tensor " + shape_.describe() + " that is not contiguous");
}

void tensor_base::require_count(std::size_t count) const {
  if (count == static_cast<std::size_t>(size())) return;
  refuse(std::to_string(count) + " values for a tensor of shape " + shape_.describe());
}

tensor_base tensor_base::reshaped(extents shape) const {
  if (empty_handle()) refuse("reshape of an empty tensor handle");
  if (shape.count() != size()) refuse("reshape from " + shape_.describe() + " to " + shape.describe());
  if (!contiguous()) refuse("reshape of a tensor " + shape_.describe() + " that is not contiguous");
  tensor_base view = *this;
  view.shape_ = shape;
  view.strides_ = row_major(shape);
  return view;
}

tensor_base tensor_base::sliced(std::int64_t begin, std::int64_t end) const {
  if (empty_handle() || shape_.rank() == 0) refuse("slice of a tensor without dimensions");
  if (begin < 0 || end < begin || end > shape_[0]) {
    refuse("slice [" + std::to_string(begin) + ", " + std::to_string(end) + ") of a tensor " + shape_.describe());
  }
  std::array<std::int64_t, extents::rank_max> values{};
  for (std::size_t i = 1; i < shape_.rank(); ++i) values[i] = shape_[i];
  values[0] = end - begin;
  tensor_base view = *this;
  view.shape_ = extents(std::span<const std::int64_t>(values.data(), shape_.rank()));
  view.offset_ += view.size() == 0 ? 0 : begin * strides_[0];
  return view;
}

tensor_base tensor_base::with_dimensions_reversed() const {
  tensor_base view = *this;
  std::array<std::int64_t, extents::rank_max> values{};
  const std::size_t rank = shape_.rank();
  for (std::size_t i = 0; i < rank; ++i) {
    values[i] = shape_[rank - 1 - i];
    view.strides_[i] = strides_[rank - 1 - i];
  }
  view.shape_ = extents(std::span<const std::int64_t>(values.data(), rank));
  return view;
}

tensor_base tensor_base::make_on_host(glint::dtype type, extents shape, bool zeros) {
  const std::size_t bytes = static_cast<std::size_t>(shape.count()) * size_of(type);
  auto made = gpu::storage::on_host(bytes, zeros ? gpu::host_fill::zeros : gpu::host_fill::none);
  if (!made) throw_error(made.error());
  return tensor_base(std::move(*made), type, shape);
}

}  // namespace glint
