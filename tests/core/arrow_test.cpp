// SPDX-License-Identifier: Apache-2.0
// Arrow's C data interface, against consumers and producers written here by its specification.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <glint/core/arrow.hpp>
#include <glint/core/exchange.hpp>
#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::export_arrow;
using glint::get;
using glint::import_arrow;
using glint::import_arrow_table;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::table;
using glint::tensor;

static_assert(sizeof(ArrowSchema) == 72 && std::is_standard_layout_v<ArrowSchema>);
static_assert(sizeof(ArrowArray) == 80 && std::is_standard_layout_v<ArrowArray>);
static_assert(offsetof(ArrowSchema, release) == 56 && offsetof(ArrowArray, release) == 64);

class Arrow : public runtime_test {};

template <class T>
std::vector<T> elements(const tensor<T>& t) {
  const auto values = t.values();
  return {values.begin(), values.end()};
}

// ---- exported: read as a consumer would
// ------------------------------------------------------------------------------

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
std::vector<T> read(const ArrowArray& array) {
  const T* const first = static_cast<const T*>(array.buffers[1]) + array.offset;
  return {first, first + array.length};
}

template <class T>
void expect_format(const char* format) {
  const exported out(put(tensor<T>::from({T{1}, T{2}})));
  EXPECT_STREQ(out.schema.format, format);
  EXPECT_EQ(read<T>(out.array), (std::vector<T>{T{1}, T{2}}));
}

