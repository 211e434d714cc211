// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/core/detail/outcome.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/core/detail/task.hpp>

/// Many calls of one function in one record: what `map` submits.
namespace glint::detail {

class map_record;
class element_task;

/// One call of a record, and the maker of its object. Has no task of its own: while its body runs, it is made by the
/// task of the thread that took it. Thread-safe.
class map_element : public object_maker {
 public:
  virtual ~map_element() = default;
  map_element(map_record& record, store::entry& result) noexcept : record_(record), entry_(result) {}
  map_element(const map_element&) = delete;
  map_element& operator=(const map_element&) = delete;

  void pin() noexcept final;
  void unpin() noexcept final;
  void end(const error& why) noexcept final { (void)stop(why, false); }
  [[nodiscard]] store::producer_pin body() noexcept final;
  [[nodiscard]] std::optional<bool> stop_making(const error& why, bool children) noexcept final {
    return stop(why, children);
  }
  /// A body that has not begun waits for nothing but a slot; one that has is asked by its task.
  [[nodiscard]] std::vector<wait_condition> waits_for() final { return {}; }
  [[nodiscard]] std::string subject_at_any_time() noexcept final;

  /// As task_base::stop, for this call alone.
  bool stop(const error& why, bool children) noexcept;

 private:
  friend class map_record;
  friend class element_task;
  // `state_` is one of these, or the address of the task whose body it is, with flags.
  static constexpr std::uintptr_t waiting = 0;
  static constexpr std::uintptr_t ended = 2;    ///< The task has gone, or goes without anyone's seeing it.
  static constexpr std::uintptr_t stopped = 4;  ///< Before its body began.
  static constexpr std::uintptr_t noticed = 1;  ///< Flag: others know the task, so that it is this call's for good.
  static constexpr std::uintptr_t locked = 2;   ///< Flag: somebody is about to pin the task.
  [[nodiscard]] static bool is_task(std::uintptr_t state) noexcept { return state > stopped; }
  [[nodiscard]] static element_task& task_in(std::uintptr_t state) noexcept {
    return *reinterpret_cast<element_task*>(state & ~(noticed | locked));
  }

  /// Makes the call `task`'s. False: it was another's, or stopped.
  [[nodiscard]] bool take(element_task& task) noexcept;
  /// The body is over. True: nobody else has seen its task.
  [[nodiscard]] bool let_go_unnoticed(element_task& task) noexcept;
  /// From here on nobody comes from here to the task.
  void forget(element_task& task) noexcept;

  map_record& record_;
  store::entry& entry_;  // with a hold, which goes to who takes or stops the call
  std::atomic<std::uintptr_t> state_{waiting};
};

/// The task of the body that a thread runs for a record: what this_task, cancel, the search for circles and children
/// see. Serves one call after another, until someone takes notice of it (pins it, asks for its stop token, becomes its
/// child) or a call fails: from then on it is that call's own, and a task as others.
class element_task final : public task_base {
 public:
  element_task(const task_traits& traits, map_record& record) noexcept;
  ~element_task() override;

 private:
  friend class map_element;
  friend class map_record;
  std::span<const hold_ptr<store::entry>> results() const noexcept override { return {&result_, 1}; }
  progress invoke(gpu_context* gpu) override;
  progress resume() override;
  void drop_arguments() noexcept override;
  void let_go() noexcept override;

  map_record& record_;
  map_element* element_ = nullptr;
  hold_ptr<store::entry> result_;
  bool keeps_record_ = false;
};

/// Some calls of a map. Threads take part in it: each takes the next call that waits, runs it and settles its object,
/// until there is none.
///
/// As long as more than one call waits, the record is queued for another thread, so that neither a long body nor one
/// that waits for another call of the record keeps those behind it. Who is wanted elsewhere leaves between two calls.
///
/// Memory: the queue and each thread that takes part have a stage; the last of them ends the record's place in the
/// family, and drops the stages' pin. A call that is tried again has a pin until its object has settled: as long as it
/// is pending, its entry leads to the element. The last pin deletes.
///
/// Budget of a call on a value: its share of a record and of a place in a queue; its object's entry; no lock but the
/// entry's.
class map_record : public task_base {
 public:
  /// So many calls at most.
  static constexpr std::size_t size_max = 64;

  /// Submits it. Owns itself from here.
  void begin() noexcept;
  /// Ends all calls that have not ended.
  bool stop(const error& why, bool children) noexcept override;

 protected:
  map_record(const task_traits& traits, runtime& owner) noexcept;
  ~map_record() override;

