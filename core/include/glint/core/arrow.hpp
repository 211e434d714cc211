// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/core/any_ref.hpp>
#include <glint/core/objects.hpp>
#include <glint/core/table.hpp>
#include <glint/gpu/tensor.hpp>

/// Objects of numbers to and from other libraries of this process, by Apache Arrow's C data interface
/// (https://arrow.apache.org/docs/format/CDataInterface.html). Not part of glint.hpp.

// The interface's own declarations, guarded as it asks, so that they may stand beside those of other libraries.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}

#endif  // ARROW_C_DATA_INTERFACE

namespace glint {

namespace detail {
/// `keep` lives as long as what is exported.
void export_array(const tensor_base& values, const intrusive_ptr<store::entry>& keep, ArrowSchema* schema,
                  ArrowArray* array);
void export_table(const table& values, const intrusive_ptr<store::entry>& keep, ArrowSchema* schema, ArrowArray* array);
[[nodiscard]] tensor_base import_array(ArrowSchema* schema, ArrowArray* array, dtype wanted);
}  // namespace detail

/// Describes the object's elements to Arrow without copying them: an array of a primitive type, or a struct of such
/// (a record batch) for a table; no nulls. Waits for the object as `get` does.
///
/// `schema` and `array` are overwritten, whatever they held, and then the caller's, who calls their `release` or passes
/// them on; columns may be moved out of a table's. The array keeps the elements until it is released, on whatever
/// thread, also after shutdown, and counts as a ref to the object. They must not be written. Elements on a device, or
/// with gaps between them, are copied to the host, and waited for.
///
/// Throws invalid_argument for a tensor that has not one dimension, or a null pointer; and as `get`. Then both are
/// left as they were.
template <class T>
void export_arrow(const object_ref<tensor<T>>& ref, ArrowSchema* schema, ArrowArray* array) {
  detail::export_array(get(ref), detail::entry_of(ref), schema, array);
}
inline void export_arrow(const object_ref<table>& ref, ArrowSchema* schema, ArrowArray* array) {
  detail::export_table(get(ref), detail::entry_of(ref), schema, array);
}

/// An object over the elements of an Arrow array of T's type, without a copy where they are aligned for their type (as
/// Arrow advises), else with one. Takes both over: the schema is released before this returns, the array when the last
/// handle to the tensor and the last use went; both also when this throws.
///
/// The elements remain Arrow's, and read-only: a task that takes the tensor by value gets a copy, even as the last
/// holder, and who moves it out by `get` must not write there. Throws invalid_argument with the subject "arrow array"
/// (or, in a table, the column): nulls, another type (the text names both), a dictionary, offsets or
/// buffers that are not those of such an array, what is released already; not_running.
template <class T>
[[nodiscard]] object_ref<tensor<T>> import_arrow(ArrowSchema* schema, ArrowArray* array) {
  return put(tensor<T>::cast(detail::import_array(schema, array, dtype_of<T>())));
}
/// The same of a struct array (a record batch) whose children are numbers, as a table.
[[nodiscard]] object_ref<table> import_arrow_table(ArrowSchema* schema, ArrowArray* array);

}  // namespace glint
