// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <new>
#include <optional>
#include <span>
#include <utility>
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

template <some_ref Ref>
std::vector<std::size_t> wait_for(std::span<const Ref> refs, const wait_options& options) {
  deadline until;
  if (options.timeout) until = deadline_in(*options.timeout);
  return wait_some(entries_in(refs), options.count.value_or(refs.size()), until);
}

template <class Result, some_ref Ref>
Result wait_and_split(const std::vector<Ref>& refs, const wait_options& options) {
  const auto settled = wait_for<Ref>(refs, options);
  Result split;
  split.ready.reserve(settled.size());
  split.pending.reserve(refs.size() - settled.size());
  auto from = refs.begin();
  for (const std::size_t i : settled) {
    const auto one = refs.begin() + static_cast<std::ptrdiff_t>(i);
    split.pending.insert(split.pending.end(), from, one);
    split.ready.push_back(*one);
    from = one + 1;
  }
  split.pending.insert(split.pending.end(), from, refs.end());
  return split;
}

/// Moves refs in memory; those there before, and those left behind, are not destroyed: a ref is one pointer, which does
/// not care where it lies.
template <some_ref Ref>
void relocate(Ref* from, Ref* end, Ref* to) noexcept {
  std::memmove(static_cast<void*>(to), static_cast<const void*>(from),
               static_cast<std::size_t>(end - from) * sizeof(Ref));
}

/// The same with the list's own memory and counts: what is pending closes up.
template <class Result, some_ref Ref>
Result wait_and_split(std::vector<Ref>&& refs, const wait_options& options) {
  const auto settled = wait_for<Ref>(refs, options);
  Result split;
  if (settled.size() == refs.size()) {
    split.ready = std::move(refs);
    return split;
  }
  split.ready.reserve(settled.size());
  for (const std::size_t i : settled)
    split.ready.push_back(std::move(refs[i]));  // leaves empty refs: nothing to destroy
  Ref* const first = refs.data();
  for (std::size_t n = 0; n < settled.size(); ++n) {
    Ref* const end = n + 1 < settled.size() ? first + settled[n + 1] : first + refs.size();
    relocate(first + settled[n] + 1, end, first + settled[n] - n);
  }
  Ref* const rest = first + refs.size() - settled.size();
  for (std::size_t n = 0; n < settled.size(); ++n) ::new (static_cast<void*>(rest + n)) Ref();
  split.pending = std::move(refs);
  split.pending.resize(split.pending.size() - settled.size());
  return split;
}

}  // namespace detail

/// Waits until `count` objects are settled. Looks at no value. Throws duplicate_ref, empty_ref, invalid_argument (a
/// count above the number of refs).
///
/// Cost: two atomic operations and a copy for each ref, as the lists hold them too. Who waits for one after the other
/// gives the list away, or uses `as_completed`:
///
///     while (!left.empty()) {
///       auto [ready, pending] = wait(std::move(left), {.count = 1});
///       use(get(ready.front()));
///       left = std::move(pending);
///     }
template <class T>
[[nodiscard]] wait_result<T> wait(const std::vector<object_ref<T>>& refs, wait_options options = {}) {
  return detail::wait_and_split<wait_result<T>>(refs, options);
}
/// The same with the list's own refs and, for those that are pending, its own memory: `refs` is left empty, or as it
/// was if this throws. Cost: less than a nanosecond a ref, where the list is what the same thread was last left with;
/// some 5 ns otherwise, to look for duplicates. Where the thread must sleep, a lock for each that is pending.
template <class T>
[[nodiscard]] wait_result<T> wait(std::vector<object_ref<T>>&& refs, wait_options options = {}) {
  return detail::wait_and_split<wait_result<T>>(std::move(refs), options);
}
template <class T>
[[nodiscard]] wait_result<T> wait(std::initializer_list<object_ref<T>> refs, wait_options options = {}) {
  return wait(std::vector<object_ref<T>>(refs), options);
}

/// The same for objects of several types; a list of refs of unlike types in braces is one of `any_ref`.
[[nodiscard]] inline any_wait_result wait(const std::vector<any_ref>& refs, wait_options options = {}) {
  return detail::wait_and_split<any_wait_result>(refs, options);
}
[[nodiscard]] inline any_wait_result wait(std::vector<any_ref>&& refs, wait_options options = {}) {
  return detail::wait_and_split<any_wait_result>(std::move(refs), options);
}
[[nodiscard]] inline any_wait_result wait(std::initializer_list<any_ref> refs, wait_options options = {}) {
  return wait(std::vector<any_ref>(refs), options);
}

}  // namespace glint
