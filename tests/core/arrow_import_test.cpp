// SPDX-License-Identifier: Apache-2.0
// Arrow's C data interface: what a producer made, imported.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "arrow_testing.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::export_arrow;
using glint::get;
using glint::import_arrow;
using glint::import_arrow_table;
using glint::put;
using glint::submit;
using glint::table;
using glint::tensor;

class ArrowImport : public runtime_test {};

/// Both taken over, and released once.
void expect_ended(const produced& from) {
  EXPECT_EQ(from.schema.release, nullptr);
  EXPECT_EQ(from.array.release, nullptr);
  EXPECT_EQ(from.schema_releases, 1);
  EXPECT_EQ(from.array_releases, 1);
}

TEST_F(ArrowImport, AnImportedArrayIsReadWhereItLies) {
  const std::vector<float> values{1, 2, 3};
  produced from("f", values.data(), 3);
  auto object = import_arrow<float>(&from.schema, &from.array);
  EXPECT_EQ(from.schema.release, nullptr);
  EXPECT_EQ(from.array.release, nullptr) << "moved from";
  EXPECT_EQ(from.schema_releases, 1);
  EXPECT_EQ(from.array_releases, 0);
  EXPECT_EQ(get(object).address(), values.data());
  EXPECT_EQ(elements(get(object)), values);
  tensor<float> slice = get(object).slice(1, 3);
  object = {};
  EXPECT_TRUE(only_left(0));
  EXPECT_EQ(from.array_releases, 0) << "a tensor over it is left";
  EXPECT_EQ(elements(slice), (std::vector<float>{2, 3}));
  slice = {};
  expect_ended(from);
}

