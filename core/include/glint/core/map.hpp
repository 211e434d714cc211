// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/core/cancel.hpp>
#include <glint/core/detail/map_record.hpp>
#include <glint/core/submit.hpp>

namespace glint {

namespace detail {

/// What a call is given for an element: the element of a container that is given up is moved, any other is as the range
/// gives it. (A view that is given up does not own its elements.)
template <class Range>
struct map_elements {
  using given = std::ranges::range_reference_t<Range>;
  static constexpr bool moves = !std::is_lvalue_reference_v<Range> && !std::ranges::view<std::remove_cvref_t<Range>> &&
                                !std::ranges::borrowed_range<Range> && std::is_lvalue_reference_v<given>;
  using argument = std::conditional_t<moves, std::remove_reference_t<given>, given>;
  template <class Iterator>
  [[nodiscard]] static argument&& of(const Iterator& at) requires moves {
    return std::move(*at);
  }
  template <class Iterator>
  [[nodiscard]] static given of(const Iterator& at) requires(!moves) {
    return *at;
  }
};

/// The first parameter.
template <class Parameters>
struct map_parameter {
  using type = void;
};
template <class P>
struct map_parameter<parameter_list<P>> {
  using type = P;
};

/// Whether calls can stand in a record: on the CPU, of one value that lies in the record, that make one object and hold
/// their thread.
template <class Signature, class Argument>
constexpr bool fits_record() noexcept {
  using parameter = typename map_parameter<typename Signature::parameters>::type;
  using result = std::remove_cv_t<typename Signature::result>;
  if constexpr (Signature::on_device || is_coroutine<result>) {
    return false;
  } else if constexpr (!std::is_same_v<slot_for<parameter, Argument>, value_slot<parameter>>) {
    return false;
  } else {
    using value = std::remove_cvref_t<parameter>;
    return std::is_same_v<typename outcome<result>::refs, object_ref<result>> && std::is_move_constructible_v<value> &&
           alignof(value) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
  }
}

/// How a body gets the element: a parameter `T` has it moved in, and it is not there for another attempt, unless it can
/// be copied as bytes.
template <class P, class Value>
decltype(auto) hand_over(task_base& task, Value& value) {
  if constexpr (passing_of<P>() == passing::borrow) {
    return std::as_const(value);
  } else {
    if constexpr (!std::is_trivially_copyable_v<Value>) task.moved_in();
    return std::move(value);
  }
}

/// Body of a record: a function given as a template argument.
template <auto Function>
struct map_function {
  using signature = signature_for<Function>;
  using result = std::remove_cv_t<typename signature::result>;
  using parameter = typename map_parameter<typename signature::parameters>::type;
  static constexpr const task_traits& traits = function_body<Function>::traits;

  template <class Value>
  result call(task_base& task, Value& value) {
    return Function(hand_over<parameter>(task, value));
  }
  void call_over(std::size_t) noexcept {}
};

/// Body of a record: a function object that its calls share. It is gone before the last of them is settled, as
/// arguments are.
template <class Callable>
struct map_callable {
  using signature = detail::signature<Callable>;
  using result = std::remove_cv_t<typename signature::result>;
  using parameter = typename map_parameter<typename signature::parameters>::type;
  static constexpr const task_traits& traits = callable_body<Callable>::traits;

  explicit map_callable(std::shared_ptr<const Callable> object) noexcept : callable(std::move(object)) {}
  map_callable(const map_callable& other) noexcept : callable(other.callable) {}
  map_callable& operator=(const map_callable&) = delete;

  template <class Value>
  result call(task_base& task, Value& value) {
    return (*callable)(hand_over<parameter>(task, value));
  }
  void call_over(std::size_t calls) noexcept {
    if (over.fetch_add(1, std::memory_order_acq_rel) + 1 == calls) callable.reset();
  }