TEST_F(Arrow, EveryDtypeHasItsFormat) {
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

TEST_F(Arrow, AnExportedArrayHasWhatTheSpecificationAsks) {
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

TEST_F(Arrow, ASliceIsExportedWithoutACopyAndGapsWithOne) {
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

TEST_F(Arrow, AnExportedArrayKeepsTheObjectUntilItIsReleased) {
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

TEST_F(Arrow, AnExportedObjectIsNotTheLastHoldersToOverwrite) {
  auto object = put(tensor<float>::from({1, 2, 3}));
  const exported out(object);
  constexpr auto zeroed = [](tensor<float> x) {
    for (float& v : x.values()) v = 0;
    return x;
  };
  EXPECT_EQ(elements(get(submit<zeroed>(std::move(object)), deadline)), (std::vector<float>{0, 0, 0}));
  EXPECT_EQ(read<float>(out.array), (std::vector<float>{1, 2, 3}));
}

table some_table() {
  table made;
  made.add("id", tensor<std::int64_t>::from({1, 2, 3})).add("weight", tensor<double>::from({.5, 1.5, 2.5}));
  return made;
}

TEST_F(Arrow, ATableIsAStructOfItsColumns) {
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

TEST_F(Arrow, AColumnMovedOutOfATableOutlivesIt) {
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

tensor<float> on_device(glint::gpu_context& gpu, const tensor<float>& x) {
  return gpu.to_device(x);
}

TEST_F(Arrow, ElementsOnADeviceAreBroughtToTheHost) {
  const auto object = submit<on_device>(tensor<float>::from({1, 2, 3}));
  const exported out(object);
  EXPECT_EQ(read<float>(out.array), (std::vector<float>{1, 2, 3}));
  EXPECT_FALSE(get(object).place().is_host());
  table columns;
  columns.add("x", get(object));
  EXPECT_EQ(read<float>(*exported(put(columns)).array.children[0]), (std::vector<float>{1, 2, 3}));
}

TEST_F(Arrow, WhatIsNoArrayIsRefusedAndNothingIsWritten) {
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

// ---- imported: made as a producer would
// ------------------------------------------------------------------------------

/// A producer's structures, with how often each was released.
struct produced {
  ArrowSchema schema{};
  ArrowArray array{};
  std::array<const void*, 2> buffers{};
  std::vector<produced*> columns;
  std::vector<ArrowSchema*> column_schemas;
  std::vector<ArrowArray*> column_arrays;
  std::string name;
  std::atomic<int> schema_releases{0};  // by whatever thread
  std::atomic<int> array_releases{0};

  produced() = default;
  produced(const produced&) = delete;
  produced& operator=(const produced&) = delete;

  /// An array of `count` numbers at `values`.
  produced(const char* format, const void* values, std::int64_t count, std::string column = "")
      : buffers{nullptr, values}, name(std::move(column)) {
    fill(format, count, 2);
  }
  /// A struct of columns, which end with it.
  produced(std::vector<produced*> parts, std::int64_t count) : columns(std::move(parts)) {
    fill("+s", count, 1);
    for (produced* part : columns) {
      column_schemas.push_back(&part->schema);
      column_arrays.push_back(&part->array);
    }
    schema.n_children = array.n_children = static_cast<std::int64_t>(columns.size());
    schema.children = column_schemas.data();
    array.children = column_arrays.data();
  }

  void fill(const char* format, std::int64_t count, std::int64_t buffer_count) {
    schema.format = format;
    schema.name = name.c_str();
    schema.private_data = array.private_data = this;
    schema.release = [](ArrowSchema* s) {
      auto& self = *static_cast<produced*>(s->private_data);
      for (std::int64_t i = 0; i < s->n_children; ++i) {
        if (s->children[i]->release) s->children[i]->release(s->children[i]);
      }
      ++self.schema_releases;
      s->release = nullptr;
    };
    array.release = [](ArrowArray* a) {
      auto& self = *static_cast<produced*>(a->private_data);
      for (std::int64_t i = 0; i < a->n_children; ++i) {
        if (a->children[i]->release) a->children[i]->release(a->children[i]);
      }
      ++self.array_releases;
      a->release = nullptr;
    };
    array.length = count;
    array.n_buffers = buffer_count;
    array.buffers = buffers.data();
  }
};

/// Both taken over, and released once.
void expect_ended(const produced& from) {
  EXPECT_EQ(from.schema.release, nullptr);
  EXPECT_EQ(from.array.release, nullptr);
  EXPECT_EQ(from.schema_releases, 1);
  EXPECT_EQ(from.array_releases, 1);
}

TEST_F(Arrow, AnImportedArrayIsReadWhereItLies) {
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

TEST_F(Arrow, AnImportedArrayIsNeverOverwritten) {
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

TEST_F(Arrow, AnImportedArrayIsAnArgumentOfDeviceTasks) {
  const std::vector<float> values{1, 2, 3};
  produced from("f", values.data(), 3);
  const auto there = submit<on_device>(import_arrow<float>(&from.schema, &from.array));
  EXPECT_EQ(elements(get(there, deadline).to_host()), values);
  EXPECT_TRUE(eventually([&] { return from.array_releases == 1; })) << "when the copy has run";
}

TEST_F(Arrow, OffsetsAreRespected) {
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

TEST_F(Arrow, ElementsThatAreNotAlignedAreCopied) {
  std::array<std::byte, 17> memory{};
  const std::array<double, 2> values{1.5, 2.5};
  std::memcpy(memory.data() + 1, values.data(), sizeof values);
  produced from("g", memory.data() + 1, 2);
  const auto object = import_arrow<double>(&from.schema, &from.array);
  expect_ended(from);
  EXPECT_EQ(elements(get(object)), (std::vector{1.5, 2.5}));
}

TEST_F(Arrow, AnEmptyArrayNeedsNoBuffer) {
  produced from("g", nullptr, 0);
  EXPECT_EQ(get(import_arrow<double>(&from.schema, &from.array)).shape(), glint::extents{0});
  expect_ended(from);
}

TEST_F(Arrow, ABitmapWithoutNullsIsNone) {
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

TEST_F(Arrow, AnImportedTableSharesOneArray) {
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

TEST_F(Arrow, WhatItExportsItImports) {
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

TEST_F(Arrow, NullsAreRefused) {
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

TEST_F(Arrow, OtherTypesAreRefusedAndNamed) {
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

TEST_F(Arrow, StructuresThatAreNoArrayAreRefused) {
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

TEST_F(Arrow, WhatIsReleasedAlreadyIsRefused) {
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

// ---- tables
// ------------------------------------------------------------------------------

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
