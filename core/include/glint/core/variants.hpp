// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <glint/core/detail/variant_task.hpp>
#include <glint/core/submit.hpp>

namespace glint {

namespace detail {

/// The type of `variants<...>`.
template <auto... Functions>
struct variant_set {};

template <class T>
inline constexpr bool is_variant_set = false;
template <auto... Functions>
inline constexpr bool is_variant_set<variant_set<Functions...>> = true;
/// A value that stands for several functions.
template <auto Value>
inline constexpr bool stands_for_variants = is_variant_set<std::remove_cv_t<decltype(Value)>>;

template <auto Function>
constexpr bool is_method() noexcept {
  return std::is_member_function_pointer_v<std::remove_cv_t<decltype(Function)>>;
}
template <auto Function>
using result_for = std::remove_cv_t<typename signature_for<Function>::result>;

/// True if they can stand for each other; otherwise the first wrong thing is reported as one line.
template <auto First, auto... Rest>
constexpr bool check_variants() noexcept {
  static_assert(sizeof...(Rest) > 0, "glint: variants: there have to be two functions or more");
  constexpr bool method = is_method<First>() || (is_method<Rest>() || ...);
  static_assert(!method, "glint: variants: methods are no variants: an actor is where it is");
  if constexpr (sizeof...(Rest) > 0 && !method) {
    constexpr bool coroutine = is_coroutine<result_for<First>> || (is_coroutine<result_for<Rest>> || ...);
    static_assert(!coroutine, "glint: variants: coroutines are no variants: they submit what may have some");
    using parameters = typename signature_for<First>::parameters;
    constexpr bool same_parameters = (std::is_same_v<typename signature_for<Rest>::parameters, parameters> && ...);
    static_assert(coroutine || same_parameters,
                  "glint: variants: all take the same parameters, a leading gpu_context& apart");
    constexpr bool same_result = (std::is_same_v<result_for<Rest>, result_for<First>> && ...);
    static_assert(coroutine || !same_parameters || same_result, "glint: variants: all return the same type");
    return !coroutine && same_parameters && same_result;
  }
  return false;
}

template <class Set>
struct variants_body;

/// Body of a task: the one of the functions that it chose.
template <auto First, auto... Rest>
struct variants_body<variant_set<First, Rest...>> {
  using signature = signature_for<First>;
  using result = result_for<First>;

  template <class... Args>
  static result call(variant_task& task, gpu_context* gpu, Args&&... args) {
    return call_at<0, First, Rest...>(task, gpu, std::forward<Args>(args)...);
  }

 private:
  template <std::size_t At, auto Function, auto... Others, class... Args>
  static result call_at(variant_task& task, gpu_context* gpu, Args&&... args) {
    if constexpr (sizeof...(Others) > 0) {
      if (task.chosen() != At) return call_at<At + 1, Others...>(task, gpu, std::forward<Args>(args)...);
    }
    if constexpr (signature_for<Function>::on_device) {
      const variant_timing timing(task, gpu);
      return Function(*gpu, std::forward<Args>(args)...);
    } else {
      const variant_timing timing(task, nullptr);
      return Function(std::forward<Args>(args)...);
    }
  }

  static const std::string& name() {
    static const std::string all = [] {
      std::string text = "variants " + function_name<First>();
      ((text += ", " + function_name<Rest>()), ...);
      return text;
    }();
    return all;
  }
  static const char* key() { return typeid(variant_set<First, Rest...>).name(); }
  template <auto Function>
  static constexpr task_traits traits_of{.name = &function_name<Function>,
                                         .kind = "task",
                                         .on_device = signature_for<Function>::on_device,
                                         .users_body = true,
                                         .chooses = true};
  static constexpr std::array<task_traits, 1 + sizeof...(Rest)> each{traits_of<First>, traits_of<Rest>...};

