// SPDX-License-Identifier: Apache-2.0
#include "kept_memory.hpp"

#include <malloc.h>

#include <glint/base/recycled_memory.hpp>

namespace glint::detail {
namespace {

#if defined(__GLIBC__)
/// glibc's own. It also moves both by itself as long as nobody has set them.
constexpr int mapped_blocks_by_default = 65'536;
constexpr int trim_threshold_by_default = 128 << 10;

/// Large blocks come from the heap, too, whose end is given back only when more than so much of it is free.
void keep(std::size_t bytes) noexcept {
  (void)mallopt(M_MMAP_MAX, 0);
  (void)mallopt(M_TRIM_THRESHOLD, static_cast<int>(bytes));
}
void keep_no_more() noexcept {
  (void)mallopt(M_MMAP_MAX, mapped_blocks_by_default);
  (void)mallopt(M_TRIM_THRESHOLD, trim_threshold_by_default);
  (void)malloc_trim(0);
}
#else
void keep(std::size_t) noexcept {}
void keep_no_more() noexcept {}
#endif

}  // namespace

kept_memory::kept_memory(const config& settings) noexcept : malloc_keeps_(settings.malloc_keep_bytes != 0) {
  recycled_memory::keep_bytes(settings.recycled_bytes);
  if (malloc_keeps_) keep(settings.malloc_keep_bytes);
}

kept_memory::~kept_memory() {
  recycled_memory::keep_bytes(0);
  if (malloc_keeps_) keep_no_more();
}

}  // namespace glint::detail
