// SPDX-License-Identifier: Apache-2.0
// Arrow's C data interface: what is exported, read as a consumer would.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "arrow_testing.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::export_arrow;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::table;
using glint::tensor;

static_assert(sizeof(ArrowSchema) == 72 && std::is_standard_layout_v<ArrowSchema>);
static_assert(sizeof(ArrowArray) == 80 && std::is_standard_layout_v<ArrowArray>);
static_assert(offsetof(ArrowSchema, release) == 56 && offsetof(ArrowArray, release) == 64);

class ArrowExport : public runtime_test {};

struct exported {
  ArrowSchema schema{};
  ArrowArray array{};
  template <class T>
  explicit exported(const object_ref<T>& ref) {
    export_arrow(ref, &schema, &array);
  }
  exported(const exported&) = delete;
  exported& operator=(const exported&) = delete;
  ~exported() {
    if (schema.release) schema.release(&schema);
    if (array.release) array.release(&array);
  }
};

template <class T>
void expect_format(const char* format) {
  const exported out(put(tensor<T>::from({T{1}, T{2}})));
  EXPECT_STREQ(out.schema.format, format);
  EXPECT_EQ(read<T>(out.array), (std::vector<T>{T{1}, T{2}}));
}

TEST_F(ArrowExport, EveryDtypeHasItsFormat) {
  expect_format<std::int8_t>("c");
  expect_format<std::uint8_t>("C");
  expect_format<std::int16_t>("s");
  expect_format<std::uint16_t>("S");
  expect_format<std::int32_t>("i");
  expect_format<std::uint32_t>("I");
  expect_format<std::int64_t>("l");
  expect_format<std::uint64_t>("L");
  expect_format<float>("f");
  expect_format<double>("g");
}

TEST_F(ArrowExport, AnExportedArrayHasWhatTheSpecificationAsks) {
  const auto object = put(tensor<float>::from({1, 2, 3}));
  const exported out(object);
  EXPECT_STREQ(out.schema.name, "");
  EXPECT_EQ(out.schema.metadata, nullptr);
  EXPECT_EQ(out.schema.flags, 0);
  EXPECT_EQ(out.schema.n_children, 0);
  EXPECT_EQ(out.schema.children, nullptr);
  EXPECT_EQ(out.schema.dictionary, nullptr);
  EXPECT_EQ(out.array.length, 3);
  EXPECT_EQ(out.array.null_count, 0);
  EXPECT_EQ(out.array.offset, 0);
  EXPECT_EQ(out.array.n_buffers, 2);
  EXPECT_EQ(out.array.buffers[0], nullptr) << "no nulls, no bitmap";
  EXPECT_EQ(out.array.n_children, 0);
  EXPECT_EQ(out.array.children, nullptr);
  EXPECT_EQ(out.array.dictionary, nullptr);
  EXPECT_EQ(out.array.buffers[1], get(object).address()) << "without a copy";
}

TEST_F(ArrowExport, ASliceIsExportedWithoutACopyAndGapsWithOne) {
  const auto all = tensor<std::int32_t>::from({1, 2, 3, 4, 5, 6});
  const exported slice(put(all.slice(2, 5)));
  EXPECT_EQ(slice.array.buffers[1], static_cast<const std::int32_t*>(all.address()) + 2);
  EXPECT_EQ(read<std::int32_t>(slice.array), (std::vector{3, 4, 5}));
  // One dimension with gaps: the first column of two.
  const auto parts = all.reshape({3, 2}).parts();
  glint::tensor_parts first_column = parts;
  first_column.shape = {3};
  first_column.strides = {2};
  const exported gaps(put(tensor<std::int32_t>::cast(glint::tensor_base::from_parts(first_column))));
  EXPECT_EQ(read<std::int32_t>(gaps.array), (std::vector{1, 3, 5}));
  const exported none(put(tensor<float>::zeros({0})));
  EXPECT_EQ(none.array.length, 0);
  EXPECT_EQ(none.array.n_buffers, 2);
}

TEST_F(ArrowExport, AnExportedArrayKeepsTheObjectUntilItIsReleased) {
  auto object = put(tensor<float>::from({1, 2, 3}));
  exported out(object);
  object = {};
  EXPECT_TRUE(only_left(1));
  EXPECT_EQ(read<float>(out.array), (std::vector<float>{1, 2, 3}));
  // Moved, as a consumer may: what matters is in what it owns.
  ArrowArray moved = out.array;
  out.array.release = nullptr;
  EXPECT_EQ(read<float>(moved), (std::vector<float>{1, 2, 3}));
  moved.release(&moved);
  EXPECT_EQ(moved.release, nullptr) << "marked as released";
  EXPECT_TRUE(only_left(0));
  ArrowSchema schema = out.schema;
  out.schema.release = nullptr;
  EXPECT_STREQ(schema.format, "f");
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
}

