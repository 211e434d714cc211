// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/dtype.hpp>
#include <glint/gpu/extents.hpp>
#include <glint/gpu/memory_place.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/stream_side.hpp>
#include <glint/gpu/tensor_parts.hpp>

namespace glint {

namespace gpu {
class device_context;
class storage;
}  // namespace gpu

/// What all tensors share, whatever their element type: a handle to counted storage with shape, strides (in elements),
/// and an offset. Copying a handle copies no elements. Thread-compatible; the storage behind it is thread-safe.
class tensor_base {
 public:
  tensor_base() noexcept;
  /// Row-major from the start of `storage`. Precondition: the storage has room for all elements.
  tensor_base(intrusive_ptr<gpu::storage> storage, glint::dtype type, extents shape);
  /// With strides, in elements, as many as `shape` has extents and none negative, from the start of `storage`.
  /// Precondition: the storage has room for all elements.
  tensor_base(intrusive_ptr<gpu::storage> storage, glint::dtype type, extents shape,
              std::span<const std::int64_t> strides);
  tensor_base(const tensor_base&) noexcept;
  tensor_base(tensor_base&& other) noexcept;  ///< Leaves an empty handle.
  tensor_base& operator=(const tensor_base&) noexcept;
  tensor_base& operator=(tensor_base&& other) noexcept;
  ~tensor_base();

  [[nodiscard]] bool empty_handle() const noexcept {
    return !storage_;
  }                                                                     ///< True for a default-made tensor: no storage.
  [[nodiscard]] glint::dtype dtype() const noexcept { return dtype_; }  ///< Meaningless for an empty handle.
  [[nodiscard]] const extents& shape() const noexcept { return shape_; }
  [[nodiscard]] std::span<const std::int64_t> strides() const noexcept { return {strides_.data(), shape_.rank()}; }
  [[nodiscard]] std::int64_t offset() const noexcept { return offset_; }  ///< Elements from the start of the storage.
  [[nodiscard]] std::int64_t size() const noexcept;                       ///< Elements; 0 for an empty handle.
  [[nodiscard]] std::size_t bytes() const noexcept;                       ///< size() times the element size.
  [[nodiscard]] memory_place place() const noexcept;                      ///< The host for an empty handle.
  [[nodiscard]] bool contiguous() const noexcept;                         ///< Row-major without gaps.
  [[nodiscard]] gpu::storage* storage() const noexcept { return storage_.get(); }
  /// The first element's address; null for an empty handle and where there are no bytes.
  [[nodiscard]] void* address() const noexcept;

  /// A tensor at `target` (null: the host) with the same elements and strides, filled by a copy enqueued on `stream`
  /// after whatever last wrote the source. Usable in order of `stream` at once; the host sees it when `stream.now()` is
  /// reached. `stream` may be of either device; the two devices must be of one backend. A host source must not be
  /// written until then. Errors: out_of_memory, invalid_argument for an empty handle or devices of two backends, those
  /// of the device.
  ///
  /// Between devices it is one copy where `stream`'s reaches the other, else it goes through host memory in pieces, by
  /// the other device's transfer stream too: nobody waits, and `sides`, if not null, is told of that half, whose
  /// failure is the copy's.
  [[nodiscard]] result<tensor_base> copy_to(gpu::device_context* target, gpu::stream& stream,
                                            std::vector<gpu::stream_side>* sides = nullptr) const;

  /// As tensor::to_host.
  [[nodiscard]] tensor_base on_host() const;
  /// A row-major copy of a host tensor in host memory, made at once by the calling thread. Precondition: the host may
  /// read the elements. Errors: out_of_memory.
  [[nodiscard]] result<tensor_base> copy_on_host() const;

  /// The same elements in other storage, which has a copy of the bytes of this one's; for the runtime, which moves
  /// objects to other memory.
  [[nodiscard]] tensor_base in_storage(intrusive_ptr<gpu::storage> storage) const;

  /// Taken apart for encoding, and put together again; see tensor_export.hpp. Throws malformed_data for parts that fit
  /// no storage.
  [[nodiscard]] tensor_parts parts() const;
  [[nodiscard]] static tensor_base from_parts(const tensor_parts& parts);

