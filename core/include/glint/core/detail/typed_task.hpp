// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/core/detail/arguments.hpp>
#include <glint/core/detail/body_runner.hpp>
#include <glint/core/detail/outcome.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// The record of one call, typed: result entries, body and argument slots. `Base` is task_base or an actor's call_base;
/// `Body` has `using result`, `static constexpr task_traits traits` and `result call(Base&, gpu_context*,
/// arguments...)`.
template <class Base, class Body, class Parameters, class... Args>
class typed_task;

template <class Base, class Body, class... P, class... Args>
class typed_task<Base, Body, parameter_list<P...>, Args...> final : public Base {
 public:
  using made = outcome<typename Body::result>;
  using entries = typename made::entries;

  template <class Owner>
  typed_task(Owner& owner, Body body, entries results, Args&&... args)
      : Base(Body::traits, owner),
        results_(std::move(results)),
        call_(std::in_place, std::move(body), slot_input<P, Args>(std::forward<Args>(args))...) {
    std::apply([this](auto&... slot) { (link_if(slot.argument()), ...); }, call_->slots);
    for (const auto& hold : results_.holds()) hold->made_by(*this);
  }

 private:
  /// What is called and with what; gone before the results are published.
  struct called {
    template <class... Inputs>
    explicit called(Body what, Inputs&&... inputs) : body(std::move(what)), slots(std::forward<Inputs>(inputs)...) {}
    [[no_unique_address]] Body body;
    std::tuple<slot_for<P, Args>...> slots;
  };

  void link_if(ref_argument* argument) noexcept {
    if (argument) this->link(*argument);
  }

  std::span<const hold_ptr<store::entry>> results() const noexcept override { return results_.holds(); }
  void drop_arguments() noexcept override {
    runner_.drop();
    call_.reset();
  }

  progress invoke(gpu_context* gpu) override {
    const auto call = [this, gpu]() -> typename Body::result {
      const auto with = [this, gpu](auto&... slot) ->
          typename Body::result { return call_->body.call(static_cast<Base&>(*this), gpu, slot.take(*this)...); };
      return std::apply(with, call_->slots);
    };
    return runner_.begin(*this, results_, call);
  }
  progress resume() override { return runner_.go_on(*this, results_); }

  entries results_;
  [[no_unique_address]] body_runner<typename Body::result> runner_;
  std::optional<called> call_;
};

/// Makes the results' entries and the record around them. `Owner` is what the base is constructed with.
template <class Base, class Parameters, class Body, class Owner, class... Args>
auto make_task(Owner& owner, Body body, Args&&... args) {
  using record = typed_task<Base, Body, Parameters, Args...>;
  typename record::entries entries;
  auto refs = record::made::take_refs(entries);
  Base* task = new record(owner, std::move(body), std::move(entries), std::forward<Args>(args)...);
  return std::pair<Base*, typename record::made::refs>(task, std::move(refs));
}

/// Body of a task: a function given as a template argument.
template <auto Function>
struct function_body {
  using signature = signature_for<Function>;
  using result = std::remove_cv_t<typename signature::result>;
  static constexpr task_traits traits{
      .name = &function_name<Function>, .kind = "task", .on_device = signature::on_device};

  template <class... Args>
  static result call(task_base&, gpu_context* gpu, Args&&... args) {
    if constexpr (signature::on_device) {
      return Function(*gpu, std::forward<Args>(args)...);
    } else {
      return Function(std::forward<Args>(args)...);
    }
  }
};

/// Body of a task: a function object, which the record keeps. One that changes when it is called is copied while there
/// may be another attempt.
template <class Callable>
struct callable_body {
  using signature = detail::signature<Callable>;
  using result = std::remove_cv_t<typename signature::result>;
  static constexpr task_traits traits{.name = &type_name<Callable>, .kind = "task", .on_device = signature::on_device};

  template <class... Args>
  result call(task_base& task, gpu_context* gpu, Args&&... args) {
    Callable& called = to_call(task);
    if constexpr (signature::on_device) {
      return called(*gpu, std::forward<Args>(args)...);
    } else {
      return called(std::forward<Args>(args)...);
    }
  }
  [[nodiscard]] Callable& to_call(task_base& task) {
    if constexpr (!signature::is_const) {
      if (task.keeps_arguments()) {
        if constexpr (std::is_copy_constructible_v<Callable>) {
          used = std::make_unique<Callable>(std::as_const(callable));
          return *used;
        }
      }
      task.last_attempt(no_retry::function_object_called);
    }
    return callable;
  }

  Callable callable;
  std::unique_ptr<Callable> used = {};  ///< The copy of this attempt.
};

}  // namespace glint::detail
