// SPDX-License-Identifier: Apache-2.0
// Calls and turns; the actor's states are in actor_life.cpp, its device in actor_device.cpp.
#include <glint/core/detail/actor_cell.hpp>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include "context.hpp"
#include "resource_request.hpp"
#include "runtime.hpp"
#include "share_keeper.hpp"
#include "state_keeper.hpp"

namespace glint::detail {
namespace {

std::vector<std::uint32_t> limits_of(const actor_options& options) {
  std::vector<std::uint32_t> limits;
  for (const auto& g : options.groups) limits.push_back(static_cast<std::uint32_t>(g.max_concurrency));
  return limits;
}

std::vector<std::string> names_of(const actor_options& options) {
  std::vector<std::string> names;
  for (const auto& g : options.groups) names.emplace_back(g.name);
  return names;
}

/// Somebody else says when it is ready.
intrusive_ptr<store::entry> made_unit() {
  auto made = make_intrusive<store::typed_entry<store::unit>>();
  made->construct([] { return store::unit{}; });
  return made;
}

}  // namespace

void actor_turn::run() noexcept {
  cell_.run_turn(*this);
}

std::string actor_turn::subject() const {
  return "actor " + cell_.name();
}

void actor_turn::abandon(const error& why) noexcept {
  cell_.abandon_turn(*this, why);
}

actor_cell::actor_cell(runtime& owner, std::string name, std::uint64_t id, const actor_options& options)
    : runtime_(owner),
      name_(std::move(name)),
      namespace_(options.actor_namespace),
      id_(id),
      named_(!options.name.empty()),
      restarts_(options.max_restarts != 0),
      task_retries_(options.max_task_retries),
      max_pending_(options.max_pending_calls),
      cpu_units_(units_of(options.cpus, "cpus")),
      turn_units_(cpu_units_ <= owner.scheduler().lane_count() * units_per_slot ? cpu_units_ : units_per_slot),
      groups_(names_of(options)),
      device_open_(options.gpus > 0),
      order_(*this),
      calls_come_in_(options.max_concurrency == 1 && groups_.empty() && !restarts_),
      mailbox_(static_cast<std::uint32_t>(options.max_concurrency), limits_of(options)),
      first_turn_(*this),
      restarts_left_(options.max_restarts) {
  idle_turns_.push_back(first_turn_);
  if (device_open_) device_to_come_ = made_unit();
}

actor_cell::~actor_cell() {
  while (schedulable* turn = idle_turns_.pop_front()) {
    if (turn != &first_turn_) delete static_cast<actor_turn*>(turn);
  }
}

std::uint16_t actor_cell::group_index(std::string_view group) const {
  if (group.empty()) return 0;
  std::string known;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i] == group) return static_cast<std::uint16_t>(i + 1);
    known += (i == 0 ? "" : ", ") + groups_[i];
  }
  throw exception(error(errc::invalid_argument, "no concurrency group \"" + std::string(group) + "\"; there " +
                                                    (groups_.empty() ? "are none" : "is: " + known))
                      .with_subject("actor " + name_));
}

bool actor_cell::admit() noexcept {
  if (max_pending_ == 0) return true;
  // Never adds what it takes back: a call that is refused must not make another one be refused.
  for (auto pending = pending_calls_.load(); pending < max_pending_;) {
    if (pending_calls_.compare_exchange_weak(pending, pending + 1)) return true;
  }
  return false;
}

error actor_cell::too_many_pending() const {
  return error(errc::pending_calls_exceeded,
               "actor " + name_ + " has " + std::to_string(max_pending_) + " calls pending, as many as it allows");
}

void actor_cell::add_call() noexcept {
  hold();
  coming_calls_.fetch_add(1, std::memory_order_relaxed);
}

void actor_cell::drop_call() noexcept {
  // Either this sees that the last handle is gone, or who drops that sees that no call is coming (next_duty).
  if (coming_calls_.fetch_sub(1) == 1 && handles_.load() == 0) {
    const soft_call_scope scope;
    turn_start start;
    if (scope) {
      const spin_guard guard(mailbox_mutex_);
      if (handles_gone_ && !finished_) start = turn_for_duty();
    }
    launch(start);
  }
  unhold();
}

