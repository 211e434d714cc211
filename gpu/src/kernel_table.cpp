// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/detail/kernel_table.hpp>

#include <atomic>

namespace glint::gpu::detail {
namespace {

/// Newest first. A table is complete before it is seen, and never changes or goes afterwards.
constinit std::atomic<const kernel_table*> tables{nullptr};

}  // namespace

kernel_registration::kernel_registration(kernel_table& table) noexcept {
  table.next = tables.load();
  while (!tables.compare_exchange_weak(table.next, &table)) {
  }
}

device_kernel find_device_kernel(const void* on_host) noexcept {
  for (const kernel_table* t = tables.load(); t != nullptr; t = t->next) {
    for (std::size_t i = 0; i < t->count; ++i) {
      if (t->pairs[i].on_host == on_host && t->pairs[i].on_device) return {t->pairs[i].on_device, t->launch};
    }
  }
  return {};
}

}  // namespace glint::gpu::detail