  std::shared_ptr<const Callable> callable;  // the records share it: any of them may be the last
  std::atomic<std::size_t> over{0};
};

/// The refs that `map` has so far: cancelled unless it comes to its end.
template <class Refs>
class refs_so_far {
 public:
  refs_so_far() = default;
  refs_so_far(const refs_so_far&) = delete;
  refs_so_far& operator=(const refs_so_far&) = delete;
  ~refs_so_far() {
    for (Refs& refs : made) cancel_one(refs);
  }
  [[nodiscard]] std::vector<Refs> take() noexcept { return std::exchange(made, {}); }

  std::vector<Refs> made;

 private:
  template <class T>
  static void cancel_one(T& ref) {
    if constexpr (requires { cancel(ref); }) {
      (void)glint::cancel(ref);
    } else {
      (void)glint::cancel(std::get<0>(ref));
    }
  }
};

template <class Range>
[[nodiscard]] std::size_t size_of(Range& range) {
  if constexpr (std::ranges::sized_range<Range>) {
    return static_cast<std::size_t>(std::ranges::size(range));
  } else {
    return 0;
  }
}

/// The calls of one record: their values first, as the range is the user's code, which may block or throw; then the
/// record, while the runtime cannot go away.
template <class Body>
class map_batch {
 public:
  using value = std::remove_cvref_t<typename Body::parameter>;
  using ref = object_ref<typename Body::result>;

  explicit map_batch(std::size_t expected) {
    values_.reserve(expected == 0 ? map_record::size_max : std::min(expected, map_record::size_max));
  }

  template <class Argument>
  void add(Argument&& argument) {
    if constexpr (some_ref<Argument>) require_ref(entry_of(argument));
    values_.emplace_back(std::forward<Argument>(argument));
  }
  [[nodiscard]] bool full() const noexcept { return values_.size() == map_record::size_max; }

  void submit(const Body& body, std::vector<ref>& refs) {
    if (values_.empty()) return;
    const call_scope scope;
    const auto drop = [](auto* record) noexcept { record->drop(); };
    using record = typed_map_record<Body, value>;
    std::unique_ptr<record, decltype(drop)> made(record::make(scope.get(), body, values_.size()), drop);
    for (held& each : values_) refs.push_back(made->add(std::move(each.value)));
    values_.clear();
    join_family(*made);
    made.release()->begin();
  }

