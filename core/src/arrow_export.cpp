// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/arrow.hpp>
#include "arrow_format.hpp"
#include "arrow_structures.hpp"

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
  kept_by_array keep;
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

}  // namespace

void refuse_array(std::string why) {
  throw exception(error(errc::invalid_argument, std::move(why)).with_subject("arrow array"));
}

void require_targets(const ArrowSchema* schema, const ArrowArray* array) {
  if (!schema || !array) refuse_array("exported to a null pointer");
}

void require_column(const tensor_base& values) {
  if (values.empty_handle()) refuse_array("an empty tensor handle");
  if (values.shape().rank() != 1) refuse_array("an Arrow array has one dimension, not " + values.shape().describe());
}

bool exported_here(const ArrowArray& array) noexcept {
  return array.release == &release_leaf<array_of_column, ArrowArray> ||
         array.release == &release_with_columns<array_of_table, ArrowArray>;
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

tensor_base host_elements(const tensor_base& values) {
  tensor_base elements = values.on_host();
  if (elements.contiguous()) return elements;
  auto copied = elements.copy_on_host();
  if (!copied) throw_error(copied.error());
  return *std::move(copied);
}

ArrowArray array_of(tensor_base elements, kept_by_array keep) {
  auto owned = std::make_unique<array_of_column>(array_of_column{std::move(elements), std::move(keep), {}});
  owned->buffers[1] = owned->elements.address();
  return {.length = owned->elements.size(),
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

ArrowArray table_array_of(const table& values, const kept_by_array& keep, elements_of from) {
  unfinished<array_of_table> made;
  made.owned->columns.reserve(values.columns().size());
  for (const auto& column : values.columns()) made.owned->columns.push_back(array_of(from(column.values), keep));
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

void export_array(const tensor_base& values, const intrusive_ptr<store::entry>& keep, ArrowSchema* schema,
                  ArrowArray* array) {
  require_targets(schema, array);
  require_column(values);
  hand_over(schema_of(values, ""), schema, [&] { *array = array_of(host_elements(values), {.object = keep}); });
}

void export_table(const table& values, const intrusive_ptr<store::entry>& keep, ArrowSchema* schema,
                  ArrowArray* array) {
  require_targets(schema, array);
  hand_over(table_schema_of(values), schema,
            [&] { *array = table_array_of(values, {.object = keep}, &host_elements); });
}

}  // namespace glint::detail
