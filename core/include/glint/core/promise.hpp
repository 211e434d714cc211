// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <type_traits>
#include <utility>

#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/object_ref.hpp>

namespace glint {

/// An object whose value comes later, from whoever keeps the promise: an actor that answers when it can, a callback of
/// another library. Whoever waits for the object holds no thread but its own; tasks that take it as an argument wait as
/// for any other.
///
/// Movable, thread-compatible. A promise that goes without having been kept fails its object with `cancelled`.
template <class T>
class promise {
 public:
  using value_type = T;
  using stored = store::stored<T>;

  /// Throws not_running. Cost: one allocation.
  promise() : promise(detail::call_scope()) {}
  promise(promise&& other) noexcept = default;
  promise& operator=(promise other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~promise() {
    if (!object_) return;
    const detail::soft_call_scope scope;
    if (scope) object_->fail(detail::broken_promise(object_->type().name()));
  }

  /// Refs to the object; ask while the promise is not kept. Throws empty_ref after that.
  [[nodiscard]] object_ref<T> ref() const {
    return detail::ref_access::make<T>(intrusive_ptr<store::entry>(&object()));
  }
  /// Whether anybody still has a ref to the object.
  [[nodiscard]] bool wanted() const noexcept { return object_ && object_->use_count() > 0; }

  /// Gives the object its value and ends the promise. False if it had failed before: cancelled, or shut down. Throws
  /// empty_ref when the promise has ended.
  bool set(stored value = {}) {
    const detail::soft_call_scope scope;
    if (!scope) return give_up();
    object().construct([&value]() -> stored { return std::move(value); });
    const auto kept = std::move(object_);
    const bool there = kept->publish_ready();
    if (!there) kept->discard();
    return there;
  }
  /// Fails the object instead.
  bool fail(error why) {
    const detail::soft_call_scope scope;
    if (!scope) return give_up();
    (void)object();
    const auto kept = std::move(object_);
    return kept->fail(std::move(why));
  }

 private:
  static_assert(!std::is_reference_v<T> && detail::check_transferable<T>());

  explicit promise(const detail::call_scope&) {
    // Refs are its users; the first one, of whoever makes it, is not handed out.
    const auto made = make_intrusive<store::typed_entry<stored>>();
    object_ = hold_ptr<store::typed_entry<stored>>(made.get());
  }
  /// Where the runtime ends, or has ended, shutdown fails the object: whom the object would wake is going.
  bool give_up() {
    (void)object();
    object_ = {};
    return false;
  }
  [[nodiscard]] store::typed_entry<stored>& object() const {
    if (!object_) detail::throw_ended_promise();
    return *object_;
  }

  hold_ptr<store::typed_entry<stored>> object_;
};

}  // namespace glint
