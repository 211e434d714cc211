// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <glint/core/any_ref.hpp>
#include <glint/core/detail/watch.hpp>

/// Combinations of objects that are objects themselves: to be got, waited for, passed to tasks, combined again. No
/// thread waits for them: whoever settles an object tells them.
namespace glint {

namespace detail {

using object_list = std::vector<intrusive_ptr<store::entry>>;

template <class Value>
struct refs_from;
template <class Ref>
struct refs_from<std::vector<Ref>> {
  std::vector<Ref> operator()(object_list objects) const {
    std::vector<Ref> refs;
    refs.reserve(objects.size());
    for (auto& object : objects) refs.push_back(ref_to<Ref>(std::move(object)));
    return refs;
  }
};
template <class... Refs>
struct refs_from<std::tuple<Refs...>> {
  std::tuple<Refs...> operator()(object_list objects) const {
    return make(objects, std::index_sequence_for<Refs...>());
  }
  template <std::size_t... I>
  static std::tuple<Refs...> make([[maybe_unused]] object_list& objects, std::index_sequence<I...>) {
    return {ref_to<Refs>(std::move(objects[I]))...};
  }
};

/// Ready with the refs when all are ready; fails with the first that fails.
template <class Refs>
class all_of final : public combination_of<Refs> {
 public:
  explicit all_of(object_list objects)
      : combination_of<Refs>(std::move(objects), "when_all"), count_(this->inputs().size()) {}

 private:
  void settled(std::size_t index, store::entry& e) noexcept override {
    if (e.level() == store::readiness::failed) {
      this->fail([&] { return failure_of_part(e, index, count_, "when_all"); });
    } else {
      arrive();
    }
  }
  void all_linked() noexcept override { arrive(); }
  void arrive() noexcept {
    if (awaited_.fetch_sub(1) == 1) this->succeed_with_objects(refs_from<Refs>());
  }
  const std::size_t count_;
  std::atomic<std::size_t> awaited_{count_ + 1};  // one for the linking
};

/// Ready with the place of the first that settles.
class any_of final : public combination_of<std::size_t> {
 public:
  explicit any_of(object_list objects) : combination_of(std::move(objects), "when_any") {}

 private:
  void settled(std::size_t index, store::entry&) noexcept override {
    succeed([index] { return index; });
  }
};

/// True for refs; otherwise the first line says what is wrong.
template <class... Refs>
consteval bool check_refs() {
  constexpr bool all = (some_ref<Refs> && ...);
  static_assert(all, "glint: when_all and when_any take refs, or one vector of refs; a value is ready already");
  return all;
}

/// Throw as the public functions say.
template <class Refs>
object_ref<Refs> start_all(object_list objects) {
  const call_scope scope;
  for (const auto& object : objects) require_ref(object);
  return ref_access::make<Refs>(combine<Refs, all_of<Refs>>(std::move(objects)));
}
[[nodiscard]] object_ref<std::size_t> start_any(object_list objects);

}  // namespace detail

/// An object that is ready when all of `refs` are, with these refs as its value, so that a `get` of each returns at
/// once; ready at once if there are none.
///
/// Fails as soon as one fails, whatever the others do: dependency_failed, subject "when_all", whose cause is the error
/// of that one (`shutdown`, if that ended it). Holds the objects as long as it waits for them and as long as its value
/// lives, and nothing once it has failed; dropped before that, it leaves nothing behind. The same object may stand
/// several times. Throws empty_ref, not_running. Never blocks. Thread-safe. Cost: three allocations and, for each ref
/// that is not settled, a lock of its object.
template <class... Refs>
[[nodiscard]] object_ref<std::tuple<Refs...>> when_all(Refs... refs) {
  if constexpr (detail::check_refs<Refs...>())
    return detail::start_all<std::tuple<Refs...>>({detail::entry_of(refs)...});
  return {};
}
/// The same of any number of refs: `object_ref<T>` or `any_ref`.
template <detail::some_ref Ref>
[[nodiscard]] object_ref<std::vector<Ref>> when_all(const std::vector<Ref>& refs) {
  return detail::start_all<std::vector<Ref>>(detail::entries_of(refs));
}

/// An object that is ready when one of `refs` is settled (ready or failed), with the place of that one in the list as
/// its value; of those that are settled already, the first.
///
/// Does not fail with that one: `get` of it tells. From then on it holds none of the objects and leaves nothing behind
/// in those that still are pending; so it does when it is dropped before. The same object may stand several times.
/// Throws invalid_argument without refs, empty_ref, not_running. Never blocks. Thread-safe. Cost: as when_all, and the
/// same again when it is settled.
template <class... Refs>
[[nodiscard]] object_ref<std::size_t> when_any(const Refs&... refs) {
  if constexpr (detail::check_refs<Refs...>()) return detail::start_any({detail::entry_of(refs)...});
  return {};
}
template <detail::some_ref Ref>
[[nodiscard]] object_ref<std::size_t> when_any(const std::vector<Ref>& refs) {
  return detail::start_any(detail::entries_of(refs));
}

}  // namespace glint
