// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/object_maker.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/store/entry.hpp>

/// One who waits for many objects without a thread: what when_all, when_any, as_completed and a `get` of many share.
namespace glint::detail {

/// Tells of each of several objects when it settles (is ready or failed).
///
/// Lives as long as somebody counts on it: its owner, and each waiter that is linked or being called right now. So it
/// may be closed, and its owner may go, while another thread is in the middle of a call. Holds the objects (as a user)
/// until it is closed. Thread-safe. Cost: one allocation, and a lock of an object's for each link.
class watch : public ref_counted {
 public:
  /// Links to every object; those that are settled are told of at once. Precondition: called once, by a caller who
  /// holds a count meanwhile.
  void begin() noexcept;
  /// Unlinks from all that has not settled, and lets all objects go: at once, or at the end of `begin`, if that still
  /// links. A call that has begun on another thread may still come. Cost: a lock of an object's for each link.
  void close() noexcept;

 protected:
  explicit watch(std::vector<intrusive_ptr<store::entry>> inputs);
  ~watch() override;

  /// The object has settled: once each, unless closed before. By whoever published it, or by `begin`; must not block.
  virtual void settled(std::size_t index, store::entry& e) noexcept = 0;
  /// Every object was asked: the last of them may be told of before or after.
  virtual void all_linked() noexcept {}

  /// The objects, for a derived class that keeps or gives away what has settled. Not once somebody may close.
  [[nodiscard]] std::vector<intrusive_ptr<store::entry>>& inputs() noexcept { return inputs_; }
  /// All have settled: gives the objects away instead of closing.
  [[nodiscard]] std::vector<intrusive_ptr<store::entry>> take_inputs() noexcept;
  /// Those that have not settled; none once it is closed. At any time, but not for who takes single objects out.
  [[nodiscard]] std::vector<hold_ptr<store::entry>> unsettled();

 private:
  class link final : public store::waiter {
   public:
    link() noexcept : waiter(store::readiness::ready) {}
    void level_reached(store::entry& e) noexcept override;
    watch* owner = nullptr;
    std::size_t index = 0;
  };

  void unlink() noexcept;

  std::vector<intrusive_ptr<store::entry>> inputs_;
  std::unique_ptr<link[]> links_;
  spin_mutex mutex_;
  bool linked_ GLINT_GUARDED_BY(mutex_) = false;  // begin is over
  bool asked_ GLINT_GUARDED_BY(mutex_) = false;   // to close
  bool closed_ GLINT_GUARDED_BY(mutex_) = false;  // inputs_ and links belong to one who unlinks, or took them
};

/// A watch whose outcome is an object of its own. The object owns the watch: when its last ref goes before the outcome,
/// it closes the watch, so that an abandoned combination leaves nothing behind in objects that may never settle.
class combination : public watch, public object_maker {
 public:
  void pin() noexcept final { retain(); }
  void unpin() noexcept final { release(); }
  void end(const error& /*why*/) noexcept final {}  // who asks for that fails the object
  /// It may go on as long as one of them may: when_all fails with the first that fails.
  [[nodiscard]] std::vector<wait_condition> waits_for() override;
  [[nodiscard]] std::string subject_at_any_time() noexcept final { return name_; }

  /// The object, before `begin`.
  void bind(store::entry& outcome) noexcept {
    const spin_guard guard(outcome_mutex_);
    outcome_ = &outcome;
  }
  /// The object goes.
  void abandon() noexcept;

 protected:
  /// `name` is literal text.
  combination(std::vector<intrusive_ptr<store::entry>> inputs, const char* name)
      : watch(std::move(inputs)), name_(name) {}
  /// The object, for the first who asks; null for others, or when it is gone.
  [[nodiscard]] hold_ptr<store::entry> claim() noexcept;

 private:
  const char* const name_;
  spin_mutex outcome_mutex_;
  store::entry* outcome_ GLINT_GUARDED_BY(outcome_mutex_) = nullptr;
};

/// The entry of a combination's outcome.
template <class T>
class combined_entry final : public store::typed_entry<T> {
 public:
  explicit combined_entry(intrusive_ptr<combination> watch) noexcept : watch_(std::move(watch)) {
    watch_->bind(*this);
    this->made_by(*watch_);
  }
  /// The outcome is there. Called by who claimed it, and so never beside the destructor.
  void stop_watching() noexcept { watch_.reset(); }

