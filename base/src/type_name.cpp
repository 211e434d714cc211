// SPDX-License-Identifier: Apache-2.0
#include <glint/base/type_name.hpp>

#include <cxxabi.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>

namespace glint {

std::string demangle(const char* mangled) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> name(abi::__cxa_demangle(mangled, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : mangled;
}

namespace detail {
namespace {

constexpr auto npos = std::string_view::npos;

/// The text between the outermost '<' and its '>'.
std::string_view argument_of(std::string_view tag) {
  const auto open = tag.find('<');
  const auto close = tag.rfind('>');
  return open == npos ? tag : tag.substr(open + 1, close - open - 1);
}

bool is_identifier(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Length of the operator's name that stands at `at` ("operator()", "operator<", "operator bool" as far as "operator"),
/// 0 if none does. Its symbols are no brackets.
std::size_t operator_length(std::string_view name, std::size_t at) {
  constexpr std::string_view word = "operator";
  if (!name.substr(at).starts_with(word) || (at > 0 && is_identifier(name[at - 1]))) return 0;
  std::size_t end = at + word.size();
  if (end < name.size() && is_identifier(name[end])) return 0;
  if (name.substr(end).starts_with("()") || name.substr(end).starts_with("[]")) return word.size() + 2;
  while (end < name.size() && std::string_view("<>=!+-*/%^&|~,").find(name[end]) != npos) ++end;
  return end - at;
}

/// Where the parts of a function's demangled name are, found outside of every bracket.
struct name_parts {
  std::size_t begin = 0;  ///< Past the return type, which templates have.
  std::size_t end = 0;    ///< The parameter list's '(', or the end.
};

/// "(anonymous namespace)" and "{lambda(int)#1}" are names, not brackets around something.
std::size_t bracketed_name_length(std::string_view rest) {
  constexpr std::string_view anonymous = "(anonymous namespace)";
  if (rest.starts_with(anonymous)) return anonymous.size();
  if (!rest.starts_with('{')) return 0;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '{') ++depth;
    if (rest[i] == '}' && --depth == 0) return i + 1;
  }
  return rest.size();
}

/// Length of a parameter list that is followed by "::": the function is then a scope of something local to it.
std::size_t scope_length(std::string_view rest) {
  if (!rest.starts_with('(')) return 0;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '(') ++depth;
    if (rest[i] != ')' || --depth != 0) continue;
    const auto colons = rest.find_first_not_of(" &", i + 1);
    const auto after = rest.substr(std::min(colons, rest.size()));
    for (const std::string_view qualified : {"::", "const::", "const &::"})
      if (after.starts_with(qualified)) return static_cast<std::size_t>(after.data() - rest.data()) + qualified.size();
    return 0;
  }
  return 0;
}

name_parts split(std::string_view name) {
  name_parts parts{0, name.size()};
  int depth = 0;
  bool past_operator = false;  // what follows may hold spaces: "operator bool", "operator< <int>"
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (const auto whole = bracketed_name_length(name.substr(i)); whole != 0) {
      i += whole - 1;
    } else if (const auto symbol = operator_length(name, i); symbol != 0) {
      past_operator = past_operator || depth == 0;
      i += symbol - 1;
    } else if (const auto scope = depth == 0 ? scope_length(name.substr(i)) : 0; scope != 0) {
      i += scope - 1;
      past_operator = false;
    } else if (depth == 0 && name[i] == '(') {
      parts.end = i;
      break;
    } else if (depth == 0 && name[i] == ' ' && !past_operator) {
      parts.begin = i + 1;
    } else if (name[i] == '<' || name[i] == '(') {
      ++depth;
    } else if (name[i] == '>' || name[i] == ')') {
      --depth;
    }
  }
  return parts;
}

}  // namespace

std::string tagged_name(const char* mangled_tag) {
  const std::string tag = demangle(mangled_tag);
  std::string_view name = argument_of(tag);
  if (name.starts_with('&')) name.remove_prefix(1);
  if (name.starts_with('(') && name.ends_with(')') && !name.starts_with("(anonymous")) {
    name.remove_prefix(1);
    name.remove_suffix(1);
  }
  if (name.starts_with('&')) name.remove_prefix(1);
  if (name.ends_with("{}")) name.remove_suffix(2);  // the value of a lambda
  auto [begin, end] = split(name);
  // "int (*name(int))(char)": a function that returns one.
  if (constexpr std::string_view inner = "(*"; name.substr(end).starts_with(inner)) {
    name.remove_prefix(end + inner.size());
    begin = 0;
    end = split(name).end;
  }
  return std::string(name.substr(begin, end - begin));
}

}  // namespace detail
}  // namespace glint
