// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>

#include <glint/base/local_only.hpp>
#include <glint/base/serializable.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/gpu/gpu_context.hpp>

/// What a function's type says: parameters, result, whether it runs on a device. Compile-time only.
namespace glint::detail {

template <class... Ts>
struct parameter_list {
  static constexpr std::size_t size = sizeof...(Ts);
};

/// Splits off a leading gpu_context&, which the runtime gives.
template <class... Params>
struct split_parameters {
  static constexpr bool on_device = false;
  using given = parameter_list<Params...>;
};
template <class... Params>
struct split_parameters<gpu_context&, Params...> {
  static constexpr bool on_device = true;
  using given = parameter_list<Params...>;
};

template <class R, class Class, class... Params>
struct signature_of {
  using result = R;
  using class_type = Class;
  static constexpr bool on_device = split_parameters<Params...>::on_device;
  using parameters = typename split_parameters<Params...>::given;  ///< Without the gpu_context&.
};

template <class F>
struct signature;
template <class R, class... P>
struct signature<R (*)(P...)> : signature_of<R, void, P...> {};
template <class R, class... P>
struct signature<R (*)(P...) noexcept> : signature_of<R, void, P...> {};
template <class R, class C, class... P>
struct signature<R (C::*)(P...)> : signature_of<R, C, P...> {};
template <class R, class C, class... P>
struct signature<R (C::*)(P...) noexcept> : signature_of<R, C, P...> {};
template <class R, class C, class... P>
struct signature<R (C::*)(P...) const> : signature_of<R, C, P...> {};
template <class R, class C, class... P>
struct signature<R (C::*)(P...) const noexcept> : signature_of<R, C, P...> {};
/// Function objects and captureless lambdas: their call operator.
template <class F>
requires requires {
  &F::operator();
}
struct signature<F> : signature<decltype(&F::operator())> {};

template <auto Function>
using signature_for = signature<std::remove_cv_t<decltype(Function)>>;

/// How a parameter takes its value.
enum class passing { borrow, own, ref, unsupported };

template <class P>
constexpr passing passing_of() noexcept {
  using bare = std::remove_cvref_t<P>;
  if (std::is_pointer_v<bare>) return passing::unsupported;
  if (std::is_rvalue_reference_v<P>) return passing::unsupported;
  if (std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>) return passing::unsupported;
  if (is_object_ref_v<bare>) return passing::ref;
  return std::is_lvalue_reference_v<P> ? passing::borrow : passing::own;
}

/// What may be a parameter's or a result's value: it crosses to other nodes some day, or says that it never will.
template <class T>
inline constexpr bool transferable = std::is_void_v<T> || is_local_only<std::remove_cvref_t<T>> || is_object_ref_v<T> ||
                                     serializable<std::remove_cvref_t<T>>;

/// Whether an argument of type `Arg` fits parameter `P`: a value that converts, or a ref to the very type.
template <class P, class Arg>
constexpr bool argument_fits() noexcept {
  using bare = std::remove_cvref_t<P>;
  using given = std::remove_cvref_t<Arg>;
  if constexpr (passing_of<P>() == passing::ref || !is_object_ref_v<given>) {
    return std::is_constructible_v<bare, Arg> && std::is_convertible_v<Arg, bare>;
  } else {
    return std::is_same_v<typename given::value_type, bare>;
  }
}

/// True if `T` may be a parameter or a result; otherwise the first line says what keeps it from being serialized.
template <class T>
constexpr bool check_transferable() noexcept {
  if constexpr (!transferable<T>) return require_serializable<std::remove_cvref_t<T>>();
  return transferable<T>;
}

/// The same for what a function returns: see outcome.hpp.
template <class Result>
struct outcome;
template <class Result>
constexpr bool check_result() noexcept {
  return outcome<Result>::check();
}

/// What a coroutine returns: co_task and generator say so.
template <class Result>
inline constexpr bool is_coroutine = false;

/// A coroutine's frame may outlive the stream that its gpu_context stands for; a device function only enqueues, and has
/// nothing to wait for.
template <class Signature>
constexpr bool check_coroutine() noexcept {
  constexpr bool right = !(Signature::on_device && is_coroutine<std::remove_cv_t<typename Signature::result>>);
  static_assert(right, "glint: a coroutine takes no gpu_context&: it submits device functions and awaits their refs");
  return right;
}

/// Each static_assert is the first line that a user sees for one kind of mistake; the instantiation below it names the
/// parameter and the argument.
template <class P, class Arg>
constexpr bool check_argument() noexcept {
  static_assert(
      passing_of<P>() != passing::unsupported,
      "glint: a parameter of a task or method is T, const T& or object_ref<T>; T&, T&& and T* are not supported");
  if constexpr (passing_of<P>() != passing::unsupported) {
    if constexpr (check_transferable<P>()) {
      static_assert(
          argument_fits<P, Arg>(),
          "glint: an argument is neither convertible to its parameter nor an object_ref to the parameter's type");
      return argument_fits<P, Arg>();
    }
  }
  return false;
}

template <class... P, class... Args>
constexpr bool check_each(parameter_list<P...>, parameter_list<Args...>) noexcept {
  return (check_argument<P, Args>() && ...);
}

/// True if a call with `Args` is right; otherwise the first wrong thing is reported as one line.
template <class Parameters, class Result, class... Args>
constexpr bool check_call() noexcept {
  static_assert(Parameters::size == sizeof...(Args),
                "glint: wrong number of arguments (the gpu_context& of a device function is given by the runtime)");
  if constexpr (Parameters::size == sizeof...(Args)) {
    static_assert(!std::is_reference_v<Result> && !std::is_pointer_v<Result>,
                  "glint: a task or method returns a value or void, not a reference or a pointer");
    if constexpr (!std::is_reference_v<Result> && !std::is_pointer_v<Result>) {
      if constexpr (check_result<Result>()) return check_each(Parameters{}, parameter_list<Args...>{});
    }
  }
  return false;
}

}  // namespace glint::detail
