// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace glint_bench {

/// What this process has done so far, all its threads together.
struct counts {
  std::uint64_t allocations = 0;
  std::uint64_t bytes = 0;   ///< Asked for, not what the allocator made of it.
  std::uint64_t locks = 0;   ///< Mutexes taken, Glint's spin_mutex among them; 0 where they are not counted.
  std::uint64_t copies = 0;  ///< Of counted_value.
};

[[nodiscard]] counts counts_now() noexcept;

/// Locks are counted where the build was told so (GLINT_TEST_COUNT_LOCKS: spin_mutex is inline) and no sanitizer has
/// put its own functions in their place.
[[nodiscard]] bool locks_are_counted() noexcept;

void count_copy() noexcept;

/// A value that notes when it is copied; moving it is free.
class counted_value {
 public:
  explicit counted_value(int number = 0) noexcept : number_(number) {}
  counted_value(const counted_value& other) noexcept : number_(other.number_) { count_copy(); }
  counted_value(counted_value&&) noexcept = default;
  counted_value& operator=(const counted_value& other) noexcept {
    number_ = other.number_;
    count_copy();
    return *this;
  }
  counted_value& operator=(counted_value&&) noexcept = default;
  ~counted_value() = default;
  [[nodiscard]] int number() const noexcept { return number_; }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(number_);
  }

 private:
  int number_;
};

}  // namespace glint_bench