 public:
  static constexpr variant_traits traits{
      {.name = &name,
       .kind = "task",
       .on_device = signature_for<First>::on_device || (signature_for<Rest>::on_device || ...),
       .users_body = true,
       .chooses = true},
      each,
      &key};
};

/// Bytes of an argument that is a value; 0 for what is looked at when the task chooses.
template <class P, class Arg>
std::size_t given_bytes(const Arg& arg) {
  using value = std::remove_cvref_t<P>;
  if constexpr (!std::is_same_v<slot_for<P, Arg>, value_slot<P>>) {
    return 0;
  } else if constexpr (std::is_same_v<value, std::remove_cvref_t<Arg>> && store::detail::may_hold_bytes<value>()) {
    return sizeof(value) + store::detail::held_bytes(arg);
  } else {
    return sizeof(value);
  }
}

template <class Set, class... P, class... Args>
[[nodiscard]] auto submit_variants(parameter_list<P...>, const task_options& options, Args&&... args) {
  const call_scope scope;
  check(options);
  const std::size_t bytes = (std::size_t{0} + ... + given_bytes<P, Args>(args));
  auto [task, refs] =
      make_task<variant_task, parameter_list<P...>>(scope.get(), variants_body<Set>{}, std::forward<Args>(args)...);
  task->note_given(bytes);
  if (options.gpus > 0) task->only_on_device();
  apply(options, *task);
  join_family(*task);
  task->start();
  return std::move(refs);
}

template <class Set>
struct variants_checked;
template <auto... Functions>
struct variants_checked<variant_set<Functions...>> {
  template <class... Args>
  static constexpr bool right() noexcept {
    if constexpr (check_variants<Functions...>()) {
      using body = variants_body<variant_set<Functions...>>;
      return check_call<typename body::signature::parameters, typename body::result, Args...>();
    } else {
      return false;
    }
  }
};

}  // namespace detail

/// Several functions that make the same of the same arguments, on CPUs and on devices, for `submit` to choose from:
///
///     auto sum = glint::submit<glint::variants<sum_on_cpu, sum_on_gpu>>(x);
///
/// Two or more functions, captureless lambdas or function objects; those whose first parameter is `gpu_context&` run on
/// a device, the others on a CPU. The other parameters, and the results, have to be the same types. That they make the
/// same results is the user's to know.
template <auto... Functions>
inline constexpr detail::variant_set<Functions...> variants{};

/// Submits a call of one of several functions as a task; the rest is as in `submit<Function>`.
///
/// Which one is chosen once the arguments are known (on a device: issued), so that it is known how large they are and
/// where they lie: the one that is expected to take the shortest time with what it takes to bring the arguments to it.
/// A copy that is cached there costs nothing. Times are measured as the task runs, by size, and kept between runs where
/// `config::variant_model` names a file; each variant is tried a few times at sizes that are new, and, rarely, later
/// (docs/decisions/0016-how-a-variant-is-chosen.md has by which rule, and what that costs at most). What waits in
/// queues is not counted.
///
/// A CPU variant runs where there is no device, or none any more; with `options.gpus`, only those of devices run. An
/// attempt after a failure (`max_retries`) is another choice, of another variant than the one that failed if there is
/// one. Errors name the function that ran.
///
/// The time of a CPU variant is that of its body. Of one on a device it runs from the begin of the body, or from when
/// the work before it on its stream was seen to have run, if that is later, to when what it enqueued on its first
/// device was seen to have run; but not less than its body took. Nothing waits for that; what completes within a round
/// of the poller (50 to 200 us) is told apart no better.
template <auto Variants, class... Args>
requires detail::stands_for_variants<Variants>
[[nodiscard]] auto submit(task_options options, Args&&... args) {
  using set = std::remove_cv_t<decltype(Variants)>;
  if constexpr (detail::variants_checked<set>::template right<Args...>()) {
    using parameters = typename detail::variants_body<set>::signature::parameters;
    return detail::submit_variants<set>(parameters{}, options, std::forward<Args>(args)...);
  }
}

/// The same with default options.
template <auto Variants, class... Args>
requires detail::stands_for_variants<Variants>
[[nodiscard]] auto submit(Args&&... args) {
  return submit<Variants>(task_options{}, std::forward<Args>(args)...);
}

/// What is known of variants and transfers, as a table to read: a line for each function and each size, with the median
/// of what was measured last and the number of measurements, those of earlier runs included. "from 4 KiB" stands for 4
/// KiB to just below 8 KiB. Empty if nothing is known. Not to be parsed.
///
/// Thread-safe. Throws not_running. Work that has ended may be missing for a moment.
[[nodiscard]] std::string variant_report();

}  // namespace glint
