// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/store/entry.hpp>

/// Whether refs are to different objects, for one who asks that again and again about what is left of a list.
namespace glint::detail {

/// What tells one list of objects from another, whatever their order: their number, the sum of their addresses and the
/// sum of those mixed up. Of a list without some objects it follows from the list's and theirs.
class list_print {
 public:
  void add(const store::entry* e) noexcept {
    const std::uint64_t address = reinterpret_cast<std::uintptr_t>(e);
    ++count_;
    sum_ += address;
    mixed_sum_ += mixed(address);
  }
  void subtract(const store::entry* e) noexcept {
    const std::uint64_t address = reinterpret_cast<std::uintptr_t>(e);
    --count_;
    sum_ -= address;
    mixed_sum_ -= mixed(address);
  }
  friend bool operator==(const list_print&, const list_print&) = default;

 private:
  static std::uint64_t mixed(std::uint64_t address) noexcept {
    const std::uint64_t product = address * 0x9e37'79b9'7f4a'7c15;  // 2^64 by the golden ratio
    return product ^ (product >> 32);
  }

  std::size_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t mixed_sum_ = 0;
};

/// Throws empty_ref, duplicate_ref, for the first such ref. Returns the list's print.
///
/// Cost: half a nanosecond a ref for the list that this thread has named to `expect_distinct` last, else some 5 ns.
/// That list is told from others by its print, which another of the same length has by chance once in 2^64 times and
/// more; a duplicate in it would then count twice.
list_print require_distinct(std::span<const intrusive_ptr<store::entry>> entries);

/// The list with this print has no duplicates, and the thread will probably ask so: it is what is left of one. What is
/// remembered is about addresses: which objects lie there, and whether any do, may change meanwhile.
void expect_distinct(const list_print& list) noexcept;

}  // namespace glint::detail
