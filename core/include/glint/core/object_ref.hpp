// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/ref_hook.hpp>
#include <glint/store/entry.hpp>

namespace glint {

template <class T>
class object_ref;

namespace detail {
struct ref_access;
struct any_ref_access;
}  // namespace detail

/// Refers to an object: the result of a task or call, or what was `put`. The object lives as long as any ref to it.
///
/// Copying costs one atomic increment. Thread-compatible: different refs to one object may be used by different threads
/// at once. A default-made ref refers to nothing; using it throws empty_ref.
template <class T>
class object_ref {
 public:
  using value_type = T;

  object_ref() noexcept = default;

  /// False for a default-made or moved-from ref.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(entry_); }

  /// True when both refer to the same object.
  friend bool operator==(const object_ref& a, const object_ref& b) noexcept { return a.entry_ == b.entry_; }

 private:
  friend struct detail::ref_access;
  explicit object_ref(intrusive_ptr<store::entry> entry) noexcept : entry_(std::move(entry)) {}
  intrusive_ptr<store::entry> entry_;
};

namespace detail {

/// The runtime's way into a ref.
struct ref_access {
  template <class T>
  [[nodiscard]] static const intrusive_ptr<store::entry>& entry(const object_ref<T>& ref) noexcept {
    return ref.entry_;
  }
  template <class T>
  [[nodiscard]] static intrusive_ptr<store::entry> take(object_ref<T>&& ref) noexcept {
    return std::move(ref.entry_);
  }
  template <class T>
  [[nodiscard]] static object_ref<T> make(intrusive_ptr<store::entry> entry) noexcept {
    return object_ref<T>(std::move(entry));
  }
};

template <class T>
struct is_object_ref : std::false_type {};
template <class T>
struct is_object_ref<object_ref<T>> : std::true_type {};
template <class T>
inline constexpr bool is_object_ref_v = is_object_ref<std::remove_cvref_t<T>>::value;

}  // namespace detail

/// Refs inside of values: base finds them through this hook when a value is encoded.
template <class T>
struct ref_traits<object_ref<T>> {
  static constexpr bool is_ref = true;
  static intrusive_ptr<ref_counted> counted(const object_ref<T>& ref) { return detail::ref_access::entry(ref); }
  static object_ref<T> from_counted(intrusive_ptr<ref_counted> object) {
    auto* entry = dynamic_cast<store::typed_entry<store::stored<T>>*>(object.get());
    if (object && !entry) {
      throw exception(error(errc::malformed_data, "a ref to something else than a " + type_name<T>()));
    }
    return detail::ref_access::make<T>(intrusive_ptr<store::entry>(entry));
  }
};

}  // namespace glint

/// By object, as `==`: refs may be keys of unordered containers.
template <class T>
struct std::hash<glint::object_ref<T>> {
  std::size_t operator()(const glint::object_ref<T>& ref) const noexcept {
    return std::hash<const void*>{}(glint::detail::ref_access::entry(ref).get());
  }
};
