// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/arrow.hpp>
#include "arrow_format.hpp"

namespace glint::detail {
namespace {

// What each structure owns: a consumer may move it to another place, and children out of their parent, so that nothing
// of it may depend on where it or its parent lies.

struct schema_of_column {
  std::string name;
};

struct schema_of_table {
  std::vector<ArrowSchema> columns;
  std::vector<ArrowSchema*> pointers;
};

struct array_of_column {
  tensor_base elements;
  intrusive_ptr<store::entry> object;
  std::array<const void*, 2> buffers;  // no bitmap of nulls, elements
};

struct array_of_table {
  std::vector<ArrowArray> columns;
  std::vector<ArrowArray*> pointers;
  std::array<const void*, 1> buffers;  // no bitmap of nulls
};

template <class Owned, class Structure>
void release_leaf(Structure* s) noexcept {
  const std::unique_ptr<Owned> owned(static_cast<Owned*>(s->private_data));
  s->release = nullptr;
}

template <class Owned, class Structure>
void release_with_columns(Structure* s) noexcept {
  const std::unique_ptr<Owned> owned(static_cast<Owned*>(s->private_data));
  for (Structure& column : owned->columns) {
    if (column.release) column.release(&column);  // else it was moved out
  }
  s->release = nullptr;
}

[[noreturn]] void refuse(std::string why) {
  throw exception(error(errc::invalid_argument, std::move(why)).with_subject("arrow array"));
}

void require_targets(const ArrowSchema* schema, const ArrowArray* array) {
  if (!schema || !array) refuse("exported to a null pointer");
}

ArrowSchema schema_of(const tensor_base& values, std::string name) {
  auto owned = std::make_unique<schema_of_column>(schema_of_column{std::move(name)});
  return {.format = arrow_format(values.dtype()),
          .name = owned->name.c_str(),
          .metadata = nullptr,
          .flags = 0,
          .n_children = 0,
          .children = nullptr,
          .dictionary = nullptr,
          .release = &release_leaf<schema_of_column, ArrowSchema>,
          .private_data = owned.release()};
}

/// Contiguous elements in host memory: those of the tensor, where it has such.
tensor_base host_elements(const tensor_base& values) {
  tensor_base elements = values.on_host();
  if (elements.contiguous()) return elements;
  auto copied = elements.copy_on_host();
  if (!copied) throw_error(copied.error());
  return *std::move(copied);
}

ArrowArray array_of(const tensor_base& values, intrusive_ptr<store::entry> object) {
  auto owned = std::make_unique<array_of_column>(array_of_column{host_elements(values), std::move(object), {}});
  owned->buffers[1] = owned->elements.address();
  return {.length = values.size(),
          .null_count = 0,
          .offset = 0,
          .n_buffers = 2,
          .n_children = 0,
          .buffers = owned->buffers.data(),
          .children = nullptr,
          .dictionary = nullptr,
          .release = &release_leaf<array_of_column, ArrowArray>,
          .private_data = owned.release()};
}

/// Releases what was made, unless all was.
template <class Owned>
struct unfinished {
  std::unique_ptr<Owned> owned = std::make_unique<Owned>();
  ~unfinished() {
    if (!owned) return;
    for (auto& column : owned->columns) column.release(&column);
  }
};

template <class Owned>
void point_to_columns(Owned& owned) {
  for (auto& column : owned.columns) owned.pointers.push_back(&column);
}

ArrowSchema table_schema_of(const table& values) {
  unfinished<schema_of_table> made;
  made.owned->columns.reserve(values.columns().size());
  for (const auto& column : values.columns()) made.owned->columns.push_back(schema_of(column.values, column.name));
  point_to_columns(*made.owned);
  return {.format = "+s",
          .name = "",
          .metadata = nullptr,
          .flags = 0,
          .n_children = static_cast<std::int64_t>(made.owned->columns.size()),
          .children = made.owned->pointers.data(),
          .dictionary = nullptr,
          .release = &release_with_columns<schema_of_table, ArrowSchema>,
          .private_data = made.owned.release()};
}

ArrowArray table_array_of(const table& values, const intrusive_ptr<store::entry>& object) {
  unfinished<array_of_table> made;
  made.owned->columns.reserve(values.columns().size());
  for (const auto& column : values.columns()) made.owned->columns.push_back(array_of(column.values, object));
  point_to_columns(*made.owned);
  return {.length = values.rows(),
          .null_count = 0,
          .offset = 0,
          .n_buffers = 1,
          .n_children = static_cast<std::int64_t>(made.owned->columns.size()),
          .buffers = made.owned->buffers.data(),
          .children = made.owned->pointers.data(),
          .dictionary = nullptr,
          .release = &release_with_columns<array_of_table, ArrowArray>,
          .private_data = made.owned.release()};
}

template <class Make>
void hand_over(ArrowSchema described, ArrowSchema* schema, ArrowArray* array, Make make_array) {
  try {
    *array = make_array();
  } catch (...) {
    described.release(&described);
    throw;
  }
  *schema = described;
}

}  // namespace

void export_array(const tensor_base& values, const intrusive_ptr<store::entry>& keep, ArrowSchema* schema,
                  ArrowArray* array) {
  require_targets(schema, array);
  if (values.empty_handle()) refuse("an empty tensor handle");
  if (values.shape().rank() != 1) refuse("an Arrow array has one dimension, not " + values.shape().describe());
  hand_over(schema_of(values, ""), schema, array, [&] { return array_of(values, keep); });
}

void export_table(const table& values, const intrusive_ptr<store::entry>& keep, ArrowSchema* schema,
                  ArrowArray* array) {
  require_targets(schema, array);
  hand_over(table_schema_of(values), schema, array, [&] { return table_array_of(values, keep); });
}

}  // namespace glint::detail
