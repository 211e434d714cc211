// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/core/detail/actor_calls.hpp>

/// Calls and constructors that may be made again: their arguments are kept.
namespace glint::detail {

/// A call that is made again when a restart of its actor found it under way. Each attempt is a call of its own with a
/// result of its own; this waits for that and settles the result that the user has. A method's result is passed on when
/// it is ready, not when it is issued: what a lost device had begun is made again too.
///
/// Owns itself from `begin` until the user's result is settled.
class retried_call : public store::waiter {
 public:
  void begin() noexcept;
  void level_reached(store::entry& made) noexcept final;

 protected:
  struct attempt {
    call_base* call;
    intrusive_ptr<store::entry> result;
  };
  retried_call(actor_cell& cell, call_manner manner, int retries) noexcept;
  ~retried_call() override;

  [[nodiscard]] actor_cell& cell() const noexcept { return cell_; }
  /// Throws what copying an argument throws.
  [[nodiscard]] virtual attempt make() = 0;
  [[nodiscard]] virtual store::entry& result() noexcept = 0;
  /// Moves the value into the user's result. Throws what moving throws.
  virtual void take_value(store::entry& from) = 0;

 private:
  void try_once(bool first) noexcept;
  void fail(const error& failure) noexcept;

  actor_cell& cell_;
  const call_manner manner_;
  int retries_;  // left; -1: unlimited
  bool admitted_ = false;
  std::uint64_t caller_ = 0;
  intrusive_ptr<attempt_state> state_;
  intrusive_ptr<store::entry> attempt_;
};

/// How an argument is kept: as its parameter, or as the ref that it is.
template <class P, class Arg>
using kept_as = std::conditional_t<is_object_ref_v<Arg>, std::remove_cvref_t<Arg>, std::remove_cvref_t<P>>;

/// An argument can be given to one attempt after another: it can be copied, and so can what a ref's parameter takes.
template <class P, class Arg>
constexpr bool keepable() noexcept {
  return store::detail::copyable<kept_as<P, Arg>>() &&
         (passing_of<P>() != passing::own || store::detail::copyable<std::remove_cvref_t<P>>());
}

/// Throws invalid_argument: `what` cannot be made again.
[[noreturn]] void throw_not_keepable(const std::string& what, const std::string& type);

template <class Parameters, class... Args>
struct kept_arguments;
template <class... P, class... Args>
struct kept_arguments<parameter_list<P...>, Args...> {
  static constexpr bool possible = (keepable<P, Args>() && ...);
  using tuple = std::tuple<kept_as<P, Args>...>;

  [[noreturn]] static void refuse(const std::string& what) {
    const std::string* type = nullptr;
    (void)((keepable<P, Args>() || (type = &type_name<std::remove_cvref_t<P>>(), false)) && ...);
    throw_not_keepable(what, *type);
  }
};

template <class Type, auto Method, class Result, class Parameters, class... Kept>
class typed_retried_call final : public retried_call {
 public:
  using value = store::stored<Result>;

  template <class... Args>
  typed_retried_call(actor_cell& cell, call_manner manner, int retries, hold_ptr<store::typed_entry<value>> result,
                     Args&&... args)
      : retried_call(cell, manner, retries), result_(std::move(result)), kept_(std::forward<Args>(args)...) {}

 private:
  attempt make() override {
    return std::apply(
        [this](const Kept&... kept) {
          auto [call, ref] = make_task<call_base, method_body<Type, Method>, Result, Parameters>(cell(), Kept(kept)...);
          return attempt{call, ref_access::take(std::move(ref))};
        },
        kept_);
  }
  store::entry& result() noexcept override { return *result_; }
  void take_value(store::entry& from) override {
    auto& made = static_cast<store::typed_entry<value>&>(from).get();
    result_->construct([&made]() -> value { return std::move(made); });
  }

  hold_ptr<store::typed_entry<value>> result_;
  std::tuple<Kept...> kept_;
};

template <class Type, auto Method, class Result, class Parameters, class... Args>
object_ref<Result> call_with_retries(actor_cell& cell, call_manner manner, int retries, Args&&... args) {
  using kept = kept_arguments<Parameters, Args...>;
  using value = store::stored<Result>;
  if constexpr (!kept::possible) {
    kept::refuse("a call with max_task_retries");
  } else if constexpr (!std::is_move_constructible_v<value>) {
    throw_not_keepable("a call with max_task_retries, whose result is handed on,", type_name<value>());
  } else {
    auto entry = make_intrusive<store::typed_entry<value>>();
    hold_ptr<store::typed_entry<value>> hold(entry.get());
    auto made = [&]<class... K>(std::type_identity<std::tuple<K...>>) {
      return new typed_retried_call<Type, Method, Result, Parameters, K...>(cell, manner, retries, std::move(hold),
                                                                            std::forward<Args>(args)...);
    }(std::type_identity<typename kept::tuple>{});
    made->begin();
    return ref_access::make<Result>(std::move(entry));
  }
}

/// A constructor's arguments, kept for restarts.
template <class Type, class Body, class Parameters, class... Kept>
class kept_constructor final : public rebuilder {
 public:
  template <class... Args>
  explicit kept_constructor(std::in_place_t, Args&&... args) : kept_(std::forward<Args>(args)...) {}
  construct_base& make(actor_cell& cell) override {
    return std::apply(
        [&cell](const Kept&... kept) -> construct_base& {
          return *make_task<construct_base, Body, void, Parameters>(cell, Kept(kept)...).first;
        },
        kept_);
  }

 private:
  std::tuple<Kept...> kept_;
};

template <class Type, class Body, class Parameters, class... Args>
std::unique_ptr<rebuilder> keep_constructor(Args&&... args) {
  using kept = kept_arguments<Parameters, Args...>;
  if constexpr (!kept::possible) {
    kept::refuse("spawn with max_restarts");
  } else {
    return [&]<class... K>(std::type_identity<std::tuple<K...>>) {
      return std::make_unique<kept_constructor<Type, Body, Parameters, K...>>(std::in_place,
                                                                              std::forward<Args>(args)...);
    }(std::type_identity<typename kept::tuple>{});
  }
}

}  // namespace glint::detail
