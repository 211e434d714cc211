// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace glint {

template <class Signature>
class unique_function;

/// A callable of any type, movable and not copyable (std::move_only_function of C++23, with one heap allocation each:
/// it is for cold paths; hot ones use intrusive nodes).
template <class R, class... Args>
class unique_function<R(Args...)> {
 public:
  unique_function() noexcept = default;

  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, unique_function> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      unique_function(F&& f)
      : callable_(std::make_unique<model<std::decay_t<F>>>(std::forward<F>(f))) {}

  R operator()(Args... args) { return callable_->call(std::forward<Args>(args)...); }
  [[nodiscard]] explicit operator bool() const noexcept { return callable_ != nullptr; }

 private:
  struct concept_base {
    virtual ~concept_base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct model final : concept_base {
    template <class G>
    explicit model(G&& g) : function(std::forward<G>(g)) {}
    R call(Args... args) override { return function(std::forward<Args>(args)...); }
    F function;
  };
  std::unique_ptr<concept_base> callable_;
};

}  // namespace glint
