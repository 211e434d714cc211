// SPDX-License-Identifier: Apache-2.0
#include "runtime.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/base/ids.hpp>
#include <glint/base/log.hpp>
#include <glint/core/actor.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/store/registry.hpp>
#include "call_gate.hpp"
#include "machine_memory.hpp"
#include "resource_request.hpp"
#include "spill_file.hpp"

namespace glint::detail {
namespace {

std::uint32_t this_thread_shard(std::uint32_t count) noexcept {
  static constinit std::atomic<std::uint32_t> next{0};
  thread_local const std::uint32_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine % count;
}

gpu::platform_options platform_options_of(const config& settings) {
  gpu::platform_options options;
  using choice = gpu::platform_options::choice;
  switch (settings.backend) {
    case device_backend::automatic:
      options.backend = choice::automatic;
      break;
    case device_backend::cuda:
      options.backend = choice::cuda;
      break;
    case device_backend::emulated:
      options.backend = choice::emulated;
      break;
  }
  options.emulated_devices = static_cast<int>(settings.devices);
  options.emulated_capacity_bytes = settings.device_memory_bytes;
  options.emulated_peer_group = static_cast<int>(settings.emulated_peer_group);
  options.pinned_bytes = settings.pinned_bytes;
  return options;
}

int slot_count_of(double cpus) {
  if (cpus > 0) return std::max(1, static_cast<int>(cpus));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// Precondition: the settings were checked.
resource_totals totals_of(const config& settings, std::size_t devices) {
  resource_totals totals{.memory_bytes = settings.memory_bytes != 0 ? settings.memory_bytes : machine_memory_bytes(),
                         .devices = static_cast<int>(devices)};
  const auto custom = parse_resources(settings.resources);
  for (const auto& [name, amount] : custom.value()) {
    totals.custom.emplace_back(name, *resource_units(name, amount));
  }
  return totals;
}

/// What times on devices hold for.
std::string names_of(const gpu::platform& platform) {
  std::string names;
  for (const auto& d : platform.devices()) names += (names.empty() ? "" : ", ") + d->device().info().name;
  return names.empty() ? "none" : names;
}

clock::duration report_after_of(const config& settings) {
  return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(settings.report_waiting_after_s));
}

/// Of the process, not of a runtime: a thread that waits may outlast that.
std::atomic<clock::duration> wait_report_after{clock::duration::zero()};

}  // namespace

void counter_set::add(kind which) noexcept {
  shards_[this_thread_shard(shard_count)].values[which].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t counter_set::read(kind which) const noexcept {
  std::uint64_t sum = 0;
  for (const shard& s : shards_) sum += s.values[which].load(std::memory_order_relaxed);
  return sum;
}

result<std::unique_ptr<runtime>> runtime::create(const config& settings, clock& time) {
  GLINT_TRY(check_config(settings));
  if (!settings.spill_directory.empty()) {
    if (const auto tried = spill_file::write(settings.spill_directory, {}); !tried) {
      return fail(error(errc::invalid_configuration, "spill_directory: " + tried.error().message())
                      .with_subject("config.spill_directory"));
    }
  }
  auto platform = gpu::platform::create(platform_options_of(settings));
  if (!platform) return fail(platform.error());
  auto totals = totals_of(settings, (*platform)->devices().size());
  return std::unique_ptr<runtime>(new runtime(*std::move(platform), settings, std::move(totals), time));
}

runtime::runtime(intrusive_ptr<gpu::platform> platform, const config& settings, resource_totals totals, clock& time)
    : memory_(settings),
      timers_(time),
      platform_(std::move(platform)),
      kept_variants_(settings.variant_model, names_of(*platform_)),
      scheduler_(std::make_unique<glint::detail::scheduler>(slot_count_of(settings.cpus), settings.idle_spin_us,
                                                            timers_, report_after_of(settings))),
      totals_(std::move(totals)),
      ledger_(std::make_unique<resource_ledger>(totals_, timers_, report_after_of(settings))),
      admission_(make_intrusive<memory_admission>(
          *platform_, *this,
          disk_tier::options{.host_bytes = settings.spilled_host_bytes, .directory = settings.spill_directory})) {
  for (const auto& device : platform_->devices()) device->set_pressure(admission_);
  wait_report_after.store(6 * report_after_of(settings));
  kept_variants_.load(variants_);
}

clock::duration waits_reported_after() noexcept {
  return wait_report_after.load();
}

runtime::~runtime() = default;

void runtime::add_actor(actor_cell& cell) {
  cell.hold();
  const spin_guard guard(actors_mutex_);
  cell.next_actor = actors_;
  if (actors_) actors_->previous_actor = &cell;
  actors_ = &cell;
  cell.listed = true;
}

void runtime::remove_actor(actor_cell& cell) noexcept {
  cell.give_back_resources();
  {
    const spin_guard guard(actors_mutex_);
    if (!std::exchange(cell.listed, false)) return;
    (cell.previous_actor ? cell.previous_actor->next_actor : actors_) = cell.next_actor;
    if (cell.next_actor) cell.next_actor->previous_actor = cell.previous_actor;
  }
  cell.unhold();
}

/// One by one: what an actor's object lets go of may end others, which leave the list.
void runtime::stop_actors(const error& why) noexcept {
  for (;;) {
    actor_cell* cell = nullptr;
    {
      const spin_guard guard(actors_mutex_);
      cell = actors_;
      if (!cell) return;
      actors_ = cell->next_actor;
      if (actors_) actors_->previous_actor = nullptr;
      cell->listed = false;
    }
    cell->stop(why);
    cell->unhold();
  }
}

intrusive_ptr<gpu::device_context> runtime::next_device() noexcept {
  const auto& devices = platform_->devices();
  if (devices.empty()) return nullptr;
  const std::size_t turn = next_device_.fetch_add(1, std::memory_order_relaxed);
  const auto& next = devices[turn % devices.size()];
  if (!next->found_lost()) [[likely]]
    return next;
  // Turns of lost devices are the others' in their turn.
  std::vector<gpu::device_context*> living;
  for (const auto& d : devices) {
    if (!d->found_lost()) living.push_back(d.get());
  }
  if (living.empty()) return next;
  return intrusive_ptr<gpu::device_context>(living[turn / devices.size() % living.size()]);
}

intrusive_ptr<gpu::device_context> runtime::device_for(std::int32_t gpu_units) noexcept {
  const int with_room = gpu_units > 0 ? ledger_->device_with_room(gpu_units) : -1;
  return with_room >= 0 ? platform_->devices()[static_cast<std::size_t>(with_room)] : next_device();
}

void runtime::look_for_lost_devices() noexcept {
  for (const auto& d : platform_->devices()) {
    if (d->answers() || !ledger_->retire(d->index())) continue;
    log(log_level::warning, "device ", d->index(), " (", d->device().info().name, ") is lost: it gets no more work");
  }
}

void runtime::stop() noexcept {
  const error why(errc::shutdown, "the runtime was shut down");
  stopping_.store(true);
  store::registry::fail_unsettled(why);  // stops tasks and wakes whoever waits, bodies and timers' callers included
  timers_.stop();
  scheduler_->stop(why);
  ledger_->stop(why);
  platform_->drain();  // completions of device work publish, or find their objects failed; they may wake actors' calls
  scheduler_->drain(why);
  directory_.clear();
  stop_actors(why);
  platform_->drain();  // what the actors' objects let go of
  scheduler_->drain(why);
  store::registry::empty_all(why);
  platform_->drain();  // what the emptied objects let go of is freed
  admission_->close();
  scheduler_->drain(why);
  platform_->close();
  kept_variants_.save(variants_);  // nothing is measured any more
}

// ---- the process's one runtime
// ----------------------------------------------------------------------------------------

namespace {

call_gate gate;
mutex life_mutex;  // init and shutdown exclude each other
/// Never destroyed by the end of the process: its threads would still run. Without a shutdown it simply ends.
runtime* instance GLINT_GUARDED_BY(life_mutex) = nullptr;
std::atomic<runtime*> running{nullptr};

[[noreturn]] void throw_not_running() {
  throw exception(error(errc::not_running, "no runtime: before init, or after shutdown began"));
}

}  // namespace

call_scope::call_scope() {
  if (!gate.enter()) throw_not_running();
  runtime_ = running.load(std::memory_order_acquire);
}

call_scope::~call_scope() {
  gate.leave();
}

soft_call_scope::soft_call_scope() noexcept
    : runtime_(gate.enter() ? running.load(std::memory_order_acquire) : nullptr) {}

soft_call_scope::~soft_call_scope() {
  if (runtime_) gate.leave();
}

void let_move(store::entry& entry) noexcept {
  running.load(std::memory_order_acquire)->admission().tier().add(entry);
}

void count_put() noexcept {
  running.load(std::memory_order_acquire)->counters().add(counter_set::puts);
}

void init_with_clock(const config& settings, clock& time, std::uint32_t node) {
  const lock_guard guard(life_mutex);
  if (instance) throw exception(error(errc::already_running, "init while a runtime lives: shutdown first"));
  set_log_level(settings.log_level);
  auto made = runtime::create(settings, time);
  if (!made) throw exception(made.error());
  instance = std::move(made)->release();
  current_runtime_number.fetch_add(1);
  node_index.store(node, std::memory_order_relaxed);
  running.store(instance, std::memory_order_release);
  gate.open();
}

}  // namespace glint::detail

namespace glint {

void init(const config& settings) {
  detail::init_with_clock(settings, real_clock::instance());
}

void shutdown() {
  const lock_guard guard(detail::life_mutex);
  if (!detail::instance) return;
  GLINT_ASSERT(!detail::slot_holder::current(), "shutdown was called by a task or an actor");
  detail::gate.close();
  detail::instance->stop();
  detail::running.store(nullptr, std::memory_order_release);
  delete std::exchange(detail::instance, nullptr);
}

bool is_running() noexcept {
  return detail::gate.is_open();
}

node_info this_node() {
  const detail::call_scope scope;
  const detail::resource_totals& totals = scope.get().totals();
  node_info info{.cpus = scope.get().scheduler().lane_count(),
                 .devices = {},
                 .memory_bytes = totals.memory_bytes,
                 .resources = {}};
  for (const auto& [name, units] : totals.custom) {
    info.resources.emplace_back(name, static_cast<double>(units) / static_cast<double>(detail::units_per_one));
  }
  for (const auto& device : scope.get().platform().devices()) info.devices.push_back(device->device().info());
  return info;
}

runtime_statistics statistics() {
  const detail::call_scope scope;
  const auto& counters = scope.get().counters();
  const gpu::statistics devices = scope.get().platform().statistics();
  return {.tasks = counters.read(detail::counter_set::tasks),
          .actor_calls = counters.read(detail::counter_set::actor_calls),
          .failed = counters.read(detail::counter_set::failed),
          .retries = counters.read(detail::counter_set::retries),
          .puts = counters.read(detail::counter_set::puts),
          .states_saved = counters.read(detail::counter_set::states),
          .device_bytes_allocated = devices.device_bytes_allocated,
          .bytes_to_devices = devices.bytes_to_device,
          .bytes_from_devices = devices.bytes_to_host,
          .bytes_pinned = devices.bytes_pinned,
          .bytes_pageable = devices.bytes_pageable,
          .events_on_devices = devices.events,
          .bytes_spilled = scope.get().admission().tier().spilled_bytes(),
          .bytes_written_to_files = scope.get().admission().files().written_bytes(),
          .bytes_dropped = scope.get().admission().tier().dropped_bytes()};
}

}  // namespace glint