 private:
  struct held {
    template <class Argument>
    explicit held(Argument&& argument) : value(std::forward<Argument>(argument)) {}
    map_batch::value value;
  };
  std::vector<held> values_;
};

template <class Body, class Range>
[[nodiscard]] auto map_in_records(const Body& body, Range&& range) {
  { const call_scope running; }  // throws not_running, also for an empty range
  const std::size_t expected = size_of(range);
  refs_so_far<object_ref<typename Body::result>> refs;
  refs.made.reserve(expected);
  map_batch<Body> batch(expected);
  const auto end = std::ranges::end(range);
  for (auto at = std::ranges::begin(range); at != end; ++at) {
    batch.add(map_elements<Range>::of(at));
    if (batch.full()) batch.submit(body, refs.made);
  }
  batch.submit(body, refs.made);
  return refs.take();
}

template <class Submit, class Range>
[[nodiscard]] auto map_one_by_one(const Submit& submit_one, Range&& range) {
  { const call_scope running; }
  using ref = decltype(submit_one(map_elements<Range>::of(std::ranges::begin(range))));
  refs_so_far<ref> refs;
  refs.made.reserve(size_of(range));
  const auto end = std::ranges::end(range);
  for (auto at = std::ranges::begin(range); at != end; ++at) {
    refs.made.push_back(submit_one(map_elements<Range>::of(at)));
  }
  return refs.take();
}

/// True if a call with an element of the range is right.
template <class Signature, class Range>
constexpr bool check_map() noexcept {
  constexpr bool one = Signature::parameters::size == 1;
  static_assert(one, "glint: map calls a function of one parameter, with each element of the range; bind the others");
  if constexpr (one && check_coroutine<Signature>()) {
    return check_call<typename Signature::parameters, std::remove_cv_t<typename Signature::result>,
                      typename map_elements<Range>::argument>();
  }
  return false;
}

}  // namespace detail

/// Calls `Function` with each element of a range, each call a task, and returns the refs in their order: the same as a
/// `submit` of each, at a fraction of the cost.
///
/// The elements of a container that is given up are moved, those of any other range copied. An element that is an
/// object_ref is awaited, or passed on to a parameter that is a ref, as by `submit`. Each ref is a ref of its own: a
/// call fails by itself, is cancelled by its own ref, and has an id of its own. Calls may begin while the range is
/// still being read, in any order, and wait for each other. `this_task`, the stop token and all errors are as for
/// `submit`.
///
/// Throws as `submit`, and what reading the range throws; then what was submitted so far is cancelled. Thread-safe.
/// Blocks only where the range does. Cost: calls of values on the CPU are submitted 64 at a time, one record and one
/// entry in a queue for all; for a call an allocation, its object's. Functions of a gpu_context, coroutines, functions
/// that return a tuple, values with tensors inside and elements that are awaited cost a `submit` each.
template <auto Function, std::ranges::input_range Range>
[[nodiscard]] auto map(Range&& range) {
  using signature = detail::signature_for<Function>;
  if constexpr (detail::check_map<signature, Range>()) {
    if constexpr (detail::fits_record<signature, typename detail::map_elements<Range>::argument>()) {
      return detail::map_in_records(detail::map_function<Function>{}, std::forward<Range>(range));
    } else {
      const auto one = []<class Element>(Element&& e) { return submit<Function>(std::forward<Element>(e)); };
      return detail::map_one_by_one(one, std::forward<Range>(range));
    }
  }
}

/// The same with options, which are those of each call. Cost: a `submit` a call.
template <auto Function, std::ranges::input_range Range>
[[nodiscard]] auto map(const task_options& options, Range&& range) {
  if constexpr (detail::check_map<detail::signature_for<Function>, Range>()) {
    const auto one = [&]<class Element>(Element&& e) { return submit<Function>(options, std::forward<Element>(e)); };
    return detail::map_one_by_one(one, std::forward<Range>(range));
  }
}

/// The same with a function object that may have state. One whose call operator is const is shared by all calls, which
/// may run at the same time; of any other each call gets a copy, and costs a `submit`.
template <detail::submittable Callable, std::ranges::input_range Range>
[[nodiscard]] auto map(Callable&& callable, Range&& range) {
  using object = std::decay_t<Callable>;
  using signature = detail::signature<object>;
  if constexpr (detail::check_map<signature, Range>()) {
    if constexpr (signature::is_const &&
                  detail::fits_record<signature, typename detail::map_elements<Range>::argument>()) {
      const detail::map_callable<object> body(std::make_shared<const object>(std::forward<Callable>(callable)));
      return detail::map_in_records(body, std::forward<Range>(range));
    } else {
      return map(task_options{}, std::forward<Callable>(callable), std::forward<Range>(range));
    }
  }
}

/// The same with options, which are those of each call, and a copy of the function object for each. Cost: a `submit` a
/// call.
template <detail::submittable Callable, std::ranges::input_range Range>
[[nodiscard]] auto map(const task_options& options, Callable&& callable, Range&& range) {
  constexpr bool copied = std::is_copy_constructible_v<std::decay_t<Callable>>;
  static_assert(copied, "glint: each of these calls of map has a copy of the function object, which cannot be copied");
  if constexpr (copied && detail::check_map<detail::signature<std::decay_t<Callable>>, Range>()) {
    const auto one = [&]<class Element>(Element&& e) {
      return submit(options, std::decay_t<Callable>(std::as_const(callable)), std::forward<Element>(e));
    };
    return detail::map_one_by_one(one, std::forward<Range>(range));
  }
}

}  // namespace glint
