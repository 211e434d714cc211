// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <glint/core/detail/actor_cell.hpp>
#include <glint/core/detail/typed_task.hpp>

/// The typed side of actors: bodies of constructors and methods.
namespace glint::detail {

template <class Type>
actor_of<Type>& cell_of(call_base& call) noexcept {
  return static_cast<actor_of<Type>&>(call.cell());
}

/// What a call's options come to.
struct call_plan {
  std::uint16_t group = 0;
  int retries = 0;
};

template <class Method>
struct is_const_method : std::false_type {};
template <class R, class C, class... P>
struct is_const_method<R (C::*)(P...) const> : std::true_type {};
template <class R, class C, class... P>
struct is_const_method<R (C::*)(P...) const noexcept> : std::true_type {};

/// May run beside others of its kind. Device calls may not: they share the actor's stream.
template <auto Method>
inline constexpr bool reads_only =
    is_const_method<std::remove_cv_t<decltype(Method)>>::value && !signature_for<Method>::on_device;

/// May leave the object another than it was.
template <auto Method>
inline constexpr bool changes_object = !is_const_method<std::remove_cv_t<decltype(Method)>>::value;

/// Body of a method's call.
template <class Type, auto Method>
struct method_body {
  using signature = signature_for<Method>;
  using result = std::remove_cv_t<typename signature::result>;
  static constexpr task_traits traits{
      .name = &function_name<Method>, .kind = "call", .on_device = signature::on_device};

  template <class... Args>
  static typename signature::result call(call_base& call, gpu_context* gpu, Args&&... args) {
    typename signature::class_type& object = cell_of<Type>(call).object();  // its own, or a base's
    if constexpr (signature::on_device) {
      return (object.*Method)(*gpu, std::forward<Args>(args)...);
    } else {
      return (object.*Method)(std::forward<Args>(args)...);
    }
  }
};

/// What a constructor's argument is passed as. A ref resolves to the object's value, borrowed where the type can be
/// constructed from `const T&`s; text literals travel as std::string.
template <class Arg>
using constructor_value =
    std::conditional_t<std::is_same_v<std::decay_t<Arg>, const char*> || std::is_same_v<std::decay_t<Arg>, char*>,
                       std::string, std::decay_t<Arg>>;

template <class Arg>
struct constructor_parameter {
  using borrowed = constructor_value<Arg>;
  using owned = constructor_value<Arg>;
};
template <class T>
struct constructor_parameter<object_ref<T>> {
  using borrowed = const T&;
  using owned = T;
};

/// What a constructor gets of a ref's object; its parameter decides: `T` takes the value if nobody else holds it, and a
/// copy otherwise; `const T&` borrows it.
template <class T>
class lent {
 public:
  lent(const T& value, bool last) noexcept : value_(value), last_(last) {}
  // Both are implicit, as it stands for the value; for a parameter T the first is the better match, being of rvalues.
  operator T() && {
    if (last_) return std::move(const_cast<T&>(value_));  // an object in the store is no constant
    return value_;
  }
  operator const T&() const& noexcept { return value_; }

 private:
  const T& value_;
  bool last_;
};

/// Worth lending: there is more to a move than to a copy. Tensors have copies of their own where the actor is.
template <class T>
inline constexpr bool lendable = store::detail::copyable<T>() && !std::is_trivially_copyable_v<T> &&
                                 !contains_tensor<T>;

template <class Arg>
struct lent_parameter {
  using type = typename constructor_parameter<Arg>::borrowed;
  using unknown = type;
};
template <class T>
requires lendable<T>
struct lent_parameter<object_ref<T>> {
  using type = lent<T>;
  struct unknown {};  ///< A constructor that takes this takes anything, and must not see what stands for the value.
};

template <class Type, class... P>
struct constructible_with {
  static constexpr bool on_host = std::is_constructible_v<Type, P...>;
  static constexpr bool on_device = std::is_constructible_v<Type, gpu_context&, P...>;
  static constexpr bool value = on_host || on_device;
};

/// Which parameters the constructor gets for arguments `Args`: refs borrowed, else owned, else passed on as refs.
template <class Type, class... Args>
struct constructor_choice {
  template <class A>
  using p = constructor_parameter<std::remove_cvref_t<A>>;
  using borrowed = constructible_with<Type, typename p<Args>::borrowed...>;
  using owned = constructible_with<Type, typename p<Args>::owned...>;
  using passed = constructible_with<Type, constructor_value<Args>...>;
  using parameters = std::conditional_t<borrowed::value, parameter_list<typename p<Args>::borrowed...>,
                                        std::conditional_t<owned::value, parameter_list<typename p<Args>::owned...>,
                                                           parameter_list<constructor_value<Args>...>>>;
  using chosen = std::conditional_t<borrowed::value, borrowed, std::conditional_t<owned::value, owned, passed>>;
  static constexpr bool possible = chosen::value;
  using lending = constructible_with<Type, typename lent_parameter<std::remove_cvref_t<Args>>::type...>;
  using anything = constructible_with<Type, typename lent_parameter<std::remove_cvref_t<Args>>::unknown...>;
  /// Refs that are borrowed are lent, where the constructor tells `T` from `const T&`.
  static constexpr bool lends = borrowed::value && lending::on_host == borrowed::on_host &&
                                lending::on_device == borrowed::on_device && !anything::value;
  static constexpr bool on_device = chosen::on_device && !chosen::on_host;
};

/// What the constructor is given for what a slot gave.
template <bool Lends, class Arg>
decltype(auto) lend(const construct_base& call, Arg&& arg) noexcept {
  using value = std::remove_cvref_t<Arg>;
  if constexpr (Lends && std::is_same_v<Arg, const value&> && lendable<value>) {
    const ref_argument* from = call.arguments();
    while (from && from->object().value() != &arg) from = from->next();
    return lent<value>(arg, from && from->may_move());
  } else {
    return std::forward<Arg>(arg);
  }
}

/// Body of a constructor's call.
template <class Type, bool OnDevice, bool Lends>
struct constructor_body {
  using result = void;
  static constexpr task_traits traits{.name = &type_name<Type>, .kind = "actor", .on_device = OnDevice};

  template <class... Args>
  static void call(construct_base& call, gpu_context* gpu, Args&&... args) {
    actor_of<Type>& cell = cell_of<Type>(call);
    if constexpr (OnDevice) {
      cell.emplace(*gpu, lend<Lends>(call, std::forward<Args>(args))...);
    } else {
      cell.emplace(lend<Lends>(call, std::forward<Args>(args))...);
    }
  }
};

}  // namespace glint::detail
