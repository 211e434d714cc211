// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/gpu/detail/kernel_launch.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/kernel_config.hpp>

namespace glint::gpu {

namespace detail {

template <class T>
inline constexpr bool is_tensor = false;
template <class T>
inline constexpr bool is_tensor<tensor<T>> = true;

/// Whether a tensor of the argument's elements is what a pointer parameter wants, and may be written if it will be.
template <class P, class Arg>
constexpr bool tensor_fits() noexcept {
  if constexpr (std::is_pointer_v<P> && is_tensor<std::remove_cvref_t<Arg>>) {
    using wanted = std::remove_pointer_t<P>;
    using given = typename std::remove_cvref_t<Arg>::value_type;
    return std::is_same_v<std::remove_const_t<wanted>, given> &&
           (std::is_const_v<wanted> ||
            (std::is_lvalue_reference_v<Arg> && !std::is_const_v<std::remove_reference_t<Arg>>));
  }
  return false;
}

template <class P, class Arg>
constexpr bool check_kernel_argument() noexcept {
  constexpr bool fits = tensor_fits<P, Arg>() || std::is_convertible_v<Arg, P>;
  static_assert(fits,
                "glint: launch: an argument neither converts to the kernel's parameter nor is a tensor of its elements "
                "(one that may be written, for a pointer to what is not const)");
  return fits;
}

/// Throws invalid_argument for a tensor with gaps: a kernel is given an address only.
void require_contiguous(const tensor_base& t, const std::string& kernel);

/// The parameter's value: of a tensor its address, after its use was declared.
template <class P, class Arg>
P kernel_parameter(gpu_context& gpu, const std::string& kernel, Arg&& arg) {
  if constexpr (tensor_fits<P, Arg>()) {
    require_contiguous(arg, kernel);
    if constexpr (std::is_const_v<std::remove_pointer_t<P>>) {
      gpu.reads(arg);
    } else {
      gpu.writes(arg);
    }
    return arg.data();
  } else {
    return std::forward<Arg>(arg);
  }
}

/// Hands the launch to the context's stream. Throws its errors.
void launch_on(gpu_context& gpu, const kernel_launch& launch);

template <auto Kernel, class... P, class... Args>
void launch_with(std::type_identity<std::tuple<P...>>, gpu_context& gpu, const launch_config& config, Args&&... args) {
  using entry = kernel_entry<Kernel>;
  const std::string& name = function_name<Kernel>();
  if (const auto right = check(config, name); !right) throw_error(right.error());
  // Braces: declared in the order of the parameters.
  std::tuple<P...> values{kernel_parameter<P>(gpu, name, std::forward<Args>(args))...};
  auto addresses = std::apply(
      [](auto&... value) {
        return std::array<void*, sizeof...(P) + 1>{const_cast<void*>(static_cast<const void*>(&value))..., nullptr};
      },
      values);
  launch_on(gpu, {&function_name<Kernel>, config, reinterpret_cast<const void*>(Kernel), addresses.data(), &values,
                  &entry::on_host});
}

}  // namespace detail

/// Enqueues a kernel on the context's stream, from inside of a function that runs on a device; `glint::launch` makes a
/// task of one.
///
/// `Kernel` is a `__global__` function of a file given to `glint_add_kernels`, which compiles it for the emulated
/// device and for CUDA. For a parameter `const T*` a `const tensor<T>&` may stand, which is declared as read, for `T*`
/// a `tensor<T>&`, declared as written: contiguous ones, on the context's device. Pointers are passed on as they are;
/// what they point to is the caller's to declare.
///
/// Throws invalid_argument (configuration, a tensor elsewhere or with gaps), device_error for a kernel that the device
/// does not have, and the device's errors. A failure of the kernel itself is that of its stream: kernel_failed, which
/// names the kernel, the block and on the emulated device the reason. Never waits. Cost on the emulated device: two
/// allocations, and what docs/decisions/0012-kernels-compiled-twice.md says.
template <auto Kernel, class... Args>
void launch_kernel(gpu_context& gpu, const launch_config& config, Args&&... args) {
  if constexpr (detail::check_kernel<Kernel>()) {
    using signature = detail::kernel_signature_of<Kernel>;
    static_assert(signature::count == sizeof...(Args), "glint: launch: wrong number of arguments for the kernel");
    if constexpr (signature::count == sizeof...(Args)) {
      constexpr bool right = []<class... P>(std::type_identity<std::tuple<P...>>) {
        return (detail::check_kernel_argument<P, Args>() && ...);
      }(std::type_identity<typename signature::parameters>{});
      if constexpr (right) {
        detail::launch_with<Kernel>(std::type_identity<typename signature::parameters>{}, gpu, config,
                                    std::forward<Args>(args)...);
      }
    }
  }
}

}  // namespace glint::gpu
