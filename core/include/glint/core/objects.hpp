// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

#include <glint/base/result.hpp>
#include <glint/core/any_ref.hpp>
#include <glint/core/detail/deadline.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/object_ref.hpp>

namespace glint {

/// Makes an object of a value and returns a ref to it; ready at once. A value given by move is moved, never copied.
/// Throws not_running. Cost: one allocation.
template <class T>
[[nodiscard]] auto put(T&& value) {
  using stored = std::decay_t<T>;
  static_assert(!detail::some_ref<T>, "glint: put: a ref refers to an object already");
  if constexpr (!detail::some_ref<T> && detail::check_transferable<stored>()) {
    const detail::call_scope scope;
    auto entry = make_intrusive<store::typed_entry<stored>>();
    if constexpr (detail::is_recycled_vector<stored> && std::is_lvalue_reference_v<T>) {
      entry->construct([&]() -> stored { return detail::copy_of<stored>(value); });
    } else {
      entry->construct([&]() -> stored { return stored(std::forward<T>(value)); });
    }
    if constexpr (contains_tensor<stored>) detail::let_move(*entry);
    entry->begin_ready();
    detail::count_put();
    return detail::ref_access::make<stored>(std::move(entry));
  }
}

namespace detail {

template <class T>
decltype(auto) value_of(const intrusive_ptr<store::entry>& entry) {
  if (entry->level() == store::readiness::failed) throw_failure(*entry);
  if constexpr (!std::is_void_v<T>) {
    if constexpr (contains_tensor<T>) entry->expose();
    return *static_cast<const T*>(entry->value());
  }
}

/// The value moved out of its entry by the last holder, or a copy of it. Throws not_copyable.
template <class T>
T take_value(intrusive_ptr<store::entry> entry) {
  if (entry->level() == store::readiness::failed) throw_failure(*entry);
  if constexpr (!std::is_void_v<T>) {
    if constexpr (contains_tensor<T>) entry->expose();  // it stays where it is while it is read, and after
    auto& value = *static_cast<T*>(entry->value());
    if (entry->unique()) {
      if constexpr (contains_tensor<T>) wait_unused(*entry);
      return std::move(value);
    }
    if constexpr (contains_tensor<T> && store::detail::copyable<T>()) {
      T copy = value;
      make_private(store::descriptor_of<T>(), &copy);
      return copy;
    } else if constexpr (store::detail::copyable<T>()) {
      return copy_of<T>(value);
    } else {
      throw exception(error(errc::not_copyable, "others hold the object, and its type cannot be copied")
                          .with_subject("object of type " + type_name<T>()));
    }
  }
}

[[noreturn]] void throw_timeout(const store::entry& entry);

}  // namespace detail

/// Waits for the object and gives its value: `const T&`, valid while this ref (or another to the object) lives and the
/// runtime runs. A tensor lies where its primary copy does: `.to_host()` brings it to the host.
///
/// A task or actor that waits here gives its CPU slot back meanwhile. A thread of the user's that waits without a
/// timeout for a task that has not begun runs its body itself, on a slot that is idle; nothing else ever runs on it.
/// Throws glint::exception with the error of the object if it failed (a user's exception is nested in it:
/// std::rethrow_if_nested gives it back with its type), with `shutdown` if the runtime ends first; empty_ref.
template <class T>
decltype(auto) get(const object_ref<T>& ref) {
  const auto& entry = detail::ref_access::entry(ref);
  detail::wait_settled(entry, {});
  return detail::value_of<T>(entry);
}

/// The same on a ref that is given up: moves the value out if it was the last, copies it otherwise. Last means: no
/// other ref, and no task that has it as an argument. Throws also not_copyable.
template <class T>
T get(object_ref<T>&& ref) {
  auto entry = detail::ref_access::take(std::move(ref));
  detail::wait_settled(entry, {});
  return detail::take_value<T>(std::move(entry));
}

/// As `get`, but throws `timeout` when the object is not settled after `timeout`.
template <class T, class Rep, class Period>
decltype(auto) get(const object_ref<T>& ref, std::chrono::duration<Rep, Period> timeout) {
  const auto& entry = detail::ref_access::entry(ref);
  if (!detail::wait_settled(entry, detail::deadline_in(timeout))) detail::throw_timeout(*entry);
  return detail::value_of<T>(entry);
}

/// The same on a ref that is given up; it is kept when the time is over first. Throws also not_copyable.
template <class T, class Rep, class Period>
T get(object_ref<T>&& ref, std::chrono::duration<Rep, Period> timeout) {
  const auto& entry = detail::ref_access::entry(ref);
  if (!detail::wait_settled(entry, detail::deadline_in(timeout))) detail::throw_timeout(*entry);
  return detail::take_value<T>(detail::ref_access::take(std::move(ref)));
}

namespace detail {
/// What try_get gives: a pointer to the value, or nothing for void.
template <class T>
using try_value = std::conditional_t<std::is_void_v<T>, void, const T*>;
}  // namespace detail

/// The value, the error, or nothing yet: never blocks and never throws for a failed object. An empty optional: not
/// settled. The pointer is valid as the reference of `get` is. Throws empty_ref.
template <class T>
[[nodiscard]] std::optional<result<detail::try_value<T>>> try_get(const object_ref<T>& ref) {
  const auto& entry = detail::ref_access::entry(ref);
  detail::require_ref(entry);
  if (!entry->settled()) return std::nullopt;
  if (entry->level() == store::readiness::failed) return fail(entry->failure());
  if constexpr (std::is_void_v<T>) {
    return result<void>{};
  } else {
    if constexpr (contains_tensor<T>) entry->expose();
    return static_cast<const T*>(entry->value());
  }
}

/// The same, but waits up to `timeout` for the object to settle.
template <class T, class Rep, class Period>
[[nodiscard]] std::optional<result<detail::try_value<T>>> try_get(const object_ref<T>& ref,
                                                                  std::chrono::duration<Rep, Period> timeout) {
  (void)detail::wait_settled(detail::ref_access::entry(ref), detail::deadline_in(timeout));
  return try_get(ref);
}

}  // namespace glint