  /// The derived constructor's: where the elements will be, and that there is one more. Its entry, which has a user for
  /// the caller, gets a hold.
  void elements_at(void* first, std::size_t stride) noexcept;
  void added(map_element& element) noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Ends the calls of a record that will not be submitted, while the runtime cannot go away.
  void end_unsubmitted() noexcept;

  /// Calls the function with the element's value and constructs its object. Throws what the function throws.
  virtual void call(task_base& task, map_element& element, store::entry& result) = 0;
  /// Destroys the element's value, if it is there. By who has taken or stopped the call.
  virtual void drop_value(map_element& element) noexcept = 0;

 private:
  friend class map_element;
  friend class element_task;

  class token final : public schedulable {
   public:
    explicit token(map_record& record) noexcept : record_(record) {}
    void run() noexcept override { record_.take_part(); }
    void abandon(const error& why) noexcept override { record_.abandon_rest(why); }
    [[nodiscard]] std::string subject() const override { return record_.subject(); }

   private:
    map_record& record_;
  };

  [[nodiscard]] map_element& element(std::size_t index) noexcept;
  void take_part() noexcept;
  void abandon_rest(const error& why) noexcept;
  /// Runs the call if it waits.
  void run_one(map_element& e, std::unique_ptr<element_task>& task) noexcept;
  void run_taken(map_element& e, std::unique_ptr<element_task>& task) noexcept;
  /// The body has thrown: the task ends as others do, or tries again.
  void end_thrown(std::unique_ptr<element_task> task) noexcept;
  void leave() noexcept;

  // It has no body of its own.
  std::span<const hold_ptr<store::entry>> results() const noexcept override { return {}; }
  progress invoke(gpu_context*) override { return progress::done; }
  progress resume() override { return progress::done; }
  void drop_arguments() noexcept override {}

  token token_{*this};
  std::byte* first_ = nullptr;
  std::size_t stride_ = 0;
  std::size_t size_ = 0;
  std::atomic<std::size_t> next_{0};  // no call before this one waits
  std::atomic<std::uint32_t> stages_{1};
};

/// A record, typed. Its elements lie behind it, in the same block.
template <class Body, class Value>
class typed_map_record final : public map_record {
 public:
  using result = typename Body::result;

  /// With room for `room` elements. Throws bad_alloc.
  [[nodiscard]] static typed_map_record* make(runtime& owner, const Body& body, std::size_t room) {
    return new (elements{room}) typed_map_record(owner, body);
  }
  /// Before `begin`: instead of it.
  void drop() noexcept {
    this->end_unsubmitted();
    delete this;
  }

  /// One more call. Throws bad_alloc, and what moving the value throws; then there is none more.
  [[nodiscard]] object_ref<result> add(Value&& value) {
    auto made = make_intrusive<store::typed_entry<store::stored<result>>>();
    void* place = behind() + size() * sizeof(element);
    this->added(*::new (place) element(*this, *made, std::move(value)));
    return ref_access::make<result>(std::move(made));
  }

  static void operator delete(void* block) { ::operator delete(block); }

 private:
  struct elements {
    std::size_t count;
  };
  struct element final : map_element {
    element(map_record& record, store::entry& entry, Value&& given)
        : map_element(record, entry), value(std::move(given)) {}
    std::optional<Value> value;
  };
  static_assert(alignof(element) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

  typed_map_record(runtime& owner, const Body& body) : map_record(Body::traits, owner), body_(body) {
    this->elements_at(behind(), sizeof(element));
  }
  ~typed_map_record() override {
    auto* first = std::launder(reinterpret_cast<element*>(behind()));
    std::destroy_n(first, size());
  }

  static void* operator new(std::size_t bytes, elements room) {
    return ::operator new(padded(bytes) + room.count * sizeof(element));
  }
  static void operator delete(void* block, elements) { ::operator delete(block); }
  static constexpr std::size_t padded(std::size_t bytes) noexcept {
    return (bytes + alignof(element) - 1) / alignof(element) * alignof(element);
  }
  [[nodiscard]] std::byte* behind() noexcept {
    return reinterpret_cast<std::byte*>(this) + padded(sizeof(typed_map_record));
  }

  void call(task_base& task, map_element& e, store::entry& made) override {
    auto& value = *static_cast<element&>(e).value;
    auto& to = static_cast<store::typed_entry<store::stored<result>>&>(made);
    if constexpr (std::is_void_v<result>) {
      body_.call(task, value);
      to.construct([] { return store::unit{}; });
    } else {
      to.construct([&]() -> result { return body_.call(task, value); });
    }
  }
  void drop_value(map_element& e) noexcept override {
    auto& value = static_cast<element&>(e).value;
    if (!value) return;
    value.reset();
    body_.call_over(size());
  }

  [[no_unique_address]] Body body_;
};

}  // namespace glint::detail
