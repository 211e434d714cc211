// SPDX-License-Identifier: Apache-2.0
#include "memory_ranges.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace glint::gpu::emulated {
namespace {

/// `begin` is claimed (1) while the rest is written, and published last; it goes first. So whoever finds it unchanged
/// behind the rest has read one range.
struct range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<std::uint64_t> device_id{0};
  std::atomic<int> device_index{0};
};

constexpr std::uintptr_t claimed = 1;
constinit std::array<range, 1024> ranges{};
constinit std::atomic<std::size_t> used_max{0};  // none behind was ever used

}  // namespace

void add_range(const void* base, std::size_t bytes, range_owner owner) noexcept {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    range& r = ranges[i];
    std::uintptr_t unused = 0;
    if (!r.begin.compare_exchange_strong(unused, claimed)) continue;
    r.end.store(reinterpret_cast<std::uintptr_t>(base) + bytes);
    r.device_id.store(owner.device_id);
    r.device_index.store(owner.device_index);
    auto known = used_max.load();
    while (known < i + 1 && !used_max.compare_exchange_weak(known, i + 1)) {
    }
    r.begin.store(reinterpret_cast<std::uintptr_t>(base));
    return;
  }
}

void remove_range(const void* base) noexcept {
  for (range& r : ranges) {
    auto expected = reinterpret_cast<std::uintptr_t>(base);
    if (r.begin.compare_exchange_strong(expected, 0)) return;
  }
}

range_owner owner_of(const void* at) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(at);
  const std::size_t count = used_max.load();
  for (std::size_t i = 0; i < count; ++i) {
    const range& r = ranges[i];
    const auto begin = r.begin.load();
    if (begin <= claimed || address < begin || address >= r.end.load()) continue;
    const range_owner owner{r.device_id.load(), r.device_index.load()};
    if (r.begin.load() == begin) return owner;
  }
  return {};
}

}  // namespace glint::gpu::emulated
