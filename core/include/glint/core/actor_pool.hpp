// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/core/actor.hpp>
#include <glint/core/objects.hpp>
#include <glint/core/wait.hpp>

namespace glint {

template <class Type>
class actor_pool;

namespace detail {

/// The actors of a pool that do nothing for it now. Shared by the pool and the calls made through it.
template <class Type>
struct pool_state {
  std::vector<actor_handle<Type>> idle = {};
  std::size_t busy = 0;
};

template <class Refs>
struct pool_value;
template <class T>
struct pool_value<object_ref<T>> {
  using type = T;
};

}  // namespace detail

/// Calls of one method, made on whichever actors of a pool are idle: one call at a time on each. Calls beyond that wait
/// here, in the order of `submit`, and begin as results are asked for.
///
/// Thread-compatible, together with its pool.
template <class Type, auto Method>
class pool_calls {
 public:
  using ref_type = object_ref<typename detail::pool_value<
      typename detail::outcome<std::remove_cv_t<typename detail::signature_for<Method>::result>>::refs>::type>;
  using value_type = typename ref_type::value_type;

  /// Takes the arguments of one call: values, or refs that are awaited. Begins it if an actor is idle.
  template <class... Args>
  void submit(Args&&... args) {
    waiting_.push_back(job{
        next_number_++,
        [kept = std::make_tuple(std::forward<Args>(args)...)](const actor_handle<Type>& actor) mutable -> ref_type {
          return std::apply([&actor](auto&... arg) { return actor.template call<Method>(std::move(arg)...); }, kept);
        }});
    begin_some();
  }

  /// Calls whose results were not asked for yet.
  [[nodiscard]] std::size_t left() const noexcept { return waiting_.size() + running_.size() + done_.size(); }
  [[nodiscard]] bool has_next() const noexcept { return left() > 0; }

  /// The next result in the order of `submit`; waits for it. Throws what the call failed with, after which the one
  /// behind it is next; actor_stopped when no actor of the pool is left; invalid_argument when there is no next.
  value_type next() { return take(ordered(std::nullopt)); }
  /// Throws timeout when it is not there in time; it is still the next one then.
  template <class Rep, class Period>
  value_type next(std::chrono::duration<Rep, Period> timeout) {
    return take(ordered(std::chrono::steady_clock::now() + timeout));
  }
  /// The result that is there first, whichever it is.
  value_type next_unordered() { return take(first(std::nullopt)); }
  template <class Rep, class Period>
  value_type next_unordered(std::chrono::duration<Rep, Period> timeout) {
    return take(first(std::chrono::steady_clock::now() + timeout));
  }

  pool_calls(pool_calls&&) noexcept = default;
  pool_calls& operator=(pool_calls&&) = delete;
  /// Actors that still work for it go back to the pool when they are done with that, as far as the pool can tell.
  ~pool_calls() {
    if (!state_) return;
    for (auto& r : running_) give_back(std::move(r.actor));
  }

 private:
  friend class actor_pool<Type>;
  using deadline = std::optional<std::chrono::steady_clock::time_point>;
  struct job {
    std::size_t number;
    unique_function<ref_type(const actor_handle<Type>&)> begin;
  };
  struct running {
    std::size_t number;
    actor_handle<Type> actor;
    ref_type ref;
  };

  explicit pool_calls(std::shared_ptr<detail::pool_state<Type>> state) noexcept : state_(std::move(state)) {}

  void begin_some() {
    while (!waiting_.empty() && !state_->idle.empty()) {
      job next = std::move(waiting_.front());
      waiting_.pop_front();
      const actor_handle<Type> actor = state_->idle.back();
      ref_type ref = next.begin(actor);
      running_.push_back({next.number, actor, std::move(ref)});
      state_->idle.pop_back();
      ++state_->busy;
    }
  }
  void give_back(actor_handle<Type> actor) {
    --state_->busy;
    state_->idle.push_back(std::move(actor));
  }
  /// An actor that has ended is not given another call: it would fail at once, and draw one after another.
  [[nodiscard]] static bool alive_after(const ref_type& ref) {
    const auto settled = try_get(ref);
    if (settled->has_value()) return true;
    const errc code = settled->error().code();
    return code != errc::actor_stopped && code != errc::actor_failed;
  }
  /// Takes note of calls that have ended, and begins others in their place.
  void collect() {
    const auto over = std::stable_partition(running_.begin(), running_.end(),
                                            [](const running& r) { return !try_get(r.ref).has_value(); });
    for (auto r = over; r != running_.end(); ++r) {
      if (alive_after(r->ref)) {
        give_back(std::move(r->actor));
      } else {
        --state_->busy;
      }
      done_.emplace(r->number, std::move(r->ref));
    }
    running_.erase(over, running_.end());
    begin_some();
  }
  /// Throws timeout.
  void wait_for_one(const deadline& until) {
    if (running_.empty()) throw_no_actor();
    std::vector<ref_type> refs;
    for (const auto& r : running_) refs.push_back(r.ref);
    wait_options options{.count = 1};
    if (until) options.timeout = std::max(*until - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
    if (wait(refs, options).ready.empty()) {
      throw exception(error(errc::timeout, "no result of the pool was ready in time").with_subject("actor pool"));
    }
  }
  [[noreturn]] void throw_no_actor() const {
    if (state_->busy == 0) {
      throw exception(error(errc::actor_stopped, "no actor of the pool is left").with_subject("actor pool"));
    }
    throw exception(
        error(errc::invalid_argument, "all actors of the pool work for other calls").with_subject("actor pool"));
  }

  ref_type ordered(const deadline& until) {
    require_next();
    for (;;) {
      collect();
      if (const auto found = done_.find(next_result_); found != done_.end()) return taken(found);
      wait_for_one(until);
    }
  }
  ref_type first(const deadline& until) {
    require_next();
    for (;;) {
      collect();
      if (!done_.empty()) return taken(done_.begin());
      wait_for_one(until);
    }
  }
  ref_type taken(typename std::map<std::size_t, ref_type>::iterator which) {
    ref_type ref = std::move(which->second);
    out_of_turn_.insert(which->first);
    done_.erase(which);
    while (out_of_turn_.erase(next_result_) > 0) ++next_result_;
    return ref;
  }
  void require_next() const {
    if (!has_next()) {
      throw exception(error(errc::invalid_argument, "no call is left to have a result").with_subject("actor pool"));
    }
  }
  static value_type take(ref_type ref) { return get(std::move(ref)); }

  std::shared_ptr<detail::pool_state<Type>> state_;
  std::size_t next_number_ = 0;
  std::size_t next_result_ = 0;
  std::deque<job> waiting_;
  std::vector<running> running_;
  std::map<std::size_t, ref_type> done_;
  std::set<std::size_t> out_of_turn_;  // taken before `next` came to them
};

/// The results of a `map`, one after another, each waited for when it is come to: for range-for. Single pass.
template <class Type, auto Method>
class pool_results {
 public:
  using value_type = typename pool_calls<Type, Method>::value_type;
  static_assert(!std::is_void_v<value_type>, "glint: map of a method that returns nothing: use calls, and next()");
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using difference_type = std::ptrdiff_t;
    using value_type = pool_results::value_type;
    iterator() noexcept = default;
    explicit iterator(pool_results& of) : of_(&of) { ++*this; }
    [[nodiscard]] value_type& operator*() const { return *of_->current_; }
    iterator& operator++() {
      of_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& i, std::default_sentinel_t) { return i.over(); }

