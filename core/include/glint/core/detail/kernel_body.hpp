// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/detail/typed_task.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/options.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/launch_kernel.hpp>
#include <glint/gpu/tensor.hpp>

/// A kernel's launch as the body of a task.
namespace glint::detail {

/// What `in`, `out` and `inout` make: `Given` is a ref to a tensor of `T`, or a tensor.
template <class Given, class T>
struct in_argument {
  Given given;
};
template <class Given, class T>
struct inout_argument {
  Given given;
};
template <class T>
struct out_argument {
  extents shape;
};

enum class direction { value, in, out, inout };

/// How an argument of type `Arg` is for a parameter `P` of the kernel: `task_parameter` is that of the task's body,
/// `held` what the body keeps while it launches, `made` what comes back.
template <class P, class Arg>
struct launch_slot {
  static constexpr direction way = direction::value;
  using element = void;
  using task_parameter = P;
};
template <class P, class Given, class T>
struct launch_slot<P, in_argument<Given, T>> {
  static constexpr direction way = direction::in;
  using element = T;
  using task_parameter = const tensor<T>&;
};
template <class P, class Given, class T>
struct launch_slot<P, inout_argument<Given, T>> {
  static constexpr direction way = direction::inout;
  using element = T;
  using task_parameter = tensor<T>;
};
template <class P, class T>
struct launch_slot<P, out_argument<T>> {
  static constexpr direction way = direction::out;
  using element = std::conditional_t<std::is_void_v<T>, std::remove_pointer_t<P>, T>;
  using task_parameter = extents;
};

/// True if the argument is right; otherwise the first wrong thing is reported as one line.
template <class P, class Arg>
constexpr bool check_launch_argument() noexcept {
  using slot = launch_slot<P, Arg>;
  if constexpr (slot::way == direction::value) {
    static_assert(!std::is_pointer_v<P>,
                  "glint: launch: a kernel's pointer parameter takes in(...), out(shape) or inout(...)");
    if constexpr (std::is_pointer_v<P>)
      return false;
    else
      return check_argument<P, Arg>();
  } else if constexpr (!std::is_pointer_v<P>) {
    static_assert(std::is_pointer_v<P>, "glint: launch: in, out and inout are for a kernel's pointer parameters");
    return false;
  } else {
    using element = std::remove_pointer_t<P>;
    constexpr bool directed = std::is_const_v<element> == (slot::way == direction::in);
    constexpr bool same = std::is_same_v<std::remove_const_t<element>, typename slot::element>;
    static_assert(directed, "glint: launch: in is for a kernel's parameter const T*, out and inout are for T*");
    static_assert(!directed || has_dtype<std::remove_const_t<element>>,
                  "glint: launch: a kernel's pointer parameter is to elements that tensors have");
    static_assert(!directed || !has_dtype<std::remove_const_t<element>> || same,
                  "glint: launch: the tensor's elements are not those of the kernel's parameter");
    return directed && same && has_dtype<std::remove_const_t<element>>;
  }
}

template <auto Kernel, class... Args>
constexpr bool check_launch() noexcept {
  if constexpr (gpu::detail::check_kernel<Kernel>()) {
    using signature = gpu::detail::kernel_signature_of<Kernel>;
    static_assert(signature::count == sizeof...(Args), "glint: launch: wrong number of arguments for the kernel");
    if constexpr (signature::count == sizeof...(Args)) {
      return []<class... P>(std::type_identity<std::tuple<P...>>) {
        return (check_launch_argument<P, Args>() && ...);
      }(std::type_identity<typename signature::parameters>{});
    }
  }
  return false;
}

/// The refs that come back, in order: none, one, or a tuple.
template <class... Made>
struct made_by_launch {
  using type = std::tuple<Made...>;
};
template <>
struct made_by_launch<> {
  using type = void;
};
template <class One>
struct made_by_launch<One> {
  using type = One;
};
template <class Slot>
using slot_results = std::conditional_t<
    Slot::way == direction::out || Slot::way == direction::inout,
    std::tuple<tensor<std::conditional_t<std::is_arithmetic_v<typename Slot::element>, typename Slot::element, int>>>,
    std::tuple<>>;
template <class... Slots>
using launch_results = decltype(std::tuple_cat(std::declval<slot_results<Slots>>()...));
template <class Tuple>
struct launch_result;
template <class... Made>
struct launch_result<std::tuple<Made...>> : made_by_launch<Made...> {};

/// Body of a task: launches the kernel with what the task's arguments became.
template <auto Kernel, class... Slots>
struct kernel_body {
  struct signature {
    using parameters = parameter_list<typename Slots::task_parameter...>;
  };
  using result = typename launch_result<launch_results<Slots...>>::type;
  static constexpr task_traits traits{
      .name = &function_name<Kernel>, .kind = "task", .on_device = true, .users_body = false};

  template <class... Given>
  result call(task_base&, gpu_context* gpu, Given&&... given) {
    std::tuple<decltype(hold<Slots>(*gpu, std::forward<Given>(given)))...> held{
        hold<Slots>(*gpu, std::forward<Given>(given))...};
    std::apply([&](auto&... argument) { gpu::launch_kernel<Kernel>(*gpu, config, argument...); }, held);
    if constexpr (!std::is_void_v<result>) {
      auto made = std::apply([](auto&... argument) { return std::tuple_cat(results_of<Slots>(argument)...); }, held);
      if constexpr (std::tuple_size_v<decltype(made)> == 1) {
        return std::get<0>(std::move(made));
      } else {
        return made;
      }
    }
  }

  launch_config config;

 private:
  /// An `out` becomes a tensor; the others are kept as they are.
  template <class Slot, class Given>
  static decltype(auto) hold(gpu_context& gpu, Given&& given) {
    if constexpr (Slot::way == direction::out) {
      return gpu.empty<typename Slot::element>(given);
    } else if constexpr (Slot::way == direction::in) {
      return static_cast<const tensor<typename Slot::element>&>(given);
    } else {
      return std::remove_cvref_t<Given>(std::forward<Given>(given));
    }
  }
  template <class Slot, class Held>
  static auto results_of(Held& held) {
    if constexpr (Slot::way == direction::out || Slot::way == direction::inout) {
      return std::tuple<Held>(std::move(held));
    } else {
      return std::tuple<>();
    }
  }
};

template <class T>
inline constexpr bool is_out_argument = false;
template <class T>
inline constexpr bool is_out_argument<out_argument<T>> = true;

/// What the task is given of an argument of the launch: what is in its wrapper.
template <class Arg>
decltype(auto) task_argument(Arg&& arg) {
  if constexpr (is_out_argument<std::remove_cvref_t<Arg>>) {
    return extents(arg.shape);
  } else if constexpr (launch_slot<int, std::remove_cvref_t<Arg>>::way != direction::value) {
    return (std::forward<Arg>(arg).given);  // moved out of a wrapper that is given up
  } else {
    return std::forward<Arg>(arg);
  }
}

template <auto Kernel, class Parameters, class... Args>
struct kernel_body_of;
template <auto Kernel, class... P, class... Args>
struct kernel_body_of<Kernel, std::tuple<P...>, Args...> {
  using type = kernel_body<Kernel, launch_slot<P, Args>...>;
};

}  // namespace glint::detail
