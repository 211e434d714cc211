// SPDX-License-Identifier: Apache-2.0
// What is serializable, and why not: settled when this compiles. The cases at the end name the groups for the reader.
#include <glint/base/serializable.hpp>

#include <gtest/gtest.h>

#include <any>
#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <complex>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace glint {
namespace {

using enum serialization_obstacle;

/// Fails to compile, and shows both, when they differ.
template <class T, serialization_obstacle Expected>
consteval bool is() {
  static_assert(why_not_serializable<T> == Expected);
  return true;
}

enum class color : char { red };
struct plain {
  int a;
  std::string b;
  std::vector<double> c;
};
struct with_defaults {
  int a = 3;
  std::string b = "x";
  color c = color::red;
};
struct everything {
  std::optional<int> a;
  std::optional<std::string> b;
  std::variant<int, std::string> c;
  std::vector<plain> d;
  std::array<int, 3> e;
  std::array<std::string, 2> f;
  std::pair<int, plain> g;
  std::tuple<int, std::string> h;
  std::map<int, std::string> i;
  std::set<int> j;
  std::unordered_map<std::string, plain> k;
  std::deque<int> l;
  std::list<int> m;
  std::complex<double> n;
  std::chrono::seconds o;
  plain p;
  std::bitset<9> q;
  std::unique_ptr<plain> r;
  bool s;
  std::vector<bool> t;
};
struct only_array_of_strings {
  std::array<std::string, 2> f;
};
struct tree {
  int value;
  std::vector<tree> children;
};
struct list_node {
  int value;
  std::unique_ptr<list_node> next;
};
struct empty {};
struct nested {
  plain a;
  struct {
    int x;
    int y;
  } b;
  empty c;
};

static_assert(is<int, none>() && is<const int, none>() && is<bool, none>() && is<color, none>() &&
              is<long double, none>());
static_assert(is<plain, none>() && is<with_defaults, none>() && is<nested, none>() && is<empty, none>());
static_assert(is<everything, none>() && is<only_array_of_strings, none>());
static_assert(is<tree, none>() && is<list_node, none>());
static_assert(is<std::vector<std::map<std::string, std::optional<plain>>>, none>());

// Classes of the user's.
struct by_member {
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x);
  }
  int* x;  // not looked at: what the member passes on is judged when it is compiled
};
struct by_versioned_member {
  template <class Archive>
  void serialize(Archive&, std::uint32_t) {}
  int* x;
};
class by_save_and_load {
 public:
  by_save_and_load() {}
  template <class Archive>
  void save(Archive&) const {}
  template <class Archive>
  void load(Archive&) {}
  int* x = nullptr;
};
class by_save_alone {
 public:
  by_save_alone() {}
  template <class Archive>
  void save(Archive&) const {}
  std::string text;
};
struct by_function {
  int* x;
};
template <class Archive>
void serialize(Archive&, by_function&) {}

static_assert(is<by_member, none>() && is<by_versioned_member, none>() && is<by_save_and_load, none>() &&
              is<by_function, none>());
static_assert(is<by_save_alone, opaque_class>());

// Plain bytes.
class one_number {
 public:
  constexpr explicit one_number(double x) : x_(x) {}
  [[nodiscard]] double value() const { return x_; }

 private:
  double x_;
};
class small_point {
 public:
  small_point(int x, int y) : x_(x), y_(y) {}
  [[nodiscard]] int sum() const { return x_ + y_; }

 private:
  int x_;
  int y_;
};
class hidden_pointer {
 public:
  constexpr explicit hidden_pointer(char* p) : p_(p) {}
  [[nodiscard]] char* get() const { return p_; }

 private:
  char* p_;
};
struct numbers_in_c_array {
  int values[3];
};
struct number_base {
  int x;
};
struct numbers_with_base : number_base {
  int y;
};
struct pointers_in_c_array {
  int* values[3];
};
struct pointers_in_base : number_base {
  std::array<char*, 2> y;
};
class hidden_array {
 public:
  constexpr hidden_array() = default;
  [[nodiscard]] int* first() const { return p_[0]; }

 private:
  std::array<int*, 2> p_{};
};

static_assert(is<one_number, none>() && is<small_point, none>());
static_assert(is<numbers_in_c_array, none>() && is<numbers_with_base, none>());
static_assert(is<std::chrono::system_clock::time_point, none>() && is<std::complex<float>, none>());
static_assert(is<hidden_pointer, opaque_class>());
static_assert(is<hidden_array, opaque_class>());
static_assert(is<pointers_in_c_array, c_array>() && is<pointers_in_base, base_class>());