TEST_F(ArrowImport, AnImportedArrayIsNeverOverwritten) {
  const std::vector<float> values{1, 2, 3};
  produced from("f", values.data(), 3);
  constexpr auto zeroed = [](tensor<float> x) {
    for (float& v : x.values()) v = 0;
    return x;
  };
  const auto result = submit<zeroed>(import_arrow<float>(&from.schema, &from.array));  // the last reference
  EXPECT_EQ(elements(get(result, deadline)), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
  EXPECT_TRUE(eventually([&] { return from.array_releases == 1; }));
}

TEST_F(ArrowImport, AnImportedArrayIsAnArgumentOfDeviceTasks) {
  const std::vector<float> values{1, 2, 3};
  produced from("f", values.data(), 3);
  const auto there = submit<on_device>(import_arrow<float>(&from.schema, &from.array));
  EXPECT_EQ(elements(get(there, deadline).to_host()), values);
  EXPECT_TRUE(eventually([&] { return from.array_releases == 1; })) << "when the copy has run";
}

TEST_F(ArrowImport, OffsetsAreRespected) {
  const std::vector<std::int32_t> values{1, 2, 3, 4, 5};
  produced from("i", values.data(), 3);
  from.array.offset = 2;
  EXPECT_EQ(elements(get(import_arrow<std::int32_t>(&from.schema, &from.array))), (std::vector{3, 4, 5}));
  // A struct's own offset counts in its columns too.
  produced x("i", values.data(), 4, "x");
  x.array.offset = 1;
  produced y("i", values.data(), 5, "y");
  produced both({&x, &y}, 2);
  both.array.offset = 2;
  const auto object = import_arrow_table(&both.schema, &both.array);
  EXPECT_EQ(elements(get(object).get<std::int32_t>("x")), (std::vector{4, 5}));
  EXPECT_EQ(elements(get(object).get<std::int32_t>("y")), (std::vector{3, 4}));
}

TEST_F(ArrowImport, ElementsThatAreNotAlignedAreCopied) {
  std::array<std::byte, 17> memory{};
  const std::array<double, 2> values{1.5, 2.5};
  std::memcpy(memory.data() + 1, values.data(), sizeof values);
  produced from("g", memory.data() + 1, 2);
  const auto object = import_arrow<double>(&from.schema, &from.array);
  expect_ended(from);
  EXPECT_EQ(elements(get(object)), (std::vector{1.5, 2.5}));
}

TEST_F(ArrowImport, AnEmptyArrayNeedsNoBuffer) {
  produced from("g", nullptr, 0);
  EXPECT_EQ(get(import_arrow<double>(&from.schema, &from.array)).shape(), glint::extents{0});
  expect_ended(from);
}

TEST_F(ArrowImport, ABitmapWithoutNullsIsNone) {
  const std::vector<std::uint8_t> values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const std::array<unsigned char, 2> bits{0b1111'1110, 0b0000'0011};  // row 0 is null, and before the offset
  produced from("C", values.data(), 9);
  from.array.offset = 1;
  from.array.null_count = -1;  // not counted
  from.buffers[0] = bits.data();
  EXPECT_EQ(elements(get(import_arrow<std::uint8_t>(&from.schema, &from.array))).size(), 9u);
  produced uncounted("C", values.data(), 9);
  uncounted.array.null_count = -1;
  EXPECT_EQ(get(import_arrow<std::uint8_t>(&uncounted.schema, &uncounted.array)).size(), 9);
}

TEST_F(ArrowImport, AnImportedTableSharesOneArray) {
  const std::vector<std::int64_t> ids{1, 2};
  const std::vector<double> weights{.5, 1.5};
  produced id("l", ids.data(), 2, "id");
  produced weight("g", weights.data(), 2, "weight");
  produced from({&id, &weight}, 2);
  auto object = import_arrow_table(&from.schema, &from.array);
  EXPECT_EQ(from.schema_releases + id.schema_releases, 2);
  EXPECT_EQ(get(object).rows(), 2);
  EXPECT_EQ(get(object).columns()[1].name, "weight");
  tensor<double> column = get(object).get<double>("weight");
  EXPECT_EQ(column.address(), weights.data());
  object = {};
  EXPECT_EQ(from.array_releases, 0) << "a column is left";
  column = {};
  expect_ended(from);
  EXPECT_EQ(id.array_releases + weight.array_releases, 2);
}

TEST_F(ArrowImport, WhatItExportsItImports) {
  ArrowSchema schema{};
  ArrowArray array{};
  export_arrow(put(some_table()), &schema, &array);
  const auto back = import_arrow_table(&schema, &array);
  EXPECT_TRUE(only_left(2)) << "the array keeps the first object";
  EXPECT_EQ(elements(get(back).get<std::int64_t>("id")), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(elements(get(back).get<double>("weight")), (std::vector{.5, 1.5, 2.5}));
}

/// Asserts that the import is refused with this text, and that all was released.
template <class T>
void expect_refused(produced& from, const std::string& subject, const std::string& text) {
  try {
    if constexpr (std::is_same_v<T, table>) {
      (void)import_arrow_table(&from.schema, &from.array);
    } else {
      (void)import_arrow<T>(&from.schema, &from.array);
    }
    FAIL() << "took it: " << text;
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_EQ(e.error().subject(), subject);
    EXPECT_THAT(e.error().message(), testing::HasSubstr(text));
    EXPECT_EQ(e.error().cause(), nullptr);
  }
  expect_ended(from);
}

const std::vector<float> three{1, 2, 3};

TEST_F(ArrowImport, NullsAreRefused) {
  const unsigned char bits = 0b101;
  for (const std::int64_t count : {1, -1}) {
    produced from("f", three.data(), 3);
    from.array.null_count = count;
    from.buffers[0] = &bits;
    expect_refused<float>(from, "arrow array", "row 1 is null");
  }
  produced without_bitmap("f", three.data(), 3);
  without_bitmap.array.null_count = 1;
  expect_refused<float>(without_bitmap, "arrow array", "no bitmap");
  produced column("f", three.data(), 3, "x");
  column.array.null_count = 1;
  column.buffers[0] = &bits;
  produced in_column({&column}, 3);
  expect_refused<table>(in_column, "arrow column x", "row 1 is null");
  produced full("f", three.data(), 3, "x");
  produced in_struct({&full}, 3);
  in_struct.array.null_count = 1;
  in_struct.buffers[0] = &bits;
  expect_refused<table>(in_struct, "arrow array", "row 1 is null");
}

TEST_F(ArrowImport, OtherTypesAreRefusedAndNamed) {
  produced doubles("g", three.data(), 1);
  expect_refused<float>(doubles, "arrow array", "holds f64, not f32");
  produced text("u", three.data(), 3);
  expect_refused<float>(text, "arrow array", "\"u\"");
  produced nothing(nullptr, three.data(), 3);
  expect_refused<float>(nothing, "arrow array", "\"\"");
  produced array("f", three.data(), 3);
  expect_refused<table>(array, "arrow array", "a table is a struct");
  ArrowArray dictionary{};
  produced encoded("i", three.data(), 3);
  encoded.array.dictionary = &dictionary;
  expect_refused<std::int32_t>(encoded, "arrow array", "dictionary");
}

TEST_F(ArrowImport, StructuresThatAreNoArrayAreRefused) {
  produced negative("f", three.data(), -1);
  expect_refused<float>(negative, "arrow array", "length -1");
  produced before("f", three.data(), 3);
  before.array.offset = -1;
  expect_refused<float>(before, "arrow array", "offset is -1");
  produced endless("f", three.data(), 3);
  endless.array.offset = std::numeric_limits<std::int64_t>::max();
  expect_refused<float>(endless, "arrow array", "offset is");
  produced huge("f", three.data(), std::numeric_limits<std::int64_t>::max());
  expect_refused<float>(huge, "arrow array", "longer than any tensor");
  produced no_buffer("f", nullptr, 3);
  expect_refused<float>(no_buffer, "arrow array", "no buffer");
  produced buffers("f", three.data(), 3);
  buffers.array.n_buffers = 3;
  expect_refused<float>(buffers, "arrow array", "3 buffers");
  produced short_column("f", three.data(), 2, "x");
  produced long_struct({&short_column}, 3);
  expect_refused<table>(long_struct, "arrow column x", "has 2 rows");
  produced one("f", three.data(), 3, "x");
  produced two("f", three.data(), 3, "x");
  produced twice({&one, &two}, 3);
  expect_refused<table>(twice, "column x", "of this name");
  produced gone("f", three.data(), 3, "x");
  produced missing({&gone}, 3);
  gone.array.release = nullptr;
  expect_refused<table>(missing, "arrow array", "column 0 is missing");
}

TEST_F(ArrowImport, WhatIsReleasedAlreadyIsRefused) {
  produced from("f", three.data(), 3);
  from.schema.release(&from.schema);
  expect_refused<float>(from, "arrow array", "released already");
  expect_refused<float>(from, "arrow array", "released already");  // and nothing is released twice
  produced half("f", three.data(), 3);
  EXPECT_EQ(thrown_by([&] { (void)import_arrow<float>(nullptr, &half.array); }), errc::invalid_argument);
  EXPECT_EQ(half.array_releases, 1);
  EXPECT_EQ(thrown_by([&] { (void)import_arrow_table(&half.schema, nullptr); }), errc::invalid_argument);
  EXPECT_EQ(half.schema_releases, 1);
}

TEST(ArrowAfterShutdown, AnExportedArrayIsStillThere) {
  glint::init(small_node());
  ArrowSchema schema{};
  ArrowArray array{};
  export_arrow(put(tensor<float>::from({1, 2, 3})), &schema, &array);
  glint::shutdown();
  EXPECT_EQ(read<float>(array), (std::vector<float>{1, 2, 3}));
  produced from("f", three.data(), 3);
  EXPECT_EQ(thrown_by([&] { (void)import_arrow<float>(&from.schema, &from.array); }), errc::not_running);
  expect_ended(from);
  schema.release(&schema);
  array.release(&array);
}

}  // namespace
}  // namespace glint_test
