// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <glint/core/exchange.hpp>
#include "arrow_testing.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::put;
using glint::submit;
using glint::table;
using glint::tensor;

class Table : public runtime_test {};

void expect_refused(const std::function<void()>& act, const std::string& column, const std::string& text) {
  try {
    act();
    FAIL() << text;
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_EQ(e.error().subject(), "column " + column);
    EXPECT_THAT(e.error().message(), testing::HasSubstr(text));
  }
}

TEST_F(Table, HoldsColumnsOfEqualLengthByName) {
  table made = some_table();
  EXPECT_EQ(made.rows(), 3);
  EXPECT_EQ(table().rows(), 0);
  EXPECT_EQ(made.columns().size(), 2u);
  EXPECT_EQ(elements(made.get<double>("weight")), (std::vector{.5, 1.5, 2.5}));
  expect_refused([&] { made.add("x", tensor<float>::zeros({4})); }, "x", "has 4 rows, the table 3");
  expect_refused([&] { made.add("x", tensor<float>::zeros({3, 1})); }, "x", "[3, 1]");
  expect_refused([&] { made.add("x", tensor<float>()); }, "x", "empty");
  expect_refused([&] { made.add("id", tensor<float>::zeros({3})); }, "id", "of this name");
  expect_refused([&] { (void)made.get<float>("y"); }, "y", "no such column");
  EXPECT_EQ(thrown_by([&] { (void)made.get<float>("id"); }), errc::invalid_argument);
  EXPECT_EQ(made.columns().size(), 2u);
}

int columns_on_device(glint::gpu_context&, const table& t) {
  return static_cast<int>(
      std::ranges::count_if(t.columns(), [](const auto& c) { return !c.values.place().is_host(); }));
}

TEST_F(Table, ItsTensorsArriveWhereTheTaskRuns) {
  EXPECT_EQ(get(submit<columns_on_device>(some_table()), deadline), 2);
}

TEST_F(Table, IsExportedAndImportedAsBytes) {
  const auto back = glint::import_bytes<table>(glint::export_bytes(put(some_table())));
  EXPECT_EQ(elements(get(back).get<std::int64_t>("id")), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(get(back).columns()[1].name, "weight");
}

}  // namespace
}  // namespace glint_test
