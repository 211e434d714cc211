// SPDX-License-Identifier: Apache-2.0
// The examples of docs/objects.md: what stands between `doc-begin` and `doc-end` is compared with the page, in order.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <glint/core/arrow.hpp>
#include <glint/core/exchange.hpp>
#include "fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;

class ObjectsPage : public runtime_test {};

int square(int x) {
  return x * x;
}
int total(const std::vector<glint::object_ref<int>>& parts) {
  int sum = 0;
  for (const auto& part : parts) sum += glint::get(part);  // each is ready
  return sum;
}

TEST_F(ObjectsPage, Batches) {
  // doc-begin
  std::vector<glint::object_ref<int>> refs = glint::put_each(std::vector{1, 2, 3});
  std::vector<const int*> values = glint::get(refs);     // one wait for all; valid while the refs live
  std::vector<int> owned = glint::get(std::move(refs));  // moved out where the ref was the last
  // doc-end
  EXPECT_EQ(values.size(), 3u);
  EXPECT_EQ(owned, (std::vector{1, 2, 3}));
}

TEST_F(ObjectsPage, Combinations) {
  // doc-begin
  std::vector<glint::object_ref<int>> parts;
  for (int i = 0; i < 4; ++i) parts.push_back(glint::submit<square>(i));
  glint::object_ref<int> sum = glint::submit<total>(glint::when_all(parts));  // starts when all are ready

  glint::object_ref<std::size_t> first = glint::when_any(parts);
  int fastest = glint::get(parts[glint::get(first)]);

  int in_order = 0;  // of their completion
  for (auto& part : glint::as_completed(std::move(parts), {.timeout = 10s})) in_order += glint::get(std::move(part));
  // doc-end
  EXPECT_EQ(glint::get(sum, deadline), 14);
  EXPECT_EQ(in_order, 14);
  EXPECT_GE(fastest, 0);
}

TEST_F(ObjectsPage, AnyRefs) {
  // doc-begin
  std::unordered_map<std::string, glint::any_ref> results;
  results["count"] = glint::put(3);
  results["name"] = glint::put(std::string("glint"));
  auto [ready, pending] = glint::wait({results["count"], results["name"]}, {.count = 2});
  glint::object_ref<int> count = results["count"].as<int>();  // throws invalid_argument if it is no int
  // doc-end
  EXPECT_EQ(ready.size(), 2u);
  EXPECT_TRUE(pending.empty());
  EXPECT_EQ(glint::get(count), 3);
}

TEST_F(ObjectsPage, Metadata) {
  // doc-begin
  auto weights = glint::put(glint::tensor<float>::zeros({64, 10}));
  glint::object_metadata about = glint::metadata(weights);
  // about.state == glint::object_state::ready, about.tensors[0].shape == {64, 10}, about.bytes == 2560 and the handle's
  // doc-end
  EXPECT_EQ(about.state, glint::object_state::ready);
  EXPECT_EQ(about.tensors[0].shape, (glint::extents{64, 10}));
  EXPECT_EQ(about.bytes, 2560 + sizeof(glint::tensor<float>));
}

TEST_F(ObjectsPage, Bytes) {
  const auto weights = glint::put(glint::tensor<float>::from({1, 2}));
  // doc-begin
  std::vector<std::byte> bytes = glint::export_bytes(weights);  // #include <glint/core/exchange.hpp>
  auto again = glint::import_bytes<glint::tensor<float>>(bytes);
  // doc-end
  EXPECT_EQ(glint::get(again).values()[1], 2);
}

TEST_F(ObjectsPage, Arrow) {
  // doc-begin
  glint::table columns;
  columns.add("id", glint::tensor<std::int64_t>::from({1, 2})).add("weight", glint::tensor<double>::from({.5, 1.5}));

  ArrowSchema schema;  // #include <glint/core/arrow.hpp>
  ArrowArray array;
  glint::export_arrow(glint::put(columns), &schema, &array);  // for another library, which releases both
  glint::object_ref<glint::table> back = glint::import_arrow_table(&schema, &array);  // or from one
  // doc-end
  EXPECT_EQ(glint::get(back).rows(), 2);
}

}  // namespace
}  // namespace glint_test
