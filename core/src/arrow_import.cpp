// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <string>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/core/arrow.hpp>
#include <glint/gpu/adopt.hpp>
#include <glint/gpu/storage.hpp>
#include "arrow_format.hpp"
#include "arrow_source.hpp"

namespace glint::detail {
namespace {

const std::string whole = "arrow array";

[[noreturn]] void refuse(const std::string& subject, std::string why) {
  throw exception(error(errc::invalid_argument, std::move(why)).with_subject(subject));
}

/// Rows [first, first + count) of an array's buffers, its own offset included.
struct row_range {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// The rows that a parent's range means in `array`, which must have them.
row_range rows_of(const ArrowArray& array, row_range of_parent, const std::string& subject) {
  std::int64_t end_of_rows = 0;
  if (array.offset < 0 || array.length < 0 || __builtin_add_overflow(array.offset, array.length, &end_of_rows)) {
    refuse(subject,
           "its offset is " + std::to_string(array.offset) + " and its length " + std::to_string(array.length));
  }
  if (of_parent.first > array.length || of_parent.count > array.length - of_parent.first) {
    refuse(subject, "has " + std::to_string(array.length) + " rows; its struct needs " +
                        std::to_string(of_parent.count) + " from row " + std::to_string(of_parent.first));
  }
  return {array.offset + of_parent.first, of_parent.count};
}

/// A bit a row, the lowest of a byte first: 0 is a null. No bitmap: no nulls.
void require_no_nulls(const ArrowArray& array, row_range rows, const array_source& from, const std::string& subject) {
  if (array.null_count == 0) return;
  const auto* bits = static_cast<const unsigned char*>(array.buffers[0]);
  if (!bits) {
    if (array.null_count < 0) return;  // not counted, and without a bitmap there are none
    refuse(subject, "says that it has nulls, and has no bitmap of them");
  }
  if (from.device) refuse(subject, "may have nulls, whose bitmap is on a device");
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t bit = rows.first + i;
    if ((bits[bit / 8] >> (bit % 8) & 1) == 0) {
      refuse(subject, "row " + std::to_string(i) + " is null, which a tensor cannot hold");
    }
  }
}

void require_buffers(const ArrowArray& array, std::int64_t count, const std::string& subject) {
  if (array.n_buffers != count || !array.buffers) {
    refuse(subject, "has " + std::to_string(array.n_buffers) + " buffers, and should have " + std::to_string(count));
  }
}

dtype require_dtype(const ArrowSchema& schema, const ArrowArray& array, const std::string& subject) {
  const std::string format = schema.format ? schema.format : "";
  const auto type = dtype_of_format(format);
  if (!type) refuse(subject, "is of Arrow's format \"" + format + "\"; a tensor holds c C s S i I l L f g");
  if (schema.dictionary || array.dictionary) refuse(subject, "is encoded by a dictionary: decode it first");
  if (schema.n_children != 0 || array.n_children != 0) refuse(subject, "is of numbers, and has children");
  return *type;
}

/// Over memory on a device: without a copy, or not at all.
tensor_base device_column(const void* first, dtype type, extents shape, const array_source& from,
                          const std::string& subject) {
  auto made = gpu::adopt_memory(const_cast<void*>(first), type, shape, [held = from.holder](void*) {},
                                {.device = from.device, .read_only = true, .valid_after = from.ready});
  if (!made && made.error().code() != errc::invalid_argument) throw_error(made.error());  // the device's own
  if (!made) refuse(subject, made.error().message());
  return *std::move(made);
}

tensor_base column_over(const ArrowSchema& schema, const ArrowArray& array, row_range of_parent,
                        const array_source& from, const std::string& subject) {
  const dtype type = require_dtype(schema, array, subject);
  require_buffers(array, 2, subject);
  const row_range rows = rows_of(array, of_parent, subject);
  if (rows.count > extents::count_max) refuse(subject, "is longer than any tensor");
  require_no_nulls(array, rows, from, subject);
  const extents shape{rows.count};
  if (rows.count > 0 && !array.buffers[1]) refuse(subject, "has no buffer of elements");
  const std::size_t bytes = static_cast<std::size_t>(rows.count) * size_of(type);
  const auto* first = static_cast<const std::byte*>(array.buffers[1]);
  if (bytes != 0) first += static_cast<std::size_t>(rows.first) * size_of(type);
  if (from.device) return device_column(first, type, shape, from, subject);
  if (bytes != 0 && reinterpret_cast<std::uintptr_t>(first) % size_of(type) == 0) {
    return tensor_base(gpu::storage::borrowed(first, bytes, from.holder), type, shape);
  }
  auto storage = gpu::storage::on_host(bytes);
  if (!storage) throw_error(storage.error());
  if (bytes != 0) std::memcpy((*storage)->data(), first, bytes);
  return tensor_base(*std::move(storage), type, shape);
}

}  // namespace

table table_over(const ArrowSchema& schema, const array_source& from) {
  const ArrowArray& array = **from.holder;
  const std::string format = schema.format ? schema.format : "";
  if (format != "+s") refuse(whole, "is of Arrow's format \"" + format + "\"; a table is a struct, \"+s\"");
  require_buffers(array, 1, whole);
  const row_range rows = rows_of(array, {0, array.length}, whole);
  require_no_nulls(array, rows, from, whole);
  if (schema.n_children < 0 || schema.n_children != array.n_children) {
    refuse(whole,
           "has " + std::to_string(array.n_children) + " columns; its schema, " + std::to_string(schema.n_children));
  }
  table made;
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    const ArrowSchema* column = schema.children ? schema.children[i] : nullptr;
    const ArrowArray* values = array.children ? array.children[i] : nullptr;
    if (!column || !values || !column->release || !values->release) {
      refuse(whole, "column " + std::to_string(i) + " is missing, or released already");
    }
    const std::string name = column->name ? column->name : "";
    made.add(name, column_over(*column, *values, rows, from, "arrow column " + name));
  }
  return made;
}

tensor_base array_over(const ArrowSchema& schema, const array_source& from) {
  const ArrowArray& array = **from.holder;
  return column_over(schema, array, {0, array.length}, from, whole);
}

tensor_base import_array(ArrowSchema* schema, ArrowArray* array, dtype wanted) {
  const taken_over from(schema, array);
  const dtype type = require_dtype(from.schema(), **from.holder(), whole);
  if (type != wanted) {
    refuse(whole, "holds " + std::string(to_string(type)) + ", not " + std::string(to_string(wanted)));
  }
  return array_over(from.schema(), {.holder = from.holder()});
}

}  // namespace glint::detail

namespace glint {

object_ref<table> import_arrow_table(ArrowSchema* schema, ArrowArray* array) {
  const detail::taken_over from(schema, array);
  return put(detail::table_over(from.schema(), {.holder = from.holder()}));
}

}  // namespace glint