TEST_F(ArrowExport, AnExportedObjectIsNotTheLastHoldersToOverwrite) {
  auto object = put(tensor<float>::from({1, 2, 3}));
  const exported out(object);
  constexpr auto zeroed = [](tensor<float> x) {
    for (float& v : x.values()) v = 0;
    return x;
  };
  EXPECT_EQ(elements(get(submit<zeroed>(std::move(object)), deadline)), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(read<float>(out.array), (std::vector<float>{1, 2, 3}));
}

TEST_F(ArrowExport, ATableIsAStructOfItsColumns) {
  const auto object = put(some_table());
  const exported out(object);
  EXPECT_STREQ(out.schema.format, "+s");
  EXPECT_EQ(out.array.length, 3);
  EXPECT_EQ(out.array.null_count, 0);
  EXPECT_EQ(out.array.n_buffers, 1);
  EXPECT_EQ(out.array.buffers[0], nullptr);
  ASSERT_EQ(out.schema.n_children, 2);
  ASSERT_EQ(out.array.n_children, 2);
  EXPECT_STREQ(out.schema.children[0]->name, "id");
  EXPECT_STREQ(out.schema.children[0]->format, "l");
  EXPECT_STREQ(out.schema.children[1]->name, "weight");
  EXPECT_STREQ(out.schema.children[1]->format, "g");
  EXPECT_EQ(read<std::int64_t>(*out.array.children[0]), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(read<double>(*out.array.children[1]), (std::vector{.5, 1.5, 2.5}));
  EXPECT_EQ(out.array.children[1]->buffers[1], get(object).get<double>("weight").address());
}

TEST_F(ArrowExport, AColumnMovedOutOfATableOutlivesIt) {
  auto object = put(some_table());
  exported out(object);
  object = {};
  ArrowArray weight = *out.array.children[1];
  out.array.children[1]->release = nullptr;
  ArrowSchema schema = *out.schema.children[1];
  out.schema.children[1]->release = nullptr;
  out.array.release(&out.array);
  out.schema.release(&out.schema);
  EXPECT_EQ(out.array.release, nullptr);
  EXPECT_EQ(out.schema.release, nullptr);
  EXPECT_STREQ(schema.name, "weight");
  EXPECT_EQ(read<double>(weight), (std::vector{.5, 1.5, 2.5}));
  EXPECT_TRUE(only_left(1));
  weight.release(&weight);
  schema.release(&schema);
  EXPECT_TRUE(only_left(0));
}

TEST_F(ArrowExport, ElementsOnADeviceAreBroughtToTheHost) {
  const auto object = submit<on_device>(tensor<float>::from({1, 2, 3}));
  const exported out(object);
  EXPECT_EQ(read<float>(out.array), (std::vector<float>{1, 2, 3}));
  EXPECT_FALSE(get(object).place().is_host());
  table columns;
  columns.add("x", get(object));
  EXPECT_EQ(read<float>(*exported(put(columns)).array.children[0]), (std::vector<float>{1, 2, 3}));
}

TEST_F(ArrowExport, WhatIsNoArrayIsRefusedAndNothingIsWritten) {
  ArrowSchema schema{};
  ArrowArray array{};
  schema.flags = array.length = 7;
  const auto expect_refusal = [&](const auto& ref, ArrowSchema* s, ArrowArray* a, const std::string& text) {
    try {
      export_arrow(ref, s, a);
      FAIL() << text;
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      EXPECT_EQ(e.error().subject(), "arrow array");
      EXPECT_THAT(e.error().message(), testing::HasSubstr(text));
      EXPECT_EQ(e.error().cause(), nullptr);
    }
  };
  expect_refusal(put(tensor<float>::zeros({2, 3})), &schema, &array, "[2, 3]");
  expect_refusal(put(tensor<float>()), &schema, &array, "empty");
  expect_refusal(put(tensor<float>::zeros({1})), nullptr, &array, "null");
  expect_refusal(put(table()), &schema, nullptr, "null");
  EXPECT_EQ(schema.flags + array.length, 14);
  EXPECT_EQ(thrown_by([&] { export_arrow(object_ref<tensor<float>>(), &schema, &array); }), errc::empty_ref);
}

}  // namespace
}  // namespace glint_test