void actor_cell::enter(call_base& call) noexcept {
  if (!call.attempt_) {  // else whoever makes the attempts has seen to both
    if (max_pending_ != 0) {
      if (!admit()) return call.abandon(too_many_pending());
      call.pending_.store(true);
      if (call.stop_requested()) call.no_longer_pending();  // its deadline has passed already
    }
    call.caller_ = current_caller();
  }
  if (!call.arguments() && order_.nobody_waits()) {
    // Not counted as a handle: the caller has one now, and a call in the mailbox keeps the actor by being there.
    call.arguments_there_ = true;
    return deliver(call).abandon();
  }
  add_call();
  call.counted_ = true;
  order_.wait(call);
  // What ended the actor has looked for late calls before this one was among them, or finds it.
  const bool too_late = ended_.load();
  std::vector<task_pin> pinned;
  if (too_late) pinned.emplace_back(call);
  call.start();
  if (too_late) stop_calls(std::move(pinned), *why_ended());
}

void actor_cell::enter_again(call_base& call) noexcept {
  if (call.arguments() && !std::exchange(call.again_, true)) {
    add_call();
    call.counted_ = true;
    return call.start();  // and comes again, with its arguments
  }
  call.again_ = true;
  deliver(call).abandon();
}

std::optional<error> actor_cell::refusal_of(const call_base& call) const {
  if (phase_ == phase::ended || (closed_ && !call.attempt_)) return why_closed();
  if (restarts_ && call.on_device() && call.device != device_) {
    return error(errc::actor_unavailable, "actor " + name_ + " was built anew on another device meanwhile");
  }
  return std::nullopt;
}

void actor_cell::turned_away::abandon() noexcept {
  while (schedulable* call = calls.pop_front()) call->abandon(*why);
}

actor_cell::turned_away actor_cell::deliver(call_base& call) noexcept {
  if (!calls_come_in_ || call.again_ || attention_.load()) return deliver_by_lock(call);
  incoming_.push(call);
  return attention_.load() ? attend() : turned_away{};
}

actor_cell::turned_away actor_cell::deliver_by_lock(call_base& call) noexcept {
  turn_start start;
  {
    const spin_guard guard(mailbox_mutex_);
    if (phase_ == phase::ended || restarts_) [[unlikely]] {
      if (auto refused = refusal_of(call)) {
        turned_away late{.why = std::move(refused)};
        late.calls.push_back(call);
        return late;
      }
    }
    if (call.again_) {
      mailbox_.push_again(call);
    } else if (incoming_.looks_empty()) {
      mailbox_.push(call);
    } else {
      incoming_.push(call);  // behind its caller's earlier ones
      (void)fill_mailbox();
    }
    start = turn_for_step();
  }
  launch(start);
  return {};
}

/// For whoever has pushed a call: perhaps no turn sees it.
actor_cell::turned_away actor_cell::attend() noexcept {
  turned_away late;
  turn_start start;
  {
    const spin_guard guard(mailbox_mutex_);
    if (phase_ == phase::ended) {
      late.why = why_closed();
      while (call_base* call = incoming_.take()) late.calls.push_back(*call);
    } else {
      (void)fill_mailbox();
      start = turn_for_step();
    }
  }
  launch(start);
  return late;
}

bool actor_cell::fill_mailbox() noexcept {
  constexpr int batch = 32;  // a bounded time under the lock, however many there are
  call_base* call = incoming_.take_unless_last();
  if (!call) call = incoming_.take();
  if (!call) return false;
  mailbox_.push(*call);
  for (int i = 1; i < batch && (call = incoming_.take_unless_last()); ++i) mailbox_.push(*call);
  return true;
}

schedulable_queue actor_cell::take_waiting() noexcept {
  while (fill_mailbox()) {
  }
  return mailbox_.take_waiting([](const call_base&) { return true; });
}

void actor_cell::call_resumable(call_base& call) noexcept {
  turn_start start;
  {
    const spin_guard guard(mailbox_mutex_);
    mailbox_.push_resumable(call);
    start = turn_for_step();
  }
  launch(start);
}

bool actor_cell::call_over(call_base& call) noexcept {
  const spin_guard guard(mailbox_mutex_);
  mailbox_.over(call);
  return !call.doomed_;
}

actor_cell::turn_start actor_cell::turn_for_step() noexcept {
  if (active_turns_ >= mailbox_.steps_max() || !mailbox_.can_take()) return {};
  return start_turn();
}

/// For what is to be done when nothing is in progress: an active turn sees it when it goes idle.
actor_cell::turn_start actor_cell::turn_for_duty() noexcept {
  return active_turns_ == 0 ? start_turn() : turn_start{};
}

actor_cell::turn_start actor_cell::start_turn() noexcept {
  ++active_turns_;
  hold();  // an active turn's
  if (calls_come_in_ && phase_ != phase::ended) attention_.store(false, std::memory_order_relaxed);
  return {.wanted = true, .turn = static_cast<actor_turn*>(idle_turns_.pop_front())};
}