 protected:
  /// Throw invalid_argument as their public twins in `tensor` say.
  void require_dtype(glint::dtype type) const;
  void require_host_values() const;
  void require_count(std::size_t count) const;
  [[nodiscard]] tensor_base reshaped(extents shape) const;
  [[nodiscard]] tensor_base sliced(std::int64_t begin, std::int64_t end) const;
  [[nodiscard]] tensor_base with_dimensions_reversed() const;
  /// Host memory; zeros if asked for. Throws out_of_memory.
  [[nodiscard]] static tensor_base make_on_host(glint::dtype type, extents shape, bool zeros);

 private:
  [[nodiscard]] std::size_t span_bytes() const noexcept;
  [[nodiscard]] tensor_parts exported_parts() const;
  [[nodiscard]] tensor_parts described_with(gpu::storage_ref storage) const;

  intrusive_ptr<gpu::storage> storage_;
  std::int64_t offset_ = 0;
  extents shape_;
  std::array<std::int64_t, extents::rank_max> strides_{};
  glint::dtype dtype_ = glint::dtype::u8;
};

/// An n-dimensional array of `T` in host or device memory: a cheap handle to counted storage.
///
/// `data()` of a device tensor may be dereferenced only by work on a stream; host code that does so faults, where the
/// CPU has protection keys, with a message that says so. Elements made by `from` and `zeros` lie in host memory; a
/// `gpu_context` makes device tensors. Objects in the store are immutable: write only to a tensor that you made and
/// have not yet returned or put.
template <class T>
class tensor : public tensor_base {
  static_assert(has_dtype<T>,
                "glint: tensor elements are arithmetic types except bool: (u)int8 to (u)int64, float, double");

 public:
  using value_type = T;
  tensor() noexcept = default;

  /// One dimension, host memory.
  [[nodiscard]] static tensor from(std::initializer_list<T> values) {
    return from(std::span<const T>(values.begin(), values.size()), {static_cast<std::int64_t>(values.size())});
  }
  /// Row-major values of the given shape, host memory, copied. Throws invalid_argument if the counts differ.
  [[nodiscard]] static tensor from(std::span<const T> values, extents shape) {
    tensor made(make_on_host(dtype_of<T>(), shape, false));
    made.require_count(values.size());
    if (!values.empty()) std::memcpy(made.data(), values.data(), values.size_bytes());
    return made;
  }
  /// Host memory, all zero.
  [[nodiscard]] static tensor zeros(extents shape) { return tensor(make_on_host(dtype_of<T>(), shape, true)); }
  /// Takes a handle of unknown element type. Throws invalid_argument if its dtype is not T's; an empty handle has any.
  [[nodiscard]] static tensor cast(tensor_base base) {
    tensor made(std::move(base));
    made.require_dtype(dtype_of<T>());
    return made;
  }

  [[nodiscard]] T* data() noexcept { return static_cast<T*>(address()); }
  [[nodiscard]] const T* data() const noexcept { return static_cast<const T*>(address()); }

  /// The elements, row-major. Throws invalid_argument on a device tensor (`to_host()` first) or one that is not
  /// contiguous.
  [[nodiscard]] std::span<const T> values() const {
    require_host_values();
    return {data(), static_cast<std::size_t>(size())};
  }
  [[nodiscard]] std::span<T> values() {
    require_host_values();
    return {data(), static_cast<std::size_t>(size())};
  }

  /// The same elements in another shape; shares storage. Throws invalid_argument if the counts differ or this is not
  /// contiguous.
  [[nodiscard]] tensor reshape(extents shape) const { return tensor(reshaped(shape)); }
  /// Rows [begin, end) of the first dimension; shares storage. Throws invalid_argument outside of the shape.
  [[nodiscard]] tensor slice(std::int64_t begin, std::int64_t end) const { return tensor(sliced(begin, end)); }
  /// Dimensions reversed; shares storage.
  [[nodiscard]] tensor transposed() const { return tensor(with_dimensions_reversed()); }

  /// This tensor if it lies in host memory, else a copy there. Blocks until the copy has run. Throws what the copy or
  /// the work before it failed with.
  [[nodiscard]] tensor to_host() const { return tensor(on_host()); }

  /// How a tensor inside a value is encoded: its description as bytes, its storage as a ref (see tensor_parts).
  template <class Archive>
  void save(Archive& archive) const {
    archive(parts());
  }
  template <class Archive>
  void load(Archive& archive) {
    tensor_parts read;
    archive(read);
    *this = cast(from_parts(read));
  }

 private:
  explicit tensor(tensor_base base) noexcept : tensor_base(std::move(base)) {}
};

// Calls `visit(tensor_base&)` for each tensor inside a value: glint/gpu/tensors_in.hpp.

}  // namespace glint
