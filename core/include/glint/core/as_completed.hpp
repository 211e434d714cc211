// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <glint/core/any_ref.hpp>
#include <glint/core/detail/deadline.hpp>
#include <glint/core/detail/watch.hpp>
#include <glint/core/options.hpp>

namespace glint {

/// How long `as_completed` may take.
struct as_completed_options {
  detail::options_guard guard{};
  /// From the call to the last ref; default: as long as it takes.
  std::optional<std::chrono::steady_clock::duration> timeout = {};
};

/// Gives refs in the order in which their objects settle: what `as_completed` returns. Single pass, for one thread.
template <class Ref>
class completions {
  static_assert(detail::some_ref<Ref>, "glint: as_completed takes a vector of refs; a value is ready already");

 public:
  /// Input iterator; compares to std::default_sentinel only.
  class iterator {
   public:
    using value_type = Ref;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    /// The ref, which may be moved from: nothing else of the range holds it.
    [[nodiscard]] Ref& operator*() const noexcept { return *range_->current_; }
    [[nodiscard]] Ref* operator->() const noexcept { return &*range_->current_; }
    iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return i.at_end(); }

   private:
    friend class completions;
    explicit iterator(completions& range) noexcept : range_(&range) {}
    [[nodiscard]] bool at_end() const noexcept { return !range_->current_; }
    completions* range_;
  };

  completions(completions&& other) noexcept = default;
  completions& operator=(completions&&) = delete;
  ~completions() {
    if (queue_) queue_->close();
  }

  /// Waits for the first. May be called once. Throws as `next`.
  [[nodiscard]] iterator begin() {
    advance();
    return iterator(*this);
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// The next ref; blocks until its object is settled. Nothing: all were given. Throws timeout, and `shutdown` if the
  /// runtime ends meanwhile; both with the subject "as_completed".
  [[nodiscard]] std::optional<Ref> next() {
    auto object = queue_->next(until_);
    if (!object) return std::nullopt;
    return detail::ref_to<Ref>(std::move(object));
  }

 private:
  template <class R>
  friend completions<R> as_completed(std::vector<R> refs, as_completed_options options);

  completions(std::vector<intrusive_ptr<store::entry>> objects, detail::deadline until)
      : queue_(detail::start_queue(std::move(objects))), until_(until) {}
  void advance() {
    current_.reset();
    current_ = next();
  }

  intrusive_ptr<detail::completion_queue> queue_;
  detail::deadline until_;
  std::optional<Ref> current_;
};

/// The refs in the order in which their objects settle (become ready or fail), each once; those that are settled
/// already first, as they stand. A ref that is given twice comes twice.
///
///     for (auto& ref : as_completed(std::move(refs))) use(get(std::move(ref)));
///
/// The range holds what it has not given yet, and nothing of what it has: the loop above moves values out if `refs` was
/// the last to hold them. It may be left at any time. Throws empty_ref, not_running; while it is used, timeout and
/// shutdown. A task that waits in it gives its CPU slot back. Cost: a lock for each ref, whatever their number.
template <class Ref>
[[nodiscard]] completions<Ref> as_completed(std::vector<Ref> refs, as_completed_options options = {}) {
  detail::deadline until;
  if (options.timeout) until = detail::deadline_in(*options.timeout);
  auto objects = detail::entries_of(refs);
  refs.clear();  // the range holds them once
  return completions<Ref>(std::move(objects), until);
}

}  // namespace glint
