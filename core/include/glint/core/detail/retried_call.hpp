// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/core/detail/actor_calls.hpp>
#include <glint/core/detail/runtime_access.hpp>

/// Calls and constructors that may be made again: their arguments are kept.
namespace glint::detail {

/// A call that is made again when a restart of its actor found it under way, or after an exception of the user's that
/// its options name. To its user it is a task like others: it makes the result, has the name, the id and the deadline,
/// and belongs to the family of who called. Each attempt is a call of its own with a result of its own, and a child of
/// this; this waits for that and settles the result that the user has. A method's result is passed on when it is ready,
/// not when it is issued: what a lost device had begun is made again too. If the user's result is settled otherwise
/// (cancelled, too late), the attempt is stopped.
///
/// Its stage is the attempt that runs; the watch on the user's result has another pin. Thread-safe.
class retried_call : public task_base {
 public:
  /// Makes the first attempt. Owns itself from here. The options are applied.
  void begin() noexcept;
  [[nodiscard]] actor_cell& cell() const noexcept { return cell_; }
  /// "call counter::add on actor hits"
  [[nodiscard]] std::string subject() const override;

 protected:
  struct attempt {
    call_base* call;
    intrusive_ptr<store::entry> result;
  };
  retried_call(const task_traits& traits, actor_cell& cell, call_manner manner, int retries) noexcept;
  ~retried_call() override;

  /// Throws what copying an argument throws.
  [[nodiscard]] virtual attempt make() = 0;
  [[nodiscard]] virtual store::entry& result() const noexcept = 0;
  /// Moves the value into the user's result. Throws what moving throws.
  virtual void take_value(store::entry& from) = 0;

  void let_go() noexcept override;
  void no_longer_pending() noexcept override;

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

  /// Its attempt's.
  [[nodiscard]] std::vector<wait_condition> waits_for() override;
  /// It has no body of its own.
  [[nodiscard]] progress invoke(gpu_context*) override { return progress::done; }
  [[nodiscard]] progress resume() override { return progress::done; }

  // What the watches are told.
  void attempt_settled(store::entry& made) noexcept;
  void result_settled(store::entry&) noexcept;

  /// If the user's result has failed while an attempt runs: somebody no longer wants it.
  void stop_unwanted() noexcept;
  void try_once(bool first) noexcept;
  void succeed(store::entry& made) noexcept;
  /// Whether there is another attempt after one that failed so; if not, `failure` says why.
  [[nodiscard]] bool try_again_after(error& failure) noexcept;
  [[nodiscard]] bool wished_after(const error& failure, bool by_restart) const noexcept;

  actor_cell& cell_;
  const call_manner manner_;
  int retries_;                        // left; -1: unlimited
  std::uint32_t tries_ = 0;            // whose body was called
  std::atomic<bool> admitted_{false};  // counts among the actor's pending calls
  std::uint64_t caller_ = 0;
  intrusive_ptr<attempt_state> state_;
  watch attempt_watch_{*this, &retried_call::attempt_settled};
  watch result_watch_{*this, &retried_call::result_settled};
  spin_mutex attempt_mutex_;
  intrusive_ptr<store::entry> attempt_ GLINT_GUARDED_BY(attempt_mutex_);
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
  typed_retried_call(actor_cell& cell, call_manner manner, int retries, hold_ptr<store::entry> result, Args&&... args)
      : retried_call(Body::traits, cell, manner, retries),
        result_(std::move(result)),
        kept_(std::in_place, std::forward<Args>(args)...) {
    result_->made_by(*this);
  }

 private:
  attempt make() override {
    return std::apply(
        [this](const Kept&... kept) {
          auto [call, ref] = make_task<call_base, Parameters>(cell(), Body{}, Kept(kept)...);
          return attempt{call, ref_access::take(std::move(ref))};
        },
        *kept_);
  }
  store::entry& result() const noexcept override { return *result_; }
  std::span<const hold_ptr<store::entry>> results() const noexcept override { return {&result_, 1}; }
  void drop_arguments() noexcept override { kept_.reset(); }
  void take_value(store::entry& from) override {
    from.expose();  // nobody moves it to other memory meanwhile
    auto& made = static_cast<store::typed_entry<stored_value>&>(from).get();
    static_cast<store::typed_entry<stored_value>&>(*result_).construct(
        [&made]() -> stored_value { return std::move(made); });
  }

  hold_ptr<store::entry> result_;
  std::optional<std::tuple<Kept...>> kept_;
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

/// Whether such a call can be made again: it makes one object, and all arguments can be kept.
template <class Body, class Parameters, class... Args>
inline constexpr bool repeatable = single_result<typename outcome<typename Body::result>::refs>::possible&&
    kept_arguments<Parameters, Args...>::possible;

template <class Body, class Parameters, class... Args>
auto call_with_retries(actor_cell& cell, call_manner manner, int retries, const call_options* options, Args&&... args)
    -> typename outcome<typename Body::result>::refs {
  using refs = typename outcome<typename Body::result>::refs;
  using kept = kept_arguments<Parameters, Args...>;
  if constexpr (!single_result<refs>::possible) {
    throw_no_single_result(type_name<typename Body::result>());
  } else if constexpr (!kept::possible) {
    kept::refuse("a call with max_task_retries");
  } else {
    using value = typename single_result<refs>::value;
    auto entry = make_intrusive<store::typed_entry<store::stored<value>>>();
    hold_ptr<store::entry> hold(entry.get());
    auto* made = [&]<class... K>(std::type_identity<std::tuple<K...>>) {
      return new typed_retried_call<Body, Parameters, value, K...>(cell, manner, retries, std::move(hold),
                                                                   std::forward<Args>(args)...);
    }(std::type_identity<typename kept::tuple>{});
    if (options) detail::apply(*options, *made);
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
