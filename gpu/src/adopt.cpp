// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/adopt.hpp>

#include <exception>
#include <string>

#include <glint/base/log.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/storage.hpp>

#include "foreign_memory.hpp"

namespace glint::gpu {
namespace {

/// Memory with the function that ends it; armed once nothing can fail any more.
class adopted final : public ref_counted {
 public:
  explicit adopted(unique_function<void(void*)> deleter) noexcept : deleter_(std::move(deleter)) {}
  void arm(void* data) noexcept {
    data_ = data;
    armed_ = true;
  }

 private:
  ~adopted() override {
    if (!armed_ || !deleter_) return;
    try {
      deleter_(data_);
    } catch (const std::exception& e) {
      log(log_level::error, "the deleter of adopted memory threw: ", e.what());
    } catch (...) {
      log(log_level::error, "the deleter of adopted memory threw");
    }
  }

  unique_function<void(void*)> deleter_;
  void* data_ = nullptr;
  bool armed_ = false;
};

}  // namespace

result<tensor_base> adopt_memory(void* data, dtype type, extents shape, unique_function<void(void*)> deleter,
                                 const adopt_options& options) {
  const std::size_t bytes = static_cast<std::size_t>(shape.count()) * size_of(type);
  GLINT_TRY(check_foreign_memory({data, bytes, type, options.device}, "adopted memory"));
  auto owner = make_intrusive<adopted>(std::move(deleter));
  auto storage = storage::lent(
      {.data = data, .bytes = bytes, .read_only = options.read_only, .context = options.device, .owner = owner});
  storage->note_write(options.valid_after);
  tensor_base made(std::move(storage), type, shape);
  owner->arm(data);
  return made;
}

}  // namespace glint::gpu
