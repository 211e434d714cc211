// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <glint/base/result.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/tensor.hpp>

/// Tensors over memory that somebody else allocated: a library's buffer, a cudaMalloc of one's own.
namespace glint::gpu {

class device_context;

/// What is known of memory that is adopted.
struct adopt_options {
  device_context* device = nullptr;  ///< The device that it lies on; null: host memory.
  bool read_only = false;         ///< A task that takes the tensor by value then gets a copy, even as the last holder.
  stream_point valid_after = {};  ///< Who uses it waits for this point; empty: valid now.
};

/// A tensor over `data`, row-major, without a copy. `deleter` is called once with `data`, after the last handle went
/// and the last use was reached in stream order; on whatever thread that happens (often the poller's), with no lock
/// held. It must not block; an exception that it throws is logged and dropped. An empty one: nothing is called, the
/// memory must outlive the process's devices.
///
/// After a failure the memory is still the caller's, and `deleter` was not and will not be called. Errors, with the
/// subject "adopted memory": invalid_argument for null where there are elements, an address that is not aligned for its
/// type, memory that does not lie on the device (CUDA and the emulated device can tell). Cost: two allocations; on
/// CUDA, two look-ups by the driver.
[[nodiscard]] result<tensor_base> adopt_memory(void* data, dtype type, extents shape,
                                               unique_function<void(void*)> deleter, const adopt_options& options = {});

/// The same, typed; elements that are const are read-only. `deleter` takes a `T*`.
template <class T, std::invocable<T*> Deleter>
requires has_dtype<std::remove_const_t<T>>
[[nodiscard]] result<tensor<std::remove_const_t<T>>> adopt_memory(T* data, extents shape, Deleter deleter,
                                                                  adopt_options options = {}) {
  using element = std::remove_const_t<T>;
  options.read_only = options.read_only || std::is_const_v<T>;
  auto made = adopt_memory(
      const_cast<element*>(data), dtype_of<element>(), shape,
      [d = std::move(deleter)](void* memory) mutable { d(static_cast<T*>(memory)); }, options);
  if (!made) return fail(std::move(made).error());
  return tensor<element>::cast(*std::move(made));
}

}  // namespace glint::gpu
