// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/core/detail/arguments.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/signature.hpp>
#include <glint/core/detail/task.hpp>

namespace glint::detail {

/// The record of one call, typed: result entry and argument slots. `Base` is task_base or an actor's call_base; `Body`
/// has `static R call(Base&, gpu_context*, arguments...)` and `static constexpr task_traits traits`.
template <class Base, class Body, class Result, class Parameters, class... Args>
class typed_task;

template <class Base, class Body, class Result, class... P, class... Args>
class typed_task<Base, Body, Result, parameter_list<P...>, Args...> final : public Base {
 public:
  using value = store::stored<Result>;

  template <class Owner>
  typed_task(Owner& owner, hold_ptr<store::typed_entry<value>> result, Args&&... args)
      : Base(Body::traits, owner),
        result_(std::move(result)),
        slots_(slot_input<P, Args>(std::forward<Args>(args))...) {
    std::apply([this](auto&... slot) { (link_if(slot.argument()), ...); }, slots_);
  }

 private:
  void link_if(ref_argument* argument) noexcept {
    if (argument) this->link(*argument);
  }

  store::entry& result() noexcept override { return *result_; }
  hold_ptr<store::entry> take_result() noexcept override {
    this->settling();
    return std::move(result_);
  }

  void invoke(gpu_context* gpu) override {
    std::apply(
        [this, gpu](auto&... slot) {
          if constexpr (std::is_void_v<Result>) {
            Body::call(static_cast<Base&>(*this), gpu, slot.take()...);
            result_->construct([] { return store::unit{}; });
          } else {
            result_->construct([&]() -> value { return Body::call(static_cast<Base&>(*this), gpu, slot.take()...); });
          }
        },
        slots_);
  }

  hold_ptr<store::typed_entry<value>> result_;
  std::tuple<slot_for<P, Args>...> slots_;
};

/// Makes the result's entry and the record around it. `Owner` is what the base is constructed with.
template <class Base, class Body, class Result, class Parameters, class Owner, class... Args>
std::pair<Base*, object_ref<Result>> make_task(Owner& owner, Args&&... args) {
  auto entry = make_intrusive<store::typed_entry<store::stored<Result>>>();
  hold_ptr<store::typed_entry<store::stored<Result>>> hold(entry.get());
  auto* task =
      new typed_task<Base, Body, Result, Parameters, Args...>(owner, std::move(hold), std::forward<Args>(args)...);
  return {task, ref_access::make<Result>(std::move(entry))};
}

/// Body of a task: a function given as a template argument.
template <auto Function>
struct function_body {
  using signature = signature_for<Function>;
  static constexpr task_traits traits{
      .name = &function_name<Function>, .kind = "task", .on_device = signature::on_device};

  template <class... Args>
  static typename signature::result call(task_base&, gpu_context* gpu, Args&&... args) {
    if constexpr (signature::on_device) {
      return Function(*gpu, std::forward<Args>(args)...);
    } else {
      return Function(std::forward<Args>(args)...);
    }
  }
};

}  // namespace glint::detail
