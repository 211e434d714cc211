// SPDX-License-Identifier: Apache-2.0
// What the templates of actor.hpp call.
#include <glint/core/actor.hpp>

#include <string_view>
#include <unordered_set>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include "resource_request.hpp"
#include "runtime.hpp"

namespace glint::detail {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw exception(error(errc::invalid_argument, why));
}

/// -1 stands for always.
void check_count(const char* what, int value) {
  if (value < -1) refuse(std::string(what) + " = " + std::to_string(value) + ": neither a number of times nor -1");
}

void check_limit(const std::string& what, int value) {
  constexpr int limit_max = 1'000'000;
  if (value < 1 || value > limit_max) {
    refuse("max_concurrency" + what + " = " + std::to_string(value) + ": not between 1 and 1000000");
  }
}

void check_groups(const concurrency_groups& groups) {
  if (groups.count() > concurrency_groups::count_max) {
    refuse(std::to_string(groups.count()) + " concurrency groups: more than " +
           std::to_string(concurrency_groups::count_max));
  }
  std::unordered_set<std::string_view> names;
  for (const auto& group : groups) {
    if (group.name.empty()) refuse("a concurrency group has no name");
    if (!names.insert(group.name).second) refuse("two concurrency groups are named " + std::string(group.name));
    check_limit(" of group " + std::string(group.name), group.max_concurrency);
  }
}

}  // namespace

void check(const actor_options& options) {
  (void)units_of(options.cpus, "cpus");
  (void)request_of(options);
  check_limit("", options.max_concurrency);
  check_groups(options.groups);
  check_count("max_restarts", options.max_restarts);
  check_count("max_task_retries", options.max_task_retries);
  if (options.get_if_exists && options.name.empty()) refuse("get_if_exists needs a name to look for");
}

void require_actor(const handle_base& handle, runtime&) {
  if (!handle.cell()) throw exception(error(errc::empty_ref, "the handle is of no actor: default-made or moved from"));
  if (handle.cell()->stopped()) {
    throw exception(
        error(errc::actor_stopped, "its runtime was shut down").with_subject("actor " + handle.cell()->name()));
  }
}

call_plan plan_of(const actor_cell& cell, const call_options& options, bool repeatable) {
  check(options);
  const bool by_default = repeatable || options.retry_on;  // which asks for retries, too
  const int retries = options.max_task_retries.value_or(by_default ? cell.task_retries() : 0);
  check_count("max_task_retries", retries);
  const bool of_use = cell.restarts() || options.retry_on;
  return {.group = cell.group_index(options.group), .retries = of_use ? retries : 0};
}

handle_base claim_name(actor_cell& cell, const actor_options& options) {
  if (!cell.named()) return {};
  actor_cell* there = cell.owner().directory().claim(cell);
  if (!there) return {};
  handle_base handle(there, adopt);
  if (!options.get_if_exists) {
    throw exception(error(errc::name_taken, "another actor has the name already, a " + there->object_type())
                        .with_subject("actor " + cell.name()));
  }
  if (there->object_type() != cell.object_type()) throw_other_type(handle, cell.object_type());
  return handle;
}

handle_base find_actor(const std::string& name, const std::string& name_space, runtime& now) {
  return handle_base(now.directory().find(name_space, name), adopt);
}

void throw_other_type(const handle_base& handle, const std::string& wanted) {
  throw exception(error(errc::invalid_argument, "it is a " + handle.cell()->object_type() + ", not a " + wanted)
                      .with_subject("actor " + handle.cell()->name()));
}

void register_actor(actor_cell& cell) {
  if (!cell.device_open()) cell.bind(cell.owner().next_device());
  cell.owner().add_actor(cell);
}

/// The device of an actor that asks for a share of one is that of the share: device calls wait for it. If nobody else
/// can have met the actor yet and the constructor's arguments are there, its resources are taken right now, so that
/// none has to; else when the arguments are there: it must not hold what the maker of an argument may need.
void start_actor(const actor_options& options, call_base& constructor) {
  actor_cell& cell = constructor.cell();
  runtime& owner = cell.owner();
  if (!options.name.empty()) constructor.configure({.name = std::string(options.name)});
  const resource_request request = request_of(options);
  if (!request.empty()) cell.wanted = std::make_unique<resource_request>(request);
  constructor.cpu_units = cell.cpu_units();
  if (!request.empty() && !cell.named() && constructor.arguments_there() && cell.has_its_cpus() &&
      owner.ledger().shortages(request).empty()) {
    cell.resources = owner.ledger().try_take(owner.ledger().demand_of(request));
    const auto devices = cell.resources.devices();
    if (!devices.empty()) cell.settle_device(owner.platform().devices()[static_cast<std::size_t>(devices.front())]);
  }
  constructor.device = cell.device_now();
  if (!cell.resources) constructor.require(request);
  if (options.detached) cell.live_detached();
  cell.begin(constructor);
}

std::string actor_name(const actor_options& options, const std::string& type) {
  return options.name.empty() ? type : std::string(options.name);
}

void kill_actor(const handle_base& handle, const kill_options& options) {
  const call_scope scope;
  if (!handle.cell()) throw exception(error(errc::empty_ref, "the handle is of no actor: default-made or moved from"));
  if (!handle.cell()->stopped()) handle.cell()->kill(options.restart);
}

}  // namespace glint::detail

namespace glint {

std::vector<std::string> list_named_actors(const std::string& actor_namespace) {
  const detail::call_scope scope;
  return scope.get().directory().names(actor_namespace);
}

void exit_actor() {
  auto* call = dynamic_cast<detail::call_base*>(detail::current_task());
  if (!call) throw exception(error(errc::invalid_argument, "exit_actor outside of an actor's methods"));
  call->cell().leave();
}

void save_actor() {
  auto* call = dynamic_cast<detail::call_base*>(detail::current_task());
  if (!call || call->is_save()) {
    throw exception(error(errc::invalid_argument, "save_actor outside of an actor's methods"));
  }
  if (!call->cell().can_be_saved()) {
    throw exception(error(errc::invalid_argument, "save_actor in an actor without save and load")
                        .with_subject("actor " + call->cell().name()));
  }
  call->cell().ask_for_save();
}

}  // namespace glint
