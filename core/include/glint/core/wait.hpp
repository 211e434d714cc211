// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <vector>

#include <glint/core/any_ref.hpp>
#include <glint/core/detail/deadline.hpp>
#include <glint/core/options.hpp>

namespace glint {

/// How many to wait for, and how long.
struct wait_options {
  detail::options_guard guard{};
  std::optional<std::size_t> count = {};  ///< Return when this many are settled; default: all.
  std::optional<std::chrono::steady_clock::duration> timeout =
      {};  ///< Return after this at the latest; 0 polls; default: never.
};

/// Refs split by whether their objects are settled (ready or failed), each list in the order given.
template <class T>
struct wait_result {
  std::vector<object_ref<T>> ready;    ///< At most `count`.
  std::vector<object_ref<T>> pending;  ///< The others.
};

/// The same of refs to objects of several types.
struct any_wait_result {
  std::vector<any_ref> ready;    ///< At most `count`.
  std::vector<any_ref> pending;  ///< The others.
};

namespace detail {

template <class Result, some_ref Ref>
Result wait_and_split(const std::vector<Ref>& refs, const wait_options& options) {
  deadline until;
  if (options.timeout) until = deadline_in(*options.timeout);
  std::vector<char> settled(refs.size());
  wait_some(entries_of(refs), options.count.value_or(refs.size()), until, settled);
  Result split;
  for (std::size_t i = 0; i < refs.size(); ++i) (settled[i] ? split.ready : split.pending).push_back(refs[i]);
  return split;
}

}  // namespace detail

/// Waits until `count` objects are settled. Looks at no value. Throws duplicate_ref, empty_ref, invalid_argument (a
/// count above the number of refs).
template <class T>
[[nodiscard]] wait_result<T> wait(const std::vector<object_ref<T>>& refs, wait_options options = {}) {
  return detail::wait_and_split<wait_result<T>>(refs, options);
}
template <class T>
[[nodiscard]] wait_result<T> wait(std::initializer_list<object_ref<T>> refs, wait_options options = {}) {
  return wait(std::vector<object_ref<T>>(refs), options);
}

/// The same for objects of several types; a list of refs of unlike types in braces is one of `any_ref`.
[[nodiscard]] inline any_wait_result wait(const std::vector<any_ref>& refs, wait_options options = {}) {
  return detail::wait_and_split<any_wait_result>(refs, options);
}
[[nodiscard]] inline any_wait_result wait(std::initializer_list<any_ref> refs, wait_options options = {}) {
  return wait(std::vector<any_ref>(refs), options);
}

}  // namespace glint