void actor_cell::launch(turn_start start) noexcept {
  if (!start.wanted) return;
  queue(start.turn ? *start.turn : *new actor_turn(*this));
}

void actor_cell::queue(actor_turn& turn) noexcept {
  runtime_.scheduler().submit(turn, turn_units_);
}

/// It has had its turn: others get theirs.
void actor_cell::queue_last(actor_turn& turn) noexcept {
  if (turn_units_ == units_per_slot) return runtime_.scheduler().submit_last(turn);
  queue(turn);
}

/// The step has ended; whoever makes that known looks for the next in the same section.
void actor_cell::step_over(call_step& step) noexcept {
  mailbox_.step_over(step);
  if (!step.constructor) {
    if (states_ && step.last && step.manner.changes) states_->call_ended();
    return;
  }
  if (states_ && states_->load_due() && phase_ == phase::constructing) return;  // half built
  constructor_runs_ = false;
  if (phase_ != phase::constructing) return;
  phase_ = phase::open;
  closed_.reset();
  mailbox_.open();
}

/// Null: nothing can run, and whoever makes that possible from here on sees to it.
call_base* actor_cell::next_call(call_step& step) noexcept {
  call_base* call = mailbox_.take(step);
  if (!calls_come_in_ || phase_ == phase::ended) return call;
  if (!call && fill_mailbox()) call = mailbox_.take(step);
  if (call) return call;
  attention_.store(true);
  if (fill_mailbox()) call = mailbox_.take(step);
  if (call) attention_.store(false, std::memory_order_relaxed);
  return call;
}

/// Also what has only come in: an actor that calls itself never has anything in its mailbox between two calls, and
/// would keep its slot for ever.
bool actor_cell::more_to_run() noexcept {
  if (mailbox_.can_take()) return true;
  return calls_come_in_ && phase_ != phase::ended && fill_mailbox() && mailbox_.can_take();
}

void actor_cell::run_turn(actor_turn& turn) noexcept {
  call_step step;
  for (int left = calls_per_turn;; --left) {
    call_base* call = nullptr;
    turn_start help;
    duty due = duty::none;
    {
      const spin_guard guard(mailbox_mutex_);
      if (step.call) step_over(step);
      const bool saves_first = states_ && claim_save();
      if (!saves_first && left <= 0 && more_to_run()) break;
      call = saves_first ? nullptr : next_call(step);
      if (call) {
        call->life_ = life_;
        if (call->constructor_) constructor_runs_ = true;
        help = turn_for_step();
      } else {
        step.call = nullptr;
        due = saves_first ? duty::save : next_duty();
        if (due == duty::none) {
          --active_turns_;
          idle_turns_.push_back(turn);
        }
      }
    }
    launch(help);
    if (call) {
      call->run_step();
    } else if (due != duty::none) {
      perform(due, step);
    } else {
      return unhold();  // another may have started this turn again, and all of it may be gone
    }
  }
  queue_last(turn);
}

/// A step that runs keeps others from the object, as rule 3 of the mailbox says; calls in progress keep their group
/// full.
std::vector<std::vector<task_pin>> actor_cell::hindrances_of(const call_base& call) {
  std::vector<std::vector<task_pin>> found;
  std::vector<task_pin> group;
  const spin_guard guard(mailbox_mutex_);
  const bool lives = phase_ == phase::constructing || phase_ == phase::open;
  if (!lives || call.in_progress_ || call.constructor_) return found;
  mailbox_.for_each_in_progress([&](call_base& other) {
    const bool beside = other.manner_.reads && call.manner_.reads && !other.constructor_;
    if (other.step_ && !beside) found.emplace_back().emplace_back(other);
    if (!other.constructor_ && other.manner_.group == call.manner_.group) group.emplace_back(other);
  });
  if (group.size() == mailbox_.limit_for(call)) found.push_back(std::move(group));
  return found;
}

void actor_cell::abandon_waiting(const error& why) noexcept {
  schedulable_queue waiting;
  {
    const spin_guard guard(mailbox_mutex_);
    waiting = take_waiting();
  }
  while (schedulable* call = waiting.pop_front()) call->abandon(why);
}

call_base* actor_cell::mailbox_in_progress() noexcept {
  const spin_guard guard(mailbox_mutex_);
  return mailbox_.any_in_progress();
}

/// Shutdown: the calls fail, the object is destroyed by `stop`.
void actor_cell::abandon_turn(actor_turn& turn, const error& why) noexcept {
  {
    const spin_guard guard(mailbox_mutex_);
    --active_turns_;
    idle_turns_.push_back(turn);
    attention_.store(true);
  }
  abandon_waiting(why);
  unhold();
}

}  // namespace glint::detail
