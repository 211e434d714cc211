// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/tensor_parts.hpp>

#include <algorithm>
#include <limits>

#include <glint/base/exception.hpp>
#include <glint/gpu/storage.hpp>
#include <glint/gpu/tensor.hpp>
#include <glint/gpu/tensor_export.hpp>

namespace glint {
namespace {

[[noreturn]] void malformed(const char* why) {
  throw exception(error(errc::malformed_data, std::string("a tensor's description: ") + why));
}

/// The last element's position plus one, in elements from the start of the storage; -1 where that overflows or a part
/// is negative.
std::int64_t end_of(const tensor_parts& parts) {
  std::int64_t last = parts.offset;
  if (last < 0) return -1;
  for (std::size_t i = 0; i < parts.shape.size(); ++i) {
    std::int64_t step = 0;
    if (parts.shape[i] < 0 || parts.strides[i] < 0) return -1;
    if (parts.shape[i] == 0) return 0;
    if (__builtin_mul_overflow(parts.shape[i] - 1, parts.strides[i], &step)) return -1;
    if (__builtin_add_overflow(last, step, &last)) return -1;
  }
  return last == std::numeric_limits<std::int64_t>::max() ? -1 : last + 1;
}

thread_local int exports_on_this_thread = 0;

}  // namespace

namespace gpu {

tensor_export_scope::tensor_export_scope() noexcept {
  ++exports_on_this_thread;
}

tensor_export_scope::~tensor_export_scope() {
  --exports_on_this_thread;
}

exported_elements::exported_elements(tensor_base elements) noexcept : elements_(std::move(elements)) {}

std::span<const std::byte> exported_elements::bytes() const noexcept {
  return {static_cast<const std::byte*>(elements_.address()), elements_.bytes()};
}

}  // namespace gpu

tensor_parts tensor_base::parts() const {
  if (exports_on_this_thread > 0 && !empty_handle()) return exported_parts();
  return described_with({storage_});
}

/// Of the elements alone, row-major in host memory: nothing else of the storage leaves the process.
tensor_parts tensor_base::exported_parts() const {
  tensor_base elements = on_host();
  if (!elements.contiguous()) {
    auto copied = elements.copy_on_host();
    if (!copied) throw_error(copied.error());
    elements = *std::move(copied);
  }
  tensor_base described = elements;
  described.offset_ = 0;
  return described.described_with({make_intrusive<gpu::exported_elements>(std::move(elements))});
}

tensor_parts tensor_base::described_with(gpu::storage_ref storage) const {
  return {.dtype = static_cast<std::uint8_t>(dtype_),
          .offset = offset_,
          .shape = {shape_.values().begin(), shape_.values().end()},
          .strides = {strides().begin(), strides().end()},
          .storage = std::move(storage)};
}

tensor_base tensor_base::from_parts(const tensor_parts& parts) {
  if (!parts.storage.storage) return {};
  auto* storage = dynamic_cast<gpu::storage*>(parts.storage.storage.get());
  if (!storage) malformed("refers to something else than storage");
  if (parts.dtype < static_cast<std::uint8_t>(glint::dtype::u8) ||
      parts.dtype > static_cast<std::uint8_t>(glint::dtype::f64)) {
    malformed("an unknown dtype");
  }
  if (parts.shape.size() > extents::rank_max || parts.strides.size() != parts.shape.size()) malformed("a wrong rank");
  const auto width = static_cast<std::int64_t>(size_of(static_cast<glint::dtype>(parts.dtype)));
  const std::int64_t end = end_of(parts);
  if (end < 0 || end > static_cast<std::int64_t>(storage->bytes()) / width)
    malformed("elements outside of its storage");
  tensor_base t;
  t.storage_ = intrusive_ptr<gpu::storage>(storage);
  t.dtype_ = static_cast<glint::dtype>(parts.dtype);
  t.offset_ = parts.offset;
  t.shape_ = extents(std::span<const std::int64_t>(parts.shape));
  std::copy(parts.strides.begin(), parts.strides.end(), t.strides_.begin());
  return t;
}

}  // namespace glint
