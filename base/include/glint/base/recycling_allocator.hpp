// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/base/recycled_memory.hpp>

namespace glint {

/// The allocator of containers whose memory is Glint's: large blocks are kept when they are freed, and used again (see
/// recycled_memory). All are equal.
///
/// Elements that are made of nothing are left as the memory was, as by `new T[n]`, where their type allows that: a
/// vector that is about to be filled is not filled with zeros first. So `recycled_vector<int>(n)` and `resize(n)` give
/// any values; `recycled_vector<int>(n, 0)` and `resize(n, 0)` zeros.
template <class T>
class recycling_allocator {
  static_assert(alignof(T) <= recycled_memory::alignment, "glint: an element that is aligned to more than 64 bytes");

 public:
  using value_type = T;
  using is_always_equal = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;

  constexpr recycling_allocator() noexcept = default;
  template <class U>
  constexpr recycling_allocator(const recycling_allocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(recycled_memory::allocate(count * sizeof(T)));
  }
  void deallocate(T* elements, std::size_t count) noexcept { recycled_memory::free(elements, count * sizeof(T)); }

  template <class U>
  void construct(U* element) noexcept(std::is_nothrow_default_constructible_v<U>) {
    ::new (static_cast<void*>(element)) U;
  }
  template <class U, class... Args>
  void construct(U* element, Args&&... args) {
    std::construct_at(element, std::forward<Args>(args)...);
  }

  friend constexpr bool operator==(const recycling_allocator&, const recycling_allocator&) noexcept { return true; }
};

template <class T>
using recycled_vector = std::vector<T, recycling_allocator<T>>;

namespace detail {

template <class T>
inline constexpr bool is_recycled_vector = false;
template <class T>
inline constexpr bool is_recycled_vector<recycled_vector<T>> =
    std::is_trivially_copyable_v<T>&& std::is_trivially_default_constructible_v<T>;

/// As T's copy constructor. With an allocator of one's own that goes element by element in libstdc++, a third as fast
/// as `memcpy`; assignment to elements that are there does not.
template <class T>
[[nodiscard]] T copy_of(const T& value) {
  if constexpr (is_recycled_vector<T>) {
    T copy;
    copy.resize(value.size());
    copy = value;
    return copy;
  } else {
    return value;
  }
}

}  // namespace detail

}  // namespace glint
