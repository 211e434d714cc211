// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include <glint/core/detail/body_runner.hpp>
#include <glint/core/detail/coroutine.hpp>
#include <glint/core/detail/stream_state.hpp>

namespace glint {

template <class T>
class generator;

namespace detail {

template <class T>
struct stream_entries;

/// The ref that a reader gets of an element: to the object, to one that failed, or none at the end.
template <class T>
[[nodiscard]] std::optional<object_ref<T>> ref_to(stream_state::element found) {
  if (found.object) return ref_access::make<T>(std::move(found.object));
  if (!found.failure) return std::nullopt;
  auto failed = make_intrusive<store::typed_entry<T>>();
  failed->fail(*std::move(found.failure));
  return ref_access::make<T>(std::move(failed));
}

/// A wait for the next element that shutdown ended.
[[noreturn]] inline void throw_failure_of_stream(const store::entry& signal) {
  throw_error(signal.failure().with_subject("object_stream"));
}

/// Waits, in a coroutine, for the next element of a stream.
template <class T>
class next_awaiter final : public suspension, public store::waiter {
 public:
  next_awaiter(coroutine_task& owner, stream_state& stream) noexcept
      : waiter(store::readiness::ready), owner_(owner), stream_(stream) {}

  [[nodiscard]] bool await_ready() {
    found_ = stream_.next();
    return !found_.signal;
  }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> self) noexcept {
    owner_.next = self;
    return owner_.task.suspend_on(*this, [this] { return found_.signal->add(*this); });
  }
  [[nodiscard]] std::optional<object_ref<T>> await_resume() {
    if (owner_.task.stop_requested()) throw_error(owner_.task.stop_reason());
    if (found_.signal) {
      if (found_.signal->level() == store::readiness::failed) throw_failure_of_stream(*found_.signal);
      found_ = stream_.next();
    }
    return ref_to<T>(std::move(found_));
  }

 private:
  void level_reached(store::entry&) noexcept override { owner_.task.wake(); }
  bool withdraw() noexcept override { return found_.signal->remove(*this); }

  coroutine_task& owner_;
  stream_state& stream_;
  stream_state::element found_;
};

}  // namespace detail

/// The reader's end of what a generator yields: refs to objects, in order, each once.
///
///     for (const glint::object_ref<int>& ref : glint::submit<count_up>(10)) use(glint::get(ref));
///     while (auto ref = co_await stream) use(co_await *ref);             // in a coroutine
///
/// The generator runs ahead of its reader by at most the option `read_ahead`, and holds no thread while it waits. If it
/// fails, what it had yielded can be read; the next ref has the error; then comes the end. Dropping the stream stops
/// the generator, as cancel does, and drops what was not read. Move-only; for one thread at a time.
template <class T>
class [[nodiscard]] object_stream {
 public:
  object_stream(object_stream&&) noexcept = default;
  object_stream& operator=(object_stream other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~object_stream() {
    if (state_) state_->close();
  }

  /// The next object's ref, nothing at the end. Blocks as `get` does while there is none, and throws what `get` throws
  /// when the wait ends otherwise (shutdown, the calling task was stopped).
  [[nodiscard]] std::optional<object_ref<T>> next() {
    for (;;) {
      auto found = state().next();
      if (!found.signal) return detail::ref_to<T>(std::move(found));
      detail::wait_settled(found.signal, {});
      if (found.signal->level() == store::readiness::failed) detail::throw_failure_of_stream(*found.signal);
    }
  }
  /// The runtime's: `co_await stream`.
  [[nodiscard]] detail::next_awaiter<T> awaiter_in(detail::coroutine_task& owner) { return {owner, state()}; }

  /// A pass over what has not been read yet; input iterators, as for std::ranges::istream_view.
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = object_ref<T>;
    explicit iterator(object_stream& stream) : stream_(&stream), current_(stream.next()) {}
    [[nodiscard]] const object_ref<T>& operator*() const noexcept { return *current_; }
    iterator& operator++() {
      current_ = stream_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return !i.current_; }

   private:
    object_stream* stream_;
    std::optional<object_ref<T>> current_;
  };
  [[nodiscard]] iterator begin() { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend struct detail::stream_entries<T>;
  explicit object_stream(intrusive_ptr<detail::stream_state> state) noexcept : state_(std::move(state)) {}
  [[nodiscard]] detail::stream_state& state() const {
    if (!state_) throw exception(error(errc::empty_ref, "the stream was moved from"));
    return *state_;
  }
  intrusive_ptr<detail::stream_state> state_;
};

namespace detail {

template <class T>
class generator_promise final : public promise_base {
 public:
  [[nodiscard]] generator<T> get_return_object() noexcept;
  void return_void() noexcept {}

