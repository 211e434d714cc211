// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

/// Whether a type has functions that cereal would call, found without cereal: they are templates over the archive, so
/// any class with an archive's face will do for asking.
namespace glint::detail {

template <class Saving>
struct probe_archive {
  using is_saving = std::bool_constant<Saving::value>;
  using is_loading = std::bool_constant<!Saving::value>;
  template <class... Values>
  probe_archive& operator()(Values&&...);
  template <class Value>
  probe_archive& operator&(Value&&);
  template <class Value>
  probe_archive& operator<<(Value&&);
  template <class Value>
  probe_archive& operator>>(Value&&);
};
using probe_output = probe_archive<std::true_type>;
using probe_input = probe_archive<std::false_type>;

template <class T, class Archive>
concept has_serialize = requires(T& t, Archive& a) {
  t.serialize(a);
}
|| requires(T& t, Archive& a) {
  serialize(a, t);
}
|| requires(T& t, Archive& a, std::uint32_t version) {
  t.serialize(a, version);
}
|| requires(T& t, Archive& a, std::uint32_t version) {
  serialize(a, t, version);
};

template <class T>
concept has_save = requires(const T& t, probe_output& a) {
  t.save(a);
}
|| requires(const T& t, probe_output& a) {
  save(a, t);
}
|| requires(const T& t, probe_output& a, std::uint32_t version) {
  t.save(a, version);
}
|| requires(const T& t, probe_output& a, std::uint32_t version) {
  save(a, t, version);
};

template <class T>
concept has_load = requires(T& t, probe_input& a) {
  t.load(a);
}
|| requires(T& t, probe_input& a) {
  load(a, t);
}
|| requires(T& t, probe_input& a, std::uint32_t version) {
  t.load(a, version);
}
|| requires(T& t, probe_input& a, std::uint32_t version) {
  load(a, t, version);
};

template <class T>
concept has_save_minimal = requires(const T& t, const probe_output& a) {
  t.save_minimal(a);
}
|| requires(const T& t, const probe_output& a) {
  save_minimal(a, t);
};

/// A class with a public `serialize`, or `save` and `load`, as member or found by its namespace.
template <class T>
concept cereal_style = (std::is_class_v<T> ||
                        std::is_union_v<T>)&&((has_serialize<T, probe_output> && has_serialize<T, probe_input>) ||
                                              (has_save<T> && has_load<T>) || has_save_minimal<T>);

}  // namespace glint::detail