 private:
  ~combined_entry() override {
    if (watch_) watch_->abandon();
  }
  intrusive_ptr<combination> watch_;
};

/// A combination whose outcome is a `T`. What it holds is gone before anyone can see the outcome.
template <class T>
class combination_of : public combination {
 protected:
  using combination::combination;

  /// Each settles the outcome, unless that was done or nobody wants it any more.
  template <class Make>
  void succeed(Make make) noexcept {
    settle([&](store::typed_entry<T>& outcome) {
      close();
      publish(outcome, make);
    });
  }
  /// With a value made from the objects. Precondition: all have settled, and `all_linked` was called.
  template <class Make>
  void succeed_with_objects(Make make) noexcept {
    settle([&](store::typed_entry<T>& outcome) {
      publish(outcome, [&, objects = take_inputs()]() mutable -> T { return make(std::move(objects)); });
    });
  }
  template <class MakeError>
  void fail(MakeError make) noexcept {
    settle([&](store::entry& outcome) {
      close();
      outcome.fail(make());
    });
  }

 private:
  template <class Act>
  void settle(Act act) noexcept {
    const hold_ptr<store::entry> claimed = claim();
    if (!claimed) return;
    auto& outcome = static_cast<combined_entry<T>&>(*claimed);
    outcome.stop_watching();  // not the last count: whoever called has one
    act(outcome);
  }
  template <class Make>
  static void publish(store::typed_entry<T>& outcome, Make&& make) noexcept {
    if (outcome.settled()) return;  // ended from outside: shutdown
    outcome.construct(std::forward<Make>(make));
    outcome.publish_ready();
  }
};

/// Makes a combination of `Kind`, with its outcome, and begins it. Precondition: inside of a call_scope.
template <class T, class Kind>
[[nodiscard]] intrusive_ptr<store::entry> combine(std::vector<intrusive_ptr<store::entry>> inputs) {
  const auto watch = make_intrusive<Kind>(std::move(inputs));
  auto outcome = make_intrusive<combined_entry<T>>(watch);
  watch->begin();
  return outcome;
}

/// Blocks until all are settled, as wait_settled does for one; duplicates are fine. Returns how many are not, which is
/// 0 unless the deadline passed first. Budget: nothing but a look at each when all are settled already.
[[nodiscard]] std::size_t wait_all(std::span<const intrusive_ptr<store::entry>> entries, const deadline& until);

/// The failure of an object that a combination is made of, as the combination's own.
[[nodiscard]] error failure_of_part(const store::entry& part, std::size_t index, std::size_t count,
                                    const char* subject);

/// The order in which objects settle, for one consumer.
class completion_queue final : public watch {
 public:
  explicit completion_queue(std::vector<intrusive_ptr<store::entry>> inputs);

  /// The next object that has settled, in order; blocks until there is one. Null: all were given. Gives the queue's own
  /// count away. Throws timeout, shutdown. The consumer's thread only.
  [[nodiscard]] intrusive_ptr<store::entry> next(const deadline& until);

 private:
  ~completion_queue() override = default;
  void settled(std::size_t index, store::entry& e) noexcept override;
  /// What has settled and was not taken; nothing if there is none.
  [[nodiscard]] intrusive_ptr<store::entry> take() noexcept;
  [[nodiscard]] std::size_t left() noexcept;

  using signal = store::typed_entry<store::unit>;
  const std::size_t count_;
  std::size_t taken_ = 0;
  spin_mutex order_mutex_;
  std::vector<std::size_t> order_ GLINT_GUARDED_BY(order_mutex_);  // capacity for all: a callback allocates nothing
  hold_ptr<signal> wanted_ GLINT_GUARDED_BY(order_mutex_);         // published when something comes
};

/// Throws empty_ref, not_running.
[[nodiscard]] intrusive_ptr<completion_queue> start_queue(std::vector<intrusive_ptr<store::entry>> objects);

}  // namespace glint::detail
