// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/tensors_in.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace glint {
namespace {

struct layer {
  tensor<float> weights;
  std::optional<tensor<float>> bias;
  std::string name;
};
struct network {
  std::vector<layer> layers;
  int steps = 0;
};
struct tree {
  tensor<int> value;
  std::vector<tree> children;
};
struct bare_tree {
  std::string name;
  std::vector<bare_tree> children;
};
struct plain_with_array {
  int numbers[3];
  unsigned flag : 3;
};
struct odd {
  std::string names[2];
  std::string other;
};
class model {
 public:
  model() : weights_(tensor<int>::zeros({1})) { extra_.push_back(tensor<int>::zeros({2})); }
  template <class V>
  void tensors(V&& visit) {
    visit(weights_);
    visit(extra_);
  }

 private:
  tensor<int> weights_;
  std::vector<tensor<int>> extra_;
};

}  // namespace

template <>
inline constexpr bool opaque_to_tensors<odd> = true;

namespace {

static_assert(contains_tensor<tensor<int>>);
static_assert(contains_tensor<const tensor<int>>);
static_assert(contains_tensor<std::vector<std::array<tensor<int>, 2>>>);
static_assert(contains_tensor<std::pair<int, tensor<float>>>);
static_assert(contains_tensor<std::tuple<int, std::unique_ptr<tensor<float>>>>);
static_assert(contains_tensor<std::map<std::string, std::optional<tensor<float>>>>);
static_assert(contains_tensor<std::unordered_map<int, tensor<float>>>);
static_assert(contains_tensor<network>);
static_assert(contains_tensor<tree>);
static_assert(contains_tensor<model>);
static_assert(contains_tensor<tensor<int>[2]>);
static_assert(!contains_tensor<int>);
static_assert(!contains_tensor<std::string>);
static_assert(!contains_tensor<std::vector<bool>>);
static_assert(!contains_tensor<bare_tree>);
static_assert(!contains_tensor<plain_with_array>);
static_assert(!contains_tensor<odd>);
static_assert(!contains_tensor<std::vector<std::pair<std::string, double>>>);

/// Sizes of the tensors found, in order.
template <class T>
std::vector<std::int64_t> sizes_in(T& value) {
  std::vector<std::int64_t> sizes;
  for_each_tensor(value, [&](const tensor_base& t) { sizes.push_back(t.size()); });
  return sizes;
}

tensor<float> of(std::int64_t n) {
  return tensor<float>::zeros({n});
}
using sizes = std::vector<std::int64_t>;

TEST(TensorsIn, FindsThemInOrder) {
  network n{.layers = {{of(1), of(2), "a"}, {of(3), std::nullopt, "b"}}, .steps = 0};
  EXPECT_EQ(sizes_in(n), (sizes{1, 2, 3}));
  auto t = std::tuple(of(4), std::make_unique<tensor<float>>(of(5)), std::map<int, tensor<float>>{{1, of(6)}}, 7);
  EXPECT_EQ(sizes_in(t), (sizes{4, 5, 6}));
  int nothing = 0;
  EXPECT_EQ(sizes_in(nothing), sizes{});
}

TEST(TensorsIn, FindsThemInTrees) {
  tree t{tensor<int>::zeros({1}), {}};
  t.children.push_back({tensor<int>::zeros({2}), {}});
  t.children.back().children.push_back({tensor<int>::zeros({3}), {}});
  EXPECT_EQ(sizes_in(t), (sizes{1, 2, 3}));
}

TEST(TensorsIn, VisitorMayReplaceThem) {
  network n{.layers = {{of(1), of(2), "a"}}, .steps = 0};
  for_each_tensor(n, [](tensor_base& t) { t = of(9); });
  EXPECT_EQ(n.layers[0].weights.size(), 9);
  EXPECT_EQ(n.layers[0].bias->size(), 9);
}

TEST(TensorsIn, ConstValuesGiveConstTensors) {
  const network n{.layers = {{of(1), of(2), "a"}}, .steps = 0};
  for_each_tensor(n, [](auto& t) { static_assert(std::is_same_v<decltype(t), const tensor_base&>); });
  const model m;
  for_each_tensor(m, [](auto& t) { static_assert(std::is_same_v<decltype(t), const tensor_base&>); });
  EXPECT_EQ(sizes_in(n), (sizes{1, 2}));
  EXPECT_EQ(sizes_in(m), (sizes{1, 2}));
}

TEST(TensorsIn, TypesWithPrivateMembersListTheirs) {
  model m;
  EXPECT_EQ(sizes_in(m), (sizes{1, 2}));
  std::vector<std::unique_ptr<model>> many;
  many.push_back(std::make_unique<model>());
  many.push_back(nullptr);
  EXPECT_EQ(sizes_in(many), (sizes{1, 2}));
}

/// Boost.PFR's own counting crashes g++ 12 on an aggregate of one std::array of a class.
struct array_of_names {
  std::array<std::string, 2> names;
};
struct named_tensors {
  std::array<std::string, 2> names;
  std::array<tensor<float>, 2> values;
};

TEST(TensorsIn, FindsThemBesideArraysOfClasses) {
  static_assert(!contains_tensor<array_of_names>);
  named_tensors t{{"a", "b"}, {of(2), of(3)}};
  EXPECT_EQ(sizes_in(t), (sizes{2, 3}));
}

}  // namespace
}  // namespace glint