  /// Suspends where the reader is too far behind.
  class room_awaiter final : public suspension {
   public:
    room_awaiter(coroutine_task& owner, stream_state& stream) noexcept : owner_(owner), stream_(stream) {}
    [[nodiscard]] bool await_ready() noexcept { return !owner_.task.stop_requested() && !stream_.full(); }
    [[nodiscard]] bool await_suspend(std::coroutine_handle<> self) noexcept {
      owner_.next = self;
      return owner_.task.suspend_on(*this, [this] { return stream_.wait_for_room(owner_.task); });
    }
    void await_resume() const {
      if (owner_.task.stop_requested()) throw_error(owner_.task.stop_reason());
    }

   private:
    bool withdraw() noexcept override { return stream_.withdraw_wait(); }
    coroutine_task& owner_;
    stream_state& stream_;
  };

  template <class Value>
  requires std::is_constructible_v<T, Value>
  [[nodiscard]] room_awaiter yield_value(Value&& value) {
    owner_->task.last_attempt(no_retry::objects_yielded);
    auto entry = make_intrusive<store::typed_entry<T>>();
    entry->construct([&]() -> T { return T(std::forward<Value>(value)); });
    entry->publish_ready();
    stream_->push(std::move(entry));
    return {*owner_, *stream_};
  }

  void yield_to(stream_state& stream) noexcept { stream_ = &stream; }

 private:
  stream_state* stream_ = nullptr;
};

}  // namespace detail

/// What a coroutine returns that runs as a task or an actor's method, and makes many objects, one by one:
///
///     glint::generator<int> count_up(int n) { for (int i = 0; i < n; ++i) co_yield i; }
///     glint::object_stream<int> numbers = glint::submit<count_up>(10);
///
/// It may `co_await` what a co_task may.
template <class T>
class [[nodiscard]] generator {
 public:
  using promise_type = detail::generator_promise<T>;

 private:
  friend promise_type;
  friend class detail::body_runner<generator>;
  explicit generator(detail::coroutine_frame<promise_type> frame) noexcept : frame_(std::move(frame)) {}
  detail::coroutine_frame<promise_type> frame_;
};

namespace detail {

template <class T>
generator<T> generator_promise<T>::get_return_object() noexcept {
  return generator<T>(
      coroutine_frame<generator_promise<T>>(std::coroutine_handle<generator_promise<T>>::from_promise(*this)));
}

template <class T>
inline constexpr bool is_coroutine<generator<T>> = true;

/// A generator's results: that it has ended, and the stream.
template <class T>
struct stream_entries {
  [[nodiscard]] std::span<const hold_ptr<store::entry>> holds() const noexcept { return end.holds(); }
  [[nodiscard]] object_stream<T> make_stream() {
    const auto watched = end.refs();
    state->end_with(*end.holds().front());
    return object_stream<T>(state);
  }
  /// Throws empty_ref.
  [[nodiscard]] static stream_state& state_of(const object_stream<T>& stream) { return stream.state(); }
  result_entries<void> end{};
  intrusive_ptr<stream_state> state = make_intrusive<stream_state>();
};

template <class T>
struct outcome<generator<T>> {
  using entries = stream_entries<T>;
  using refs = object_stream<T>;
  [[nodiscard]] static refs take_refs(entries& e) { return e.make_stream(); }
  [[nodiscard]] static constexpr bool check() noexcept { return check_transferable<T>(); }
};

template <class T>
class body_runner<generator<T>> {
 public:
  template <class Call>
  [[nodiscard]] progress begin(task_base& task, stream_entries<T>& entries, Call& call) {
    state_.reset();
    state_.emplace(task, call());
    auto& promise = state_->body.frame_.promise();
    promise.run_within(state_->owner, nullptr);
    promise.yield_to(*entries.state);
    entries.state->limit_to(task.settings().read_ahead);
    state_->owner.next = state_->body.frame_.handle();
    return go_on(task, entries);
  }
  [[nodiscard]] progress go_on(task_base&, stream_entries<T>& entries) {
    if (state_->owner.go_on() == progress::suspended) return progress::suspended;
    state_->body.frame_.promise().rethrow_failure();
    entries.end.template entry<0>().construct([] { return store::unit{}; });
    return progress::done;
  }
  void drop() noexcept { state_.reset(); }

 private:
  struct running {
    running(task_base& task, generator<T> made) noexcept : owner(task), body(std::move(made)) {}
    coroutine_task owner;
    generator<T> body;
  };
  std::optional<running> state_;
};

}  // namespace detail

}  // namespace glint
