// SPDX-License-Identifier: Apache-2.0
#include "distinct.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>

namespace glint::detail {
namespace {

using entry_ptr = intrusive_ptr<store::entry>;

/// Where so few are compared with each other, no table is needed.
constexpr std::size_t few = 16;

constinit thread_local list_print expected;

/// Addresses that were seen: open addressing, at most half full.
class seen_addresses {
 public:
  explicit seen_addresses(std::size_t count) : slots_(std::bit_ceil(2 * count)), mask_(slots_.size() - 1) {}

  /// False: it was there.
  [[nodiscard]] bool insert(const store::entry* e) noexcept {
    const std::uint64_t product = reinterpret_cast<std::uintptr_t>(e) * std::uint64_t{0x9e37'79b9'7f4a'7c15};
    for (std::size_t at = (product >> 32) & mask_;; at = (at + 1) & mask_) {
      if (slots_[at] == e) return false;
      if (slots_[at]) continue;
      slots_[at] = e;
      return true;
    }
  }

 private:
  std::vector<const store::entry*> slots_;
  std::size_t mask_;
};

[[noreturn]] void throw_duplicate(const store::entry& e) {
  throw exception(error(errc::duplicate_ref, "wait was given two refs to one object of type " + e.type().name()));
}

void compare_few(std::span<const entry_ptr> entries) {
  for (auto e = entries.begin(); e != entries.end(); ++e) {
    require_ref(*e);
    if (std::find(entries.begin(), e, *e) != e) throw_duplicate(**e);
  }
}

void compare_many(std::span<const entry_ptr> entries) {
  seen_addresses seen(entries.size());
  for (const entry_ptr& e : entries) {
    require_ref(e);
    if (!seen.insert(e.get())) throw_duplicate(*e);
  }
}

}  // namespace

list_print require_distinct(std::span<const entry_ptr> entries) {
  list_print print;
  for (const entry_ptr& e : entries) print.add(e.get());
  if (print == expected) return print;
  entries.size() <= few ? compare_few(entries) : compare_many(entries);
  return print;
}

void expect_distinct(const list_print& list) noexcept {
  expected = list;
}

}  // namespace glint::detail
