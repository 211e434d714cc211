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
/// it is ready, not when it is issued: what a lost device had begun is made again too. If the user's result is settled
/// by somebody else (cancelled), the attempt is stopped.
///
/// Counted by the two entries that it waits on. Thread-safe.
class retried_call : public ref_counted {
 public:
  /// Drops the count of whoever made it.
  void begin() noexcept;

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
  class watch final : public store::waiter {
   public:
    using told = void (retried_call::*)(store::entry&) noexcept;
    watch(retried_call& owner, told what) noexcept : waiter(store::readiness::ready), owner_(owner), told_(what) {}
    void level_reached(store::entry& e) noexcept override { (owner_.*told_)(e); }

   private:
    retried_call& owner_;
    told told_;
  };

  // What the watches are told; each ends with its count.
  void attempt_settled(store::entry& made) noexcept;
  void result_settled(store::entry&) noexcept;

  /// If the user's result has failed while an attempt runs: somebody no longer wants it.
  void stop_unwanted() noexcept;
  void try_once(bool first) noexcept;
  void succeed(store::entry& made) noexcept;
  void fail(const error& failure) noexcept;
  /// Nothing of the actor may be touched after it; before the user's result is settled.
  void leave_actor() noexcept;

  actor_cell& cell_;
  const call_manner manner_;
  int retries_;  // left; -1: unlimited
  bool admitted_ = false;
  std::uint64_t caller_ = 0;
  intrusive_ptr<attempt_state> state_;
  watch attempt_watch_{*this, &retried_call::attempt_settled};
  watch result_watch_{*this, &retried_call::result_settled};
  spin_mutex mutex_;
  intrusive_ptr<store::entry> attempt_ GLINT_GUARDED_BY(mutex_);
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
/// Throws invalid_argument: a call whose result is handed on makes one object that can be moved.
[[noreturn]] void throw_no_single_result(const std::string& type);

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

template <class Body, class Parameters, class Value, class... Kept>
class typed_retried_call final : public retried_call {
 public:
  using stored_value = store::stored<Value>;

  template <class... Args>
  typed_retried_call(actor_cell& cell, call_manner manner, int retries,
                     hold_ptr<store::typed_entry<stored_value>> result, Args&&... args)
      : retried_call(cell, manner, retries), result_(std::move(result)), kept_(std::forward<Args>(args)...) {}

 private:
  attempt make() override {
    return std::apply(
        [this](const Kept&... kept) {
          auto [call, ref] = make_task<call_base, Parameters>(cell(), Body{}, Kept(kept)...);
          return attempt{call, ref_access::take(std::move(ref))};
        },
        kept_);
  }
  store::entry& result() noexcept override { return *result_; }
  void take_value(store::entry& from) override {
    auto& made = static_cast<store::typed_entry<stored_value>&>(from).get();
    result_->construct([&made]() -> stored_value { return std::move(made); });
  }

  hold_ptr<store::typed_entry<stored_value>> result_;
  std::tuple<Kept...> kept_;
};

/// The one object that a call makes; void for calls that make several, or a stream.
template <class Refs>
struct single_result {
  static constexpr bool possible = false;
};
template <class Value>
struct single_result<object_ref<Value>> {
  static constexpr bool possible = std::is_move_constructible_v<store::stored<Value>>;
  using value = Value;
};

template <class Body, class Parameters, class... Args>
auto call_with_retries(actor_cell& cell, call_manner manner, int retries, Args&&... args) ->
    typename outcome<typename Body::result>::refs {
  using refs = typename outcome<typename Body::result>::refs;
  using kept = kept_arguments<Parameters, Args...>;
  if constexpr (!single_result<refs>::possible) {
    throw_no_single_result(type_name<typename Body::result>());
  } else if constexpr (!kept::possible) {
    kept::refuse("a call with max_task_retries");
  } else {
    using value = typename single_result<refs>::value;
    auto entry = make_intrusive<store::typed_entry<store::stored<value>>>();
    hold_ptr<store::typed_entry<store::stored<value>>> hold(entry.get());
    auto* made = [&]<class... K>(std::type_identity<std::tuple<K...>>) {
      return new typed_retried_call<Body, Parameters, value, K...>(cell, manner, retries, std::move(hold),
                                                                   std::forward<Args>(args)...);
    }(std::type_identity<typename kept::tuple>{});
    made->begin();
    return ref_access::make<value>(std::move(entry));
  }
}

/// A constructor's arguments, kept for restarts.
template <class Body, class Parameters, class... Kept>
class kept_constructor final : public rebuilder {
 public:
  template <class... Args>
  explicit kept_constructor(std::in_place_t, Args&&... args) : kept_(std::forward<Args>(args)...) {}
  construct_base& make(actor_cell& cell) override {
    return std::apply(
        [&cell](const Kept&... kept) -> construct_base& {
          return *make_task<construct_base, Parameters>(cell, Body{}, Kept(kept)...).first;
        },
        kept_);
  }

 private:
  std::tuple<Kept...> kept_;
};

template <class Body, class Parameters, class... Args>
std::unique_ptr<rebuilder> keep_constructor(Args&&... args) {
  using kept = kept_arguments<Parameters, Args...>;
  if constexpr (!kept::possible) {
    kept::refuse("spawn with max_restarts");
  } else {
    return [&]<class... K>(std::type_identity<std::tuple<K...>>) {
      return std::make_unique<kept_constructor<Body, Parameters, K...>>(std::in_place, std::forward<Args>(args)...);
    }(std::type_identity<typename kept::tuple>{});
  }
}

}  // namespace glint::detail
