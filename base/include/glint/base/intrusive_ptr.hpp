// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include <glint/base/assert.hpp>

namespace glint {

/// Tag: the pointer takes over a count that the caller already holds.
struct adopt_t {};
inline constexpr adopt_t adopt{};

/// Base of objects that live as long as somebody counts on them. Starts with one user, held by whoever made it.
///
/// Two kinds of holders share one word: *users* (refs that a program holds, arguments of tasks) and *holds* of the
/// runtime itself (a producer that has yet to publish, a listener). Only users decide `unique()`, so that a value may
/// be moved out by its last user although its producer is still on its way out.
///
/// Thread-safe. A count is released with `release` order and only the last releaser acquires, so that two holders that
/// merely let go are never ordered with each other: ThreadSanitizer then still sees a race between them.
/// Budget: one atomic operation a copy, one a release, no allocation.
class ref_counted {
 public:
  ref_counted(const ref_counted&) = delete;
  ref_counted& operator=(const ref_counted&) = delete;

  /// Adds a user. Precondition: the caller holds the object in either way.
  void retain() const noexcept { counts_.fetch_add(one_user, std::memory_order_relaxed); }
  /// Drops a user; the last count of either kind calls `destroy`.
  void release() const noexcept { drop(one_user); }

  /// The same for the runtime's own holds.
  void hold() const noexcept { counts_.fetch_add(one_hold, std::memory_order_relaxed); }
  void unhold() const noexcept { drop(one_hold); }

  /// Adds a hold unless the object is already on its way out; true if added. For registries that list objects without
  /// counting on them, under a lock that the destructor takes too.
  [[nodiscard]] bool hold_if_alive() const noexcept {
    auto counts = counts_.load(std::memory_order_relaxed);
    while (counts != 0) {
      if (counts_.compare_exchange_weak(counts, counts + one_hold, std::memory_order_acquire)) return true;
    }
    return false;
  }

  /// True when there is exactly one user. Stable if the caller is that user.
  [[nodiscard]] bool unique() const noexcept { return use_count() == 1; }

  /// Users held now.
  [[nodiscard]] std::uint32_t use_count() const noexcept {
    return static_cast<std::uint32_t>(counts_.load(std::memory_order_acquire));
  }

 protected:
  ref_counted() noexcept = default;
  virtual ~ref_counted() = default;

 private:
  static constexpr std::uint64_t one_user = 1;
  static constexpr std::uint64_t one_hold = std::uint64_t{1} << 32;

  void drop(std::uint64_t count) const noexcept {
    const auto before = counts_.fetch_sub(count, std::memory_order_release);
    GLINT_ASSERT(before >= count, "released more often than retained");
    if (before == count) {
      counts_.load(std::memory_order_acquire);  // pairs with every release above: their writes happen before destroy
      const_cast<ref_counted*>(this)->destroy();
    }
  }

  /// What the last release does; a type with storage of its own overrides it.
  virtual void destroy() noexcept { delete this; }

  mutable std::atomic<std::uint64_t> counts_{one_user};
};

/// Owning pointer to a `ref_counted` object. Thread-compatible, like std::shared_ptr.
template <class T>
class intrusive_ptr {
 public:
  using element_type = T;

  constexpr intrusive_ptr() noexcept = default;
  constexpr intrusive_ptr(std::nullptr_t) noexcept {}
  intrusive_ptr(T* object, adopt_t) noexcept : object_(object) {}
  /// Adds a count to `object`, which may be null.
  explicit intrusive_ptr(T* object) noexcept : object_(object) {
    if (object_) object_->retain();
  }
  intrusive_ptr(const intrusive_ptr& other) noexcept : intrusive_ptr(other.object_) {}
  intrusive_ptr(intrusive_ptr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  requires std::convertible_to<U*, T*> intrusive_ptr(const intrusive_ptr<U>& other)
  noexcept : intrusive_ptr(other.get()) {}
  template <class U>
  requires std::convertible_to<U*, T*> intrusive_ptr(intrusive_ptr<U>&& other)
  noexcept : object_(other.detach()) {}

  intrusive_ptr& operator=(intrusive_ptr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }

  ~intrusive_ptr() {
    if (object_) object_->release();
  }

  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }

  /// Gives the count to the caller and leaves this empty.
  [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }
  void reset() noexcept { intrusive_ptr().swap(*this); }
  void swap(intrusive_ptr& other) noexcept { std::swap(object_, other.object_); }

  friend bool operator==(const intrusive_ptr& a, const intrusive_ptr& b) noexcept { return a.object_ == b.object_; }
  friend bool operator==(const intrusive_ptr& a, std::nullptr_t) noexcept { return a.object_ == nullptr; }

 private:
  T* object_ = nullptr;
};

/// Owning pointer of the runtime itself: a *hold* (see ref_counted), not a user. Move-only.
template <class T>
class hold_ptr {
 public:
  constexpr hold_ptr() noexcept = default;
  explicit hold_ptr(T* object) noexcept : object_(object) {
    if (object_) object_->hold();
  }
  hold_ptr(T* object, adopt_t) noexcept : object_(object) {}
  hold_ptr(hold_ptr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  requires std::convertible_to<U*, T*> hold_ptr(hold_ptr<U>&& other)
  noexcept : object_(other.detach()) {}
  hold_ptr& operator=(hold_ptr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~hold_ptr() {
    if (object_) object_->unhold();
  }

  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
  /// Gives the hold to the caller and leaves this empty.
  [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

/// Allocates a `T` and adopts its first count.
template <class T, class... Args>
[[nodiscard]] intrusive_ptr<T> make_intrusive(Args&&... args) {
  return intrusive_ptr<T>(new T(std::forward<Args>(args)...), adopt);
}

}  // namespace glint

template <class T>
struct std::hash<glint::intrusive_ptr<T>> {
  std::size_t operator()(const glint::intrusive_ptr<T>& p) const noexcept { return std::hash<T*>{}(p.get()); }
};
