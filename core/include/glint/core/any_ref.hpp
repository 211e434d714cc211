// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/object_ref.hpp>

namespace glint {

/// A ref to an object of any type: what a container of unlike refs holds. Made from any `object_ref` without a word.
///
/// Keeps its object alive as any other ref does, may stand inside of values, and is a key of unordered containers.
/// Declared as a parameter it receives the ref itself. Copying costs one atomic increment. Thread-compatible. A
/// default-made one refers to nothing; using it throws empty_ref.
class any_ref {
 public:
  any_ref() noexcept = default;
  template <class T>
  any_ref(object_ref<T> ref) noexcept : entry_(detail::ref_access::take(std::move(ref))) {}

  /// False for a default-made or moved-from ref.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(entry_); }
  /// True when both refer to the same object.
  friend bool operator==(const any_ref& a, const any_ref& b) noexcept { return a.entry_ == b.entry_; }

  /// The readable name of the object's type. Throws empty_ref.
  [[nodiscard]] const std::string& type_name() const { return described().name(); }
  /// True once the object is ready or has failed. Throws empty_ref.
  [[nodiscard]] bool settled() const {
    detail::require_ref(entry_);
    return entry_->settled();
  }

  /// True if the object is a `T` (`void`: the result of a function that returns nothing). Throws empty_ref.
  template <class T>
  [[nodiscard]] bool is() const {
    return &described() == &store::descriptor_of<store::stored<T>>();
  }
  /// The ref with its type again, whether or not the object is ready. Throws empty_ref; invalid_argument, naming both
  /// types, if the object is no `T`.
  template <class T>
  [[nodiscard]] object_ref<T> as() const {
    if (!is<T>()) throw_other_type(glint::type_name<T>());
    return detail::ref_access::make<T>(entry_);
  }

 private:
  friend struct detail::any_ref_access;
  explicit any_ref(intrusive_ptr<store::entry> entry) noexcept : entry_(std::move(entry)) {}
  [[nodiscard]] const store::type_descriptor& described() const {
    detail::require_ref(entry_);
    return entry_->type();
  }
  [[noreturn]] void throw_other_type(const std::string& wanted) const;

  intrusive_ptr<store::entry> entry_;
};

namespace detail {

/// The runtime's way into a ref without a type.
struct any_ref_access {
  [[nodiscard]] static const intrusive_ptr<store::entry>& entry(const any_ref& ref) noexcept { return ref.entry_; }
  [[nodiscard]] static any_ref make(intrusive_ptr<store::entry> entry) noexcept { return any_ref(std::move(entry)); }
};

/// What may stand for an object, with its type or without.
template <class Ref>
concept some_ref = is_object_ref_v<Ref> || std::is_same_v<std::remove_cvref_t<Ref>, any_ref>;

template <some_ref Ref>
[[nodiscard]] const intrusive_ptr<store::entry>& entry_of(const Ref& ref) noexcept {
  if constexpr (is_object_ref_v<Ref>) {
    return ref_access::entry(ref);
  } else {
    return any_ref_access::entry(ref);
  }
}

/// The inverse. Precondition: the entry is of the ref's type.
template <some_ref Ref>
[[nodiscard]] Ref ref_to(intrusive_ptr<store::entry> entry) noexcept {
  if constexpr (is_object_ref_v<Ref>) {
    return ref_access::make<typename Ref::value_type>(std::move(entry));
  } else {
    return any_ref_access::make(std::move(entry));
  }
}

/// The entries that refs in a row refer to, seen where the refs lie: a ref is a pointer to an entry and nothing else.
template <some_ref Ref>
[[nodiscard]] std::span<const intrusive_ptr<store::entry>> entries_in(std::span<const Ref> refs) noexcept {
  using entry_pointer = intrusive_ptr<store::entry>;
  static_assert(std::is_standard_layout_v<Ref> && sizeof(Ref) == sizeof(entry_pointer));
  if (refs.empty()) return {};
  return {&entry_of(refs.front()), refs.size()};
}

template <some_ref Ref>
[[nodiscard]] std::vector<intrusive_ptr<store::entry>> entries_of(const std::vector<Ref>& refs) {
  std::vector<intrusive_ptr<store::entry>> entries;
  entries.reserve(refs.size());
  for (const Ref& ref : refs) entries.push_back(entry_of(ref));
  return entries;
}

}  // namespace detail

template <>
struct ref_traits<any_ref> {
  static constexpr bool is_ref = true;
  static intrusive_ptr<ref_counted> counted(const any_ref& ref) { return detail::any_ref_access::entry(ref); }
  static any_ref from_counted(intrusive_ptr<ref_counted> object) {
    auto* entry = dynamic_cast<store::entry*>(object.get());
    if (object && !entry) throw exception(error(errc::malformed_data, "a ref to something that is no object"));
    return detail::any_ref_access::make(intrusive_ptr<store::entry>(entry));
  }
};

}  // namespace glint

/// By object, as `==`.
template <>
struct std::hash<glint::any_ref> {
  std::size_t operator()(const glint::any_ref& ref) const noexcept {
    return std::hash<const void*>{}(glint::detail::any_ref_access::entry(ref).get());
  }
};
