// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace glint {

/// A 64-bit id that mixes with no other kind of id. Zero, the default, means none. `Tag` names the kind:
/// `static constexpr const char* name`.
template <class Tag>
struct strong_id {
  std::uint64_t value = 0;

  [[nodiscard]] constexpr explicit operator bool() const noexcept { return value != 0; }
  friend constexpr auto operator<=>(const strong_id&, const strong_id&) noexcept = default;
};

/// For people: "task 17", or "no task".
template <class Tag>
[[nodiscard]] std::string to_string(strong_id<Tag> id) {
  return id ? std::string(Tag::name) + ' ' + std::to_string(id.value) : std::string("no ") + Tag::name;
}

template <class Stream, class Tag>
requires requires(Stream& out, const std::string& text) {
  out << text;
}
Stream& operator<<(Stream& out, strong_id<Tag> id) {
  out << to_string(id);
  return out;
}

struct task_id_tag {
  static constexpr const char* name = "task";
};
struct actor_id_tag {
  static constexpr const char* name = "actor";
};
struct object_id_tag {
  static constexpr const char* name = "object";
};
struct node_id_tag {
  static constexpr const char* name = "node";
};

using task_id = strong_id<task_id_tag>;
using actor_id = strong_id<actor_id_tag>;
using object_id = strong_id<object_id_tag>;
using node_id = strong_id<node_id_tag>;

namespace detail {
/// Index of this process's node among those of its cluster: what errors, objects and bodies are said to be from. The
/// runtime's `init` writes it, before anybody can ask; it stays after shutdown, for refs and errors that are left.
inline constinit std::atomic<std::uint32_t> node_index{0};

inline constexpr std::uint64_t ids_per_block = 4096;

/// First id that no thread has taken a block from; one a kind.
template <class Id>
inline constinit std::atomic<std::uint64_t> next_id_block{1};
}  // namespace detail

/// An id that no other call in this process gives, never zero. Ids of one thread rise; those of different threads have
/// no order. Thread-safe. Cost: two thread-local accesses, and one shared atomic operation every 4096 calls; a thread
/// that ends leaves the rest of its block unused.
template <class Id>
[[nodiscard]] Id next_id() noexcept {
  static thread_local constinit std::uint64_t next = 0;
  static thread_local constinit std::uint64_t end = 0;
  if (next == end) [[unlikely]] {
    // Relaxed: only the number itself must be unique.
    next = detail::next_id_block<Id>.fetch_add(detail::ids_per_block, std::memory_order_relaxed);
    end = next + detail::ids_per_block;
  }
  return Id{next++};
}

}  // namespace glint

template <class Tag>
struct std::hash<glint::strong_id<Tag>> {
  /// Fibonacci hashing (Knuth, TAOCP 6.4): ids come in sequence, tables look at the low bits.
  std::size_t operator()(glint::strong_id<Tag> id) const noexcept {
    const std::uint64_t mixed = id.value * 0x9e3779b97f4a7c15ull;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
};