// What never travels, however deep.
struct holds_pointer {
  int* p;
};
struct holds_view {
  std::string_view text;
};
struct holds_local {
  glint::local_only<int> x;
  std::string s;
};
struct holds_reference {
  int& r;
};
struct holds_const {
  const int a = 1;
  std::string s;
};
struct polymorphic {
  virtual ~polymorphic() = default;
};
union number {
  int a;
  float b;
};

static_assert(is<int*, raw_pointer>() && is<void (*)(), raw_pointer>() && is<int plain::*, raw_pointer>());
static_assert(is<std::vector<holds_pointer>, raw_pointer>() && is<std::map<int, holds_pointer>, raw_pointer>());
static_assert(is<std::nullptr_t, raw_pointer>() && is<std::tuple<int, const char*>, raw_pointer>());
static_assert(is<std::string_view, view>() && is<std::span<const int>, view>());
static_assert(is<std::optional<holds_view>, view>() && is<std::reference_wrapper<int>, view>());
static_assert(is<glint::local_only<int>, serialization_obstacle::local_only>());
static_assert(is<holds_local, serialization_obstacle::local_only>());
static_assert(is<std::variant<int, holds_local>, serialization_obstacle::local_only>());
static_assert(is<std::shared_ptr<int>, shared_pointer>() && is<std::weak_ptr<int>, shared_pointer>());
static_assert(is<int&, reference>() && is<std::pair<int, int&>, reference>());
static_assert(is<holds_reference, not_default_constructible>());
static_assert(is<holds_const, const_member>() && is<std::array<const int, 2>, const_member>());
static_assert(is<number, union_type>() && is<std::unique_ptr<polymorphic>, polymorphic_pointer>());
static_assert(is<std::any, opaque_class>() && is<std::function<void()>, opaque_class>());
static_assert(is<std::mutex, opaque_class>() && is<std::atomic<int>, opaque_class>());

// What Boost.PFR cannot do.
struct c_array_last {
  std::string s;
  int a[3];
};
struct c_array_first {
  std::string a[3];
  int b;
};
struct c_array_of_one {
  std::string a[1];
};
struct string_base {
  std::string s;
};
struct with_base : string_base {
  int x;
};
struct empty_base {};
struct with_empty_base : empty_base {
  std::string x;
};
struct shared_bits {
  std::uint64_t a : 40;
  std::uint64_t b : 24;
  std::string s;
};
struct number_bits {
  unsigned a : 3;
  unsigned b : 29;
};
struct holds_any {
  std::any a;
};
// NOLINTBEGIN(readability-magic-numbers)
template <class T>
struct ten {
  T a, b, c, d, e, f, g, h, i, j;
};
struct hundred_and_one {
  std::string a0, a1, a2, a3, a4, a5, a6, a7, a8, a9;
  std::string b0, b1, b2, b3, b4, b5, b6, b7, b8, b9;
  std::string c0, c1, c2, c3, c4, c5, c6, c7, c8, c9;
  std::string d0, d1, d2, d3, d4, d5, d6, d7, d8, d9;
  std::string e0, e1, e2, e3, e4, e5, e6, e7, e8, e9;
  std::string f0, f1, f2, f3, f4, f5, f6, f7, f8, f9;
  std::string g0, g1, g2, g3, g4, g5, g6, g7, g8, g9;
  std::string h0, h1, h2, h3, h4, h5, h6, h7, h8, h9;
  std::string i0, i1, i2, i3, i4, i5, i6, i7, i8, i9;
  std::string j0, j1, j2, j3, j4, j5, j6, j7, j8, j9;
  std::string last;
};
// NOLINTEND(readability-magic-numbers)

static_assert(is<c_array_last, c_array>() && is<c_array_first, c_array>() && is<c_array_of_one, c_array>());
static_assert(is<with_base, base_class>() && is<with_empty_base, base_class>());
static_assert(is<shared_bits, bit_field>() && is<number_bits, none>());
static_assert(is<holds_any, opaque_class>());
static_assert(is<ten<ten<std::string>>, none>() && is<hundred_and_one, too_many_members>());

// A count that is right whatever the members are.
static_assert(detail::field_count<everything> == 20 && detail::field_count<nested> == 3);
static_assert(detail::field_count<ten<std::string>> == 10 && detail::field_count<list_node> == 2);

TEST(Serializable, WhatIsAndWhatIsNotWasDecidedWhenThisCompiled) {
  SUCCEED();
}

TEST(Serializable, RequireSerializableHoldsForWhatIs) {
  static_assert(require_serializable<everything>());
}

}  // namespace
}  // namespace glint
