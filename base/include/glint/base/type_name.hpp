// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <typeinfo>

namespace glint {

/// The readable name of a type, e.g. "std::vector<int, std::allocator<int> >".
[[nodiscard]] std::string demangle(const char* mangled);

/// Computed once a type; thread-safe.
template <class T>
[[nodiscard]] const std::string& type_name() {
  static const std::string name = demangle(typeid(T).name());
  return name;
}

namespace detail {
/// "ns::add(int, int)" out of the demangled "glint::detail::value_tag<&(ns::add(int, int))>".
[[nodiscard]] std::string tagged_name(const char* mangled_tag);

template <auto Value>
struct value_tag {};
}  // namespace detail

/// The readable name of a function or method given as a template argument, e.g. "add" or "counter::add". Parameter
/// lists are left out: names are for people. typeid of a tag is used, as compilers agree on it for overloads and
/// templates, and not on __PRETTY_FUNCTION__.
template <auto Function>
[[nodiscard]] const std::string& function_name() {
  static const std::string name = detail::tagged_name(typeid(detail::value_tag<Function>).name());
  return name;
}

}  // namespace glint
