// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>

#include "dlpack_format.hpp"
#include "foreign_memory.hpp"

namespace glint::gpu {
namespace {

/// Another library's tensor, ended with the last use; taken over once nothing can fail any more.
template <class Managed>
class foreign_tensor final : public ref_counted {
 public:
  void take(Managed* managed) noexcept { managed_ = managed; }

 private:
  ~foreign_tensor() override {
    if (managed_ && managed_->deleter) managed_->deleter(managed_);
  }
  Managed* managed_ = nullptr;
};

/// A DLTensor in our terms.
struct layout {
  dtype type = dtype::u8;
  extents shape;
  std::array<std::int64_t, extents::rank_max> strides{};
  std::size_t bytes = 0;  ///< From the first element to behind the last one.
  void* first = nullptr;
};

result<extents> shape_of(const DLTensor& t) {
  if (t.ndim < 0 || t.ndim > static_cast<std::int32_t>(extents::rank_max)) {
    return refuse_dlpack("has " + std::to_string(t.ndim) + " dimensions; 8 are the most");
  }
  if (t.ndim > 0 && !t.shape) return refuse_dlpack("has no shape");
  std::int64_t product = 1;
  for (std::int32_t i = 0; i < t.ndim; ++i) {
    if (t.shape[i] < 0) return refuse_dlpack("a negative extent: " + std::to_string(t.shape[i]));
    if (t.shape[i] > extents::count_max / product) return refuse_dlpack("has more elements than any tensor");
    product *= std::max<std::int64_t>(t.shape[i], 1);
  }
  if (t.ndim == 0) return extents{};
  return extents(std::span<const std::int64_t>(t.shape, static_cast<std::size_t>(t.ndim)));
}

void row_major(layout& l) {
  std::int64_t step = 1;
  for (std::size_t i = l.shape.rank(); i-- > 0;) {
    l.strides[i] = step;
    step *= l.shape[i];
  }
}

/// The given strides where they are used, that is, where an extent is above 1.
result<void> take_strides(const DLTensor& t, layout& l) {
  for (std::size_t i = 0; i < l.shape.rank(); ++i) {
    if (l.shape[i] == 1) continue;
    if (t.strides[i] < 0) return refuse_dlpack("a negative stride: " + std::to_string(t.strides[i]));
    l.strides[i] = t.strides[i];
  }
  return {};
}

/// Counts the elements from the first to the last: strides from the smallest on must step over all that the ones before
/// reach, or elements overlap. Refuses some layouts that interleave without overlapping, which no library makes.
result<std::int64_t> reach_of(const layout& l) {
  std::array<std::pair<std::int64_t, std::int64_t>, extents::rank_max> steps{};  // stride, extent
  std::size_t count = 0;
  for (std::size_t i = 0; i < l.shape.rank(); ++i) {
    if (l.shape[i] == 1) continue;
    std::size_t at = count++;
    for (; at > 0 && steps[at - 1].first > l.strides[i]; --at) steps[at] = steps[at - 1];
    steps[at] = {l.strides[i], l.shape[i]};
  }
  std::int64_t reach = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [stride, extent] = steps[i];
    if (stride < reach) return refuse_dlpack("strides by which elements overlap: " + std::to_string(stride));
    std::int64_t step = 0;
    if (__builtin_mul_overflow(stride, extent - 1, &step) || __builtin_add_overflow(reach, step, &reach) ||
        reach > extents::count_max) {
      return refuse_dlpack("reaches further than any tensor");
    }
  }
  return reach;
}

result<layout> layout_of(const DLTensor& t) {
  layout l;
  const auto type = dtype_of_dlpack(t.dtype);
  if (!type) {
    return refuse_dlpack("elements of type code " + std::to_string(t.dtype.code) + ", " + std::to_string(t.dtype.bits) +
                         " bits, " + std::to_string(t.dtype.lanes) +
                         " lanes; a tensor holds integers of 8 to 64 bits, and floats of 32 and 64, in one lane");
  }
  l.type = *type;
  auto shape = shape_of(t);
  if (!shape) return fail(std::move(shape).error());
  l.shape = *shape;
  row_major(l);
  if (l.shape.count() == 0) return l;  // whatever the strides and the address
  if (t.strides) GLINT_TRY(take_strides(t, l));
  const auto reach = reach_of(l);
  if (!reach) return fail(reach.error());
  l.bytes = static_cast<std::size_t>(*reach) * size_of(l.type);
  if (!t.data) return refuse_dlpack("a null pointer to " + l.shape.describe() + " elements");
  std::uintptr_t first = 0;
  if (__builtin_add_overflow(reinterpret_cast<std::uintptr_t>(t.data), t.byte_offset, &first)) {
    return refuse_dlpack("an offset of " + std::to_string(t.byte_offset) + " bytes");
  }
  l.first = reinterpret_cast<void*>(first);
  return l;
}

/// The device it lies on; null for the host.
result<device_context*> device_of(const DLDevice& d, bool ours, device_context* given) {
  const int type = static_cast<int>(d.device_type);
  if (type == kDLCPU || type == kDLCUDAHost) return nullptr;
  const auto backend = type == kDLCUDA ? backend_kind::cuda : backend_kind::emulated;
  if (type != kDLCUDA && !(type == kDLExtDev && ours)) {
    return refuse_dlpack("lies on a device of type " + std::to_string(type) + ", which is not known");
  }
  const std::string where = (type == kDLCUDA ? "CUDA device " : "emulated device ") + std::to_string(d.device_id);
  if (!given) return refuse_dlpack("lies on " + where + ", and no device was given");
  if (given->device().backend() != backend || given->index() != d.device_id) {
    return refuse_dlpack("lies on " + where + ", not on " + given->device().info().name);
  }
  return given;
}

/// The point after which it may be used. The producer made the stream wait behind the back of our clock.
result<stream_point> ready_point(const DLDevice& d, const intrusive_ptr<stream>& told) {
  const int type = static_cast<int>(d.device_type);
  if (!told || type == kDLCPU) return stream_point{};
  told->note_enqueued();
  stream_point ready = told->now();
  if (type != kDLCUDAHost) return ready;
  GLINT_TRY(wait_reached(ready));
  return stream_point{};
}

struct terms {
  bool ours = false;
  bool writable = false;
};

template <class Managed>
result<tensor_base> take_over(Managed* managed, terms of, const dlpack_import_options& options) {
  const DLTensor& t = managed->dl_tensor;
  auto l = layout_of(t);
  if (!l) return fail(std::move(l).error());
  auto context = device_of(t.device, of.ours, options.device);
  if (!context) return fail(std::move(context).error());
  GLINT_TRY(check_foreign_memory({l->first, l->bytes, l->type, *context}, "dlpack tensor"));
  if (*context && options.stream && options.stream->device().backend() != (*context)->device().backend()) {
    return refuse_dlpack("ordered by a stream of another backend");
  }
  auto ready = ready_point(t.device, options.stream);
  if (!ready) return fail(std::move(ready).error());
  auto owner = make_intrusive<foreign_tensor<Managed>>();
  const bool locked = static_cast<int>(t.device.device_type) == kDLCUDAHost;
  auto made = storage::lent({.data = l->first,
                             .bytes = l->bytes,
                             .read_only = !of.writable,
                             .context = *context,
                             .owner = owner,
                             .page_locked = locked ? std::optional(backend_kind::cuda) : std::nullopt});
  made->note_write(*std::move(ready));
  tensor_base tensor(std::move(made), l->type, l->shape,
                     std::span<const std::int64_t>(l->strides.data(), l->shape.rank()));
  owner->take(managed);
  return tensor;
}

}  // namespace

result<tensor_base> import_dlpack(DLManagedTensorVersioned* managed, const dlpack_import_options& options) {
  if (!managed) return refuse_dlpack("a null pointer");
  if (managed->version.major != DLPACK_MAJOR_VERSION) {
    return refuse_dlpack("is of version " + std::to_string(managed->version.major) + "." +
                         std::to_string(managed->version.minor) + "; known is 1");
  }
  const bool read_only = (managed->flags & DLPACK_FLAG_BITMASK_READ_ONLY) != 0;
  if (read_only && options.writable) return refuse_dlpack("is read-only, and was to be writable");
  const bool copied = (managed->flags & DLPACK_FLAG_BITMASK_IS_COPIED) != 0;
  return take_over(
      managed, {.ours = managed->deleter == &delete_exported, .writable = !read_only && (copied || options.writable)},
      options);
}

result<tensor_base> import_dlpack(DLManagedTensor* managed, const dlpack_import_options& options) {
  if (!managed) return refuse_dlpack("a null pointer");
  return take_over(managed, {.ours = false, .writable = options.writable}, options);
}

}  // namespace glint::gpu
