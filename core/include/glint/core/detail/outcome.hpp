// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/store/entry.hpp>

/// What a function's return type means for its caller: which objects it makes.
namespace glint::detail {

/// The entries that a call fills, the producer's holds on them, and the refs that the caller gets.
template <class... T>
class result_entries {
 public:
  static constexpr std::size_t count = sizeof...(T);

  result_entries() : holds_{make<T>()...} {}

  [[nodiscard]] std::span<const hold_ptr<store::entry>> holds() const noexcept { return holds_; }
  /// Hands the caller's refs out: each entry was made with one user. Once.
  [[nodiscard]] std::tuple<object_ref<T>...> refs() noexcept {
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<object_ref<T>...>(ref_access::make<T>(intrusive_ptr<store::entry>(holds_[I].get(), adopt))...);
    }
    (std::index_sequence_for<T...>{});
  }
  template <std::size_t I>
  [[nodiscard]] auto& entry() noexcept {
    using value =
        store::stored<std::tuple_element_t<I, std::tuple<std::conditional_t<std::is_void_v<T>, void*, T>...>>>;
    using kept = std::conditional_t<(std::is_void_v<T> && ...), store::unit, value>;
    return static_cast<store::typed_entry<kept>&>(*holds_[I]);
  }

 private:
  template <class V>
  [[nodiscard]] static hold_ptr<store::entry> make() {
    auto* made = make_intrusive<store::typed_entry<store::stored<V>>>().detach();
    return hold_ptr<store::entry>(made);
  }

  std::array<hold_ptr<store::entry>, count> holds_;
};

/// One object, whatever its type.
template <class R>
struct outcome {
  using value = R;
  using entries = result_entries<R>;
  using refs = object_ref<R>;
  [[nodiscard]] static refs take_refs(entries& e) noexcept { return std::get<0>(e.refs()); }
  template <class Make>
  static void construct(entries& e, Make&& make) {
    if constexpr (std::is_void_v<R>) {
      std::forward<Make>(make)();
      e.template entry<0>().construct([] { return store::unit{}; });
    } else {
      e.template entry<0>().construct([&]() -> R { return std::forward<Make>(make)(); });
    }
  }
  [[nodiscard]] static constexpr bool check() noexcept { return check_transferable<R>(); }
};

/// A std::tuple: an object for each of its elements.
template <class First, class... Rest>
struct outcome<std::tuple<First, Rest...>> {
  using value = std::tuple<First, Rest...>;
  using entries = result_entries<First, Rest...>;
  using refs = std::tuple<object_ref<First>, object_ref<Rest>...>;
  [[nodiscard]] static refs take_refs(entries& e) noexcept { return e.refs(); }
  template <class Make>
  static void construct(entries& e, Make&& make) {
    value made = std::forward<Make>(make)();
    try {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (e.template entry<I>().construct(
             [&made]() -> std::tuple_element_t<I, value> { return std::get<I>(std::move(made)); }),
         ...);
      }
      (std::make_index_sequence<entries::count>{});
    } catch (...) {
      for (const auto& hold : e.holds()) hold->discard();
      throw;
    }
  }
  [[nodiscard]] static constexpr bool check() noexcept {
    return check_transferable<First>() && (check_transferable<Rest>() && ...);
  }
};

}  // namespace glint::detail
