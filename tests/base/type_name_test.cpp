// SPDX-License-Identifier: Apache-2.0
#include <glint/base/type_name.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace names {
int plain(int a, const std::string&) {
  return a;
}
template <class T>
std::string twice(T) {
  return {};
}
template <class T>
int (*chooser(T))(char) {
  return nullptr;
}
struct counter {
  int add(int d) const { return d; }
  template <class T>
  std::vector<T> all(T t) {
    return {t};
  }
  bool operator<(const counter&) const { return false; }
  int operator()(int d) { return d; }
};
template <class T>
struct box {
  T get(std::vector<T>) const { return {}; }
};
}  // namespace names

namespace {
int hidden(int a) {
  return a;
}
template <class T>
T hidden_twice(T a) {
  return a;
}
}  // namespace

namespace glint {
namespace {

TEST(TypeName, IsReadable) {
  EXPECT_EQ(type_name<names::counter>(), "names::counter");
}

TEST(FunctionName, LeavesParametersOut) {
  EXPECT_EQ(function_name<&names::plain>(), "names::plain");
}

TEST(FunctionName, OfATemplateLeavesTheReturnTypeOut) {
  EXPECT_EQ(function_name<&names::twice<int>>(), "names::twice<int>");
}

TEST(FunctionName, OfAFunctionThatReturnsAFunction) {
  EXPECT_EQ(function_name<&names::chooser<int>>(), "names::chooser<int>");
}

TEST(FunctionName, OfMethods) {
  EXPECT_EQ(function_name<&names::counter::add>(), "names::counter::add");
  EXPECT_EQ(function_name<&names::counter::all<long>>(), "names::counter::all<long>");
  EXPECT_EQ(function_name<&names::box<int>::get>(), "names::box<int>::get");
}

TEST(FunctionName, OfOperators) {
  EXPECT_EQ(function_name<&names::counter::operator()>(), "names::counter::operator()");
  EXPECT_EQ(function_name < &names::counter::operator<>(), "names::counter::operator<");
}

TEST(FunctionName, InAnAnonymousNamespace) {
  EXPECT_EQ(function_name<&hidden>(), "(anonymous namespace)::hidden");
  EXPECT_EQ(function_name<&hidden_twice<int>>(), "(anonymous namespace)::hidden_twice<int>");
}

TEST(FunctionName, OfALambda) {
  const auto lambda = [](int a) { return a; };
  const std::string& name = function_name<&decltype(lambda)::operator()>();
  EXPECT_TRUE(name.ends_with("{lambda(int)#1}::operator()")) << name;
}

}  // namespace
}  // namespace glint
