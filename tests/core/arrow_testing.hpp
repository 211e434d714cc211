// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <glint/core/arrow.hpp>
#include "fixture.hpp"

/// What tests of tables and of Arrow's C data interface share: consumers and producers written by its specification.
namespace glint_test {

template <class T>
[[nodiscard]] std::vector<T> elements(const glint::tensor<T>& t) {
  const auto values = t.values();
  return {values.begin(), values.end()};
}

[[nodiscard]] inline glint::table some_table() {
  glint::table made;
  made.add("id", glint::tensor<std::int64_t>::from({1, 2, 3}))
      .add("weight", glint::tensor<double>::from({.5, 1.5, 2.5}));
  return made;
}

[[nodiscard]] inline glint::tensor<float> on_device(glint::gpu_context& gpu, const glint::tensor<float>& x) {
  return gpu.to_device(x);
}

/// The elements of an exported array, as a consumer reads them.
template <class T>
[[nodiscard]] std::vector<T> read(const ArrowArray& array) {
  const T* const first = static_cast<const T*>(array.buffers[1]) + array.offset;
  return {first, first + array.length};
}

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

}  // namespace glint_test
