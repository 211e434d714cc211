// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/core/any_ref.hpp>
#include <glint/core/detail/watch.hpp>
#include <glint/core/objects.hpp>

/// Many objects in one call.
namespace glint {

/// Makes an object of each value, in their order; each is moved in. (`put` of a vector makes one object of all.)
/// Throws as `put`; then no object is left. Cost: one allocation a value.
template <class T>
[[nodiscard]] std::vector<object_ref<T>> put_each(std::vector<T> values) {
  std::vector<object_ref<T>> refs;
  refs.reserve(values.size());
  if constexpr (std::is_same_v<T, bool>) {
    for (const bool value : values) refs.push_back(put(bool(value)));
  } else {
    for (T& value : values) refs.push_back(put(std::move(value)));
  }
  return refs;
}

namespace detail {

/// Waits for all, then throws the failure of the first, in their order, that failed; `timeout` if the deadline passes
/// first.
void get_all(std::span<const intrusive_ptr<store::entry>> entries, const deadline& until);

/// Throws not_copyable if the value of one cannot be moved out: asked before any is.
void require_last(std::span<const intrusive_ptr<store::entry>> entries);

/// What `get` of many gives: pointers as those of try_get, or nothing for void.
template <class T>
auto values_of(std::span<const intrusive_ptr<store::entry>> entries) {
  if constexpr (!std::is_void_v<T>) {
    std::vector<const T*> values;
    values.reserve(entries.size());
    for (const auto& e : entries) {
      if constexpr (contains_tensor<T>) e->expose();
      values.push_back(static_cast<const T*>(e->value()));
    }
    return values;
  }
}

/// The values moved out of their entries or copied, as take_value.
template <class T>
auto take_values(std::vector<object_ref<T>>&& refs) {
  if constexpr (std::is_void_v<T>) {
    refs.clear();
  } else {
    if constexpr (!store::detail::copyable<T>()) require_last(entries_of(refs));
    std::vector<T> values;
    values.reserve(refs.size());
    for (auto& ref : refs) values.push_back(take_value<T>(ref_access::take(std::move(ref))));
    refs.clear();
    return values;
  }
}

}  // namespace detail

/// Waits for all objects, in one go, and gives pointers to their values, in the order of the refs, each valid as the
/// reference of a `get` of that ref is: while the ref, or another to the object, lives. Of refs to void: nothing.
///
/// When all are settled and some have failed, throws the error of the first of those, in the order of the refs. Throws
/// empty_ref. A ref may stand twice.
template <class T>
auto get(const std::vector<object_ref<T>>& refs) {
  const auto entries = detail::entries_of(refs);
  detail::get_all(entries, {});
  return detail::values_of<T>(entries);
}

/// The same on refs that are given up: gives the values, each moved out if its ref was the last, copied otherwise.
/// Throws also not_copyable, if one that can only be moved is held by others as well. The refs are kept when anything
/// of this is thrown; what a value's own copying throws loses the values that were moved out before.
template <class T>
auto get(std::vector<object_ref<T>>&& refs) {
  detail::get_all(detail::entries_of(refs), {});
  return detail::take_values<T>(std::move(refs));
}

/// The same, but throw `timeout` when not all are settled after `timeout`, whatever those did that are.
template <class T, class Rep, class Period>
auto get(const std::vector<object_ref<T>>& refs, std::chrono::duration<Rep, Period> timeout) {
  const auto entries = detail::entries_of(refs);
  detail::get_all(entries, detail::deadline_in(timeout));
  return detail::values_of<T>(entries);
}
template <class T, class Rep, class Period>
auto get(std::vector<object_ref<T>>&& refs, std::chrono::duration<Rep, Period> timeout) {
  detail::get_all(detail::entries_of(refs), detail::deadline_in(timeout));
  return detail::take_values<T>(std::move(refs));
}

}  // namespace glint