   private:
    [[nodiscard]] bool over() const noexcept { return !of_->current_; }
    pool_results* of_ = nullptr;
  };

  /// Throws what the first call failed with; `++` of the iterator, what the next ones did.
  [[nodiscard]] iterator begin() { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class actor_pool<Type>;
  pool_results(pool_calls<Type, Method> calls, bool in_order) : calls_(std::move(calls)), in_order_(in_order) {}
  void advance() {
    current_.reset();
    if (!calls_.has_next()) return;
    current_.emplace(in_order_ ? calls_.next() : calls_.next_unordered());
  }
  pool_calls<Type, Method> calls_;
  bool in_order_;
  std::optional<value_type> current_;
};

/// Several actors of one class that share work: each has one call of the pool's at a time, so that who is quicker does
/// more. After Ray's ActorPool. Thread-compatible.
template <class Type>
class actor_pool {
 public:
  /// Throws invalid_argument without actors, empty_ref for a handle of none.
  explicit actor_pool(std::vector<actor_handle<Type>> actors) : state_(std::make_shared<detail::pool_state<Type>>()) {
    if (actors.empty()) throw exception(error(errc::invalid_argument, "an actor pool of no actors"));
    for (auto& actor : actors) push(std::move(actor));
  }

  /// Calls of `Method` through the pool; several may be under way at once, and share the actors.
  template <auto Method>
  [[nodiscard]] pool_calls<Type, Method> calls() {
    return pool_calls<Type, Method>(state_);
  }

  /// Calls `Method` with each element of `inputs` (values, or refs), and gives the results in the order of the inputs:
  ///
  ///     for (const float loss : pool.map<&model::loss>(batches)) ...
  template <auto Method, class Range>
  [[nodiscard]] pool_results<Type, Method> map(Range&& inputs) {
    return results<Method>(std::forward<Range>(inputs), true);
  }
  /// The same; gives the results as they come.
  template <auto Method, class Range>
  [[nodiscard]] pool_results<Type, Method> map_unordered(Range&& inputs) {
    return results<Method>(std::forward<Range>(inputs), false);
  }

  /// Actors that do nothing for the pool now, as far as results were asked for.
  [[nodiscard]] std::size_t idle() const noexcept { return state_->idle.size(); }
  [[nodiscard]] std::size_t size() const noexcept { return state_->idle.size() + state_->busy; }
  /// Adds an actor.
  void push(actor_handle<Type> actor) {
    if (!actor) throw exception(error(errc::empty_ref, "the handle is of no actor").with_subject("actor pool"));
    state_->idle.push_back(std::move(actor));
  }
  /// Takes an idle one out; nothing if all work.
  [[nodiscard]] std::optional<actor_handle<Type>> pop_idle() {
    if (state_->idle.empty()) return std::nullopt;
    actor_handle<Type> actor = std::move(state_->idle.back());
    state_->idle.pop_back();
    return actor;
  }

 private:
  template <auto Method, class Range>
  pool_results<Type, Method> results(Range&& inputs, bool in_order) {
    auto made = calls<Method>();
    for (auto&& input : inputs) {
      if constexpr (std::is_lvalue_reference_v<Range>) {
        made.submit(input);
      } else {
        made.submit(std::move(input));
      }
    }
    return pool_results<Type, Method>(std::move(made), in_order);
  }
  std::shared_ptr<detail::pool_state<Type>> state_;
};

}  // namespace glint
