// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/core/detail/kernel_body.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/options.hpp>
#include <glint/core/submit.hpp>
#include <glint/gpu/kernel_config.hpp>

namespace glint {

namespace detail {

template <auto Kernel, class... Args>
[[nodiscard]] auto launch_task(const task_options& options, const launch_config& config, Args&&... args) {
  using parameters = typename gpu::detail::kernel_signature_of<Kernel>::parameters;
  using body = typename kernel_body_of<Kernel, parameters, std::remove_cvref_t<Args>...>::type;
  if (const auto right = gpu::check(config, function_name<Kernel>()); !right) throw_error(right.error());
  return submit_body(options, body{config}, task_argument(std::forward<Args>(args))...);
}

}  // namespace detail

/// For a kernel's parameter `const T*`: the elements of a tensor, on the device of the launch, copied there if they lie
/// elsewhere. A ref is awaited as by any task.
template <class T>
[[nodiscard]] auto in(const object_ref<tensor<T>>& ref) {
  return detail::in_argument<object_ref<tensor<T>>, T>{ref};
}
template <class T>
[[nodiscard]] auto in(object_ref<tensor<T>>&& ref) {
  return detail::in_argument<object_ref<tensor<T>>, T>{std::move(ref)};
}
template <class T>
[[nodiscard]] auto in(tensor<T> value) {
  return detail::in_argument<tensor<T>, T>{std::move(value)};
}

/// For a parameter `T*`: a new tensor of this shape, not initialized; a ref to it comes back from `launch`.
[[nodiscard]] inline auto out(extents shape) {
  return detail::out_argument<void>{shape};
}
/// The same; `T` must be the kernel's.
template <class T>
[[nodiscard]] auto out(extents shape) {
  return detail::out_argument<T>{shape};
}

/// For a parameter `T*`: the elements of a tensor, which the kernel changes. A ref to what it makes of them comes back
/// from `launch`; the tensor that was given stays as it is. A ref that is moved in, and was the last, gives its memory;
/// elements that others may still see, or that lie elsewhere, are copied on the device before.
template <class T>
[[nodiscard]] auto inout(const object_ref<tensor<T>>& ref) {
  return detail::inout_argument<object_ref<tensor<T>>, T>{ref};
}
template <class T>
[[nodiscard]] auto inout(object_ref<tensor<T>>&& ref) {
  return detail::inout_argument<object_ref<tensor<T>>, T>{std::move(ref)};
}
template <class T>
[[nodiscard]] auto inout(tensor<T> value) {
  return detail::inout_argument<tensor<T>, T>{std::move(value)};
}

/// Submits a launch of a kernel as a task on a device, and returns at once: a ref for the one `out` or `inout`, a tuple
/// of refs, in their order, if there are several, an object_ref<void> if there are none.
///
///     auto y = glint::launch<saxpy>({.grid = 4, .block = 256}, 1000, 2.f, glint::in(x), glint::inout(std::move(old)));
///
/// `Kernel` is a `__global__` function of a file given to `glint_add_kernels` (glint/gpu/launch.hpp); a declaration of
/// it has to be seen. Each argument is, for a pointer, `in`, `out` or `inout` with a tensor of the pointer's elements,
/// else a value that converts to the parameter or an `object_ref` to one of its type. Tensors have to be contiguous.
///
/// It is a task like any other, whose body enqueues the kernel: placed, tried again, cancelled and named (by the
/// kernel's name) as such. What comes back is issued: a consumer on the device goes on without waiting for the kernel.
///
/// Failure travels in the ref: as for `submit`; invalid_argument for a tensor with gaps; out_of_memory for an `out`;
/// device_error for a kernel that the device does not have; kernel_failed, which on an emulated device names the block,
/// when it fails. Throws: invalid_argument (a configuration that no device takes, options), not_running, empty_ref.
/// Thread-safe. Never blocks.
template <auto Kernel, class... Args>
[[nodiscard]] auto launch(task_options options, launch_config config, Args&&... args) {
  if constexpr (detail::check_launch<Kernel, std::remove_cvref_t<Args>...>()) {
    return detail::launch_task<Kernel>(options, config, std::forward<Args>(args)...);
  }
}

/// The same with default options.
template <auto Kernel, class... Args>
[[nodiscard]] auto launch(launch_config config, Args&&... args) {
  return launch<Kernel>(task_options{}, config, std::forward<Args>(args)...);
}

}  // namespace glint
