// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include <glint/core/detail/actor_calls.hpp>
#include <glint/core/object_ref.hpp>

/// An actor's `save` and `load`: found, checked, and as calls.
namespace glint::detail {

template <class T>
struct is_tuple : std::false_type {};
template <class... T>
struct is_tuple<std::tuple<T...>> : std::true_type {};

/// A public member function of this name, not overloaded and no template. (Templates are those of serialization.)
template <class Type>
concept names_save = requires {
  requires std::is_member_function_pointer_v<decltype(&Type::save)>;
};
template <class Type>
concept names_load = requires {
  requires std::is_member_function_pointer_v<decltype(&Type::load)>;
};
template <class Type>
concept saves_on_host = requires(Type& object) {
  requires !std::is_void_v<decltype(object.save())>;
};
template <class Type>
concept saves_on_device = requires(Type& object, gpu_context& gpu) {
  requires !std::is_void_v<decltype(object.save(gpu))>;
};
template <class Type, class State>
concept loads_on_host = requires(Type& object, State state) {
  requires std::is_void_v<decltype(object.load(std::move(state)))>;
};
template <class Type, class State>
concept loads_on_device = requires(Type& object, gpu_context& gpu, State state) {
  requires std::is_void_v<decltype(object.load(gpu, std::move(state)))>;
};

/// What `save` returns, by value; void for a class that has none that can be called.
template <class Type>
constexpr auto saved_type() noexcept {
  if constexpr (saves_on_host<Type>) {
    return std::type_identity<std::remove_cvref_t<decltype(std::declval<Type&>().save())>>{};
  } else if constexpr (saves_on_device<Type>) {
    return std::type_identity<
        std::remove_cvref_t<decltype(std::declval<Type&>().save(std::declval<gpu_context&>()))>>{};
  } else {
    return std::type_identity<void>{};
  }
}
template <class Type>
using saved_by = typename decltype(saved_type<Type>())::type;

/// Whether objects of this class are saved and restored.
template <class Type>
inline constexpr bool has_state = names_save<Type> || saves_on_host<Type> || saves_on_device<Type> || names_load<Type>;

/// True if what `save` returns may be kept; otherwise the first wrong thing is reported as one line.
template <class State>
constexpr bool check_saved() noexcept {
  constexpr bool one = !is_tuple<State>::value && !some_ref<State>;
  static_assert(one, "glint: spawn: save of an actor returns one value; a tuple or a ref is put into a struct");
  if constexpr (one) {
    if constexpr (check_transferable<State>()) {
      static_assert(store::detail::copyable<State>(),
                    "glint: spawn: what save of an actor returns is kept, and given to load as a copy");
      return store::detail::copyable<State>();
    }
  }
  return false;
}

/// True if an actor of this class has both `save` and `load` as they have to be, or neither.
template <class Type>
constexpr bool check_state() noexcept {
  if constexpr (!has_state<Type>) {
    return true;
  } else {
    using state = saved_by<Type>;
    static_assert(
        !std::is_void_v<state>,
        "glint: spawn: an actor that has load or save needs a save that takes nothing, or a gpu_context&, and "
        "returns the state");
    if constexpr (!std::is_void_v<state>) {
      if constexpr (check_saved<state>()) {
        constexpr bool right = loads_on_host<Type, state> || loads_on_device<Type, state>;
        static_assert(right,
                      "glint: spawn: an actor that has save needs a load that takes what save returns, behind a "
                      "gpu_context& if it wants one, and returns nothing");
        return right;
      }
    }
    return false;
  }
}

template <class Type>
const std::string& save_name() {
  static const std::string name = type_name<Type>() + "::save";
  return name;
}
template <class Type>
const std::string& load_name() {
  static const std::string name = type_name<Type>() + "::load";
  return name;
}

template <class Type>
struct save_body {
  using result = saved_by<Type>;
  static constexpr bool on_device = !saves_on_host<Type>;
  static constexpr task_traits traits{.name = &save_name<Type>, .kind = "call", .on_device = on_device};

  static result call(call_base& call, [[maybe_unused]] gpu_context* gpu) {
    Type& object = cell_of<Type>(call).object();
    if constexpr (on_device) {
      return object.save(*gpu);
    } else {
      return object.save();
    }
  }
};

template <class Type>
struct load_body {
  using result = void;
  static constexpr bool on_device = !loads_on_host<Type, saved_by<Type>>;
  static constexpr task_traits traits{.name = &load_name<Type>, .kind = "call", .on_device = on_device};

  static void call(call_base& call, [[maybe_unused]] gpu_context* gpu, saved_by<Type>&& state) {
    Type& object = cell_of<Type>(call).object();
    if constexpr (on_device) {
      object.load(*gpu, std::move(state));
    } else {
      object.load(std::move(state));
    }
  }
};

/// Makes the calls of an actor's `save` and `load`.
class state_calls {
 public:
  struct saving {
    save_base* call = nullptr;
    intrusive_ptr<store::entry> state = {};  ///< What it will have made.
  };
  virtual ~state_calls() = default;
  [[nodiscard]] virtual saving make_save(actor_cell& cell) const = 0;
  /// The state is held by somebody else, too, so that the object gets a copy of its own.
  [[nodiscard]] virtual construct_base& make_load(actor_cell& cell, intrusive_ptr<store::entry> state) const = 0;
};

template <class Type>
class typed_state_calls final : public state_calls {
 public:
  saving make_save(actor_cell& cell) const override {
    auto [call, ref] = make_task<save_base, parameter_list<>>(cell, save_body<Type>{});
    return {.call = call, .state = ref_access::take(std::move(ref))};
  }
  construct_base& make_load(actor_cell& cell, intrusive_ptr<store::entry> state) const override {
    using value = saved_by<Type>;
    return *make_task<load_base, parameter_list<value>>(cell, load_body<Type>{},
                                                        ref_access::make<value>(std::move(state)))
                .first;
  }
};

}  // namespace glint::detail
