// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/core/arrow.hpp>
#include <glint/gpu/platform.hpp>

/// What the imports of Arrow's C data and C device data interfaces share.
namespace glint::detail {

/// Calls a structure's release, which ends all in it; nothing for one that was moved from.
template <class Structure>
void end(Structure& s) noexcept {
  if (s.release) s.release(&s);
}

/// An array moved here from its producer; released when nobody uses its buffers any more.
class foreign_array final : public ref_counted {
 public:
  explicit foreign_array(ArrowArray* from) noexcept : array_(*from) { from->release = nullptr; }
  [[nodiscard]] const ArrowArray& operator*() const noexcept { return array_; }

 private:
  ~foreign_array() override { end(array_); }
  ArrowArray array_;
};

/// Both, taken over from their producer: ended with the scope, the array unless somebody holds it.
class taken_over {
 public:
  taken_over(ArrowSchema* schema, ArrowArray* array) {
    const bool given = schema && array && schema->release && array->release;
    if (schema && schema->release) {
      schema_ = *schema;
      schema->release = nullptr;
    }
    if (array && array->release) array_ = make_intrusive<foreign_array>(array);
    if (!given) {
      end(schema_);  // the destructor of what was not made does not run
      throw exception(error(errc::invalid_argument, "a null pointer, or released already").with_subject("arrow array"));
    }
  }
  taken_over(const taken_over&) = delete;
  taken_over& operator=(const taken_over&) = delete;
  ~taken_over() { end(schema_); }

  [[nodiscard]] const ArrowSchema& schema() const noexcept { return schema_; }
  [[nodiscard]] const intrusive_ptr<foreign_array>& holder() const noexcept { return array_; }

 private:
  ArrowSchema schema_{};
  intrusive_ptr<foreign_array> array_;
};

/// Where an array's buffers lie, and from when on.
struct array_source {
  intrusive_ptr<foreign_array> holder;
  gpu::device_context* device = nullptr;  ///< Null: the host.
  gpu::stream_point ready = {};           ///< On the host, reached.
};

/// Over the whole array. Throw as import_arrow says.
[[nodiscard]] tensor_base array_over(const ArrowSchema& schema, const array_source& from);
[[nodiscard]] table table_over(const ArrowSchema& schema, const array_source& from);

}  // namespace glint::detail
