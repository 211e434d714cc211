// SPDX-License-Identifier: Apache-2.0
#include "emulated_device.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <utility>

#include "event.hpp"
#include "protection.hpp"
#include "stream.hpp"

namespace glint::gpu {
namespace emulated {
namespace {

/// Random: the memory is this process's own, so no other process's device may have the name.
std::string new_uuid() {
  std::random_device source;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "EMU-%08x-%08x-%08x-%08x", source(), source(), source(), source());
  return text.data();
}

}  // namespace

emulated_device::emulated_device(const emulated_options& options, std::uint64_t id, std::unique_ptr<arena> memory)
    : index_(options.index),
      peer_group_(options.peer_group),
      id_(id),
      memory_(std::move(memory)),
      info_{.name = "emulated " + std::to_string(index_),
            .uuid = new_uuid(),
            .capacity_bytes = memory_->capacity_bytes(),
            .slab_bytes = memory_->capacity_bytes()},  // pages that nobody touches cost nothing
      keys_(memory_->keys()) {}

emulated_device::~emulated_device() = default;

result<void*> emulated_device::reserve(std::size_t bytes) {
  note_waiting_call();
  GLINT_TRY(step("reserve"));
  if (!faults_.take_reserve()) return memory_->take(bytes);
  return fail(error(errc::out_of_memory,
                    "no room for " + std::to_string(bytes) + " bytes on device " + info_.name + ": failure on order")
                  .with_subject("device " + info_.name));
}

void emulated_device::unreserve(void* slab, std::size_t bytes) noexcept {
  note_waiting_call();
  memory_->give(slab, bytes);
}

result<std::unique_ptr<native_stream>> emulated_device::create_stream() {
  GLINT_TRY(step("create_stream"));
  const auto number = streams_created_.fetch_add(1, std::memory_order_relaxed);
  // The system cuts a thread's name after 15 characters.
  std::string thread_name = ("emu" + std::to_string(index_) + ".s" + std::to_string(number)).substr(0, 15);
  return std::make_unique<emulated_stream>(intrusive_ptr(this), std::move(thread_name));
}

result<std::unique_ptr<native_event>> emulated_device::create_event() {
  GLINT_TRY(step("create_event"));
  return std::make_unique<emulated_event>(intrusive_ptr(this));
}

result<bool> emulated_device::reach(device& other) {
  if (faults_.lost()) return fail(lost_error());
  auto* const peer = dynamic_cast<emulated_device*>(&other);
  if (!peer || peer->peer_group_ != peer_group_) return false;
  if (peer == this) return true;
  const lock_guard lock(mutex_);
  if (std::ranges::find(reached_, peer->id_) != reached_.end()) return true;
  GLINT_TRY(step("reach"));
  reached_.push_back(peer->id_);
  keys_.fetch_or(peer->memory_->keys());
  return true;
}

result<slab_handle> emulated_device::export_slab(void* slab) {
  GLINT_TRY(step("export_slab"));
  return memory_->export_range(slab);
}

result<void*> emulated_device::open_slab(const slab_handle& handle) {
  GLINT_TRY(step("open_slab"));
  return memory_->open(handle);
}

bool emulated_device::may_touch(const void* at) {
  if (contains(at, 1)) return true;
  const auto owner = owner_of(at).device_id;
  if (owner == 0 || owner == page_locked || owner == id_) return true;
  const lock_guard lock(mutex_);
  return std::ranges::find(reached_, owner) != reached_.end();
}

result<bool> emulated_device::step(const char* call, bool runs) {
  if (faults_.lost()) return fail(lost_error());
  const auto code = faults_.take_step(runs);
  if (!code) return false;
  if (*code == errc::kernel_failed) return true;
  if (*code == errc::device_lost) {
    faults_.lose_device();
    return fail(lost_error());
  }
  return fail(error(*code, std::string(call) + ": failure on order").with_subject("device " + info_.name));
}

error emulated_device::lost_error() const {
  return error(errc::device_lost, "device " + info_.name + " is lost").with_subject("device " + info_.name);
}

}  // namespace emulated

bool emulated_faults::take(std::atomic<std::uint32_t>& countdown) noexcept {
  auto left = countdown.load(std::memory_order_relaxed);
  while (left != 0 && !countdown.compare_exchange_weak(left, left - 1)) {
  }
  return left == 1;
}

result<intrusive_ptr<device>> make_emulated_device(const emulated_options& options) {
  static std::atomic<std::uint64_t> next_id{1};
  const std::uint64_t id = next_id.fetch_add(1, std::memory_order_relaxed);
  auto memory = emulated::arena::create({.owner = {id, options.index}, .capacity_bytes = options.capacity_bytes});
  if (!memory) return fail(std::move(memory).error());
  return intrusive_ptr<device>(make_intrusive<emulated::emulated_device>(options, id, std::move(*memory)));
}

bool emulated_memory_is_protected() {
  return emulated::protection_available();
}

std::uint64_t waiting_copies_of(device& d) noexcept {
  auto* const emulated = dynamic_cast<emulated::emulated_device*>(&d);
  return emulated != nullptr ? emulated->waiting_copies() : 0;
}

std::uint64_t waiting_calls_of(device& d) noexcept {
  auto* const emulated = dynamic_cast<emulated::emulated_device*>(&d);
  return emulated != nullptr ? emulated->waiting_calls() : 0;
}

emulated_faults* faults_of(device& d) noexcept {
  auto* const emulated = dynamic_cast<emulated::emulated_device*>(&d);
  return emulated != nullptr ? &emulated->faults() : nullptr;
}

}  // namespace glint::gpu
