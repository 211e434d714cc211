// SPDX-License-Identifier: Apache-2.0
#include "emulated_device.hpp"

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

emulated_device::emulated_device(int index, std::unique_ptr<arena> memory)
    : index_(index),
      memory_(std::move(memory)),
      info_{"emulated " + std::to_string(index), new_uuid(), memory_->capacity_bytes()} {}

emulated_device::~emulated_device() = default;

result<void*> emulated_device::reserve(std::size_t bytes) {
  if (faults_.lost()) return fail(lost_error());
  if (!faults_.take_reserve()) return memory_->take(bytes);
  return fail(error(errc::out_of_memory,
                    "no room for " + std::to_string(bytes) + " bytes on device " + info_.name + ": failure on order")
                  .with_subject("device " + info_.name));
}

void emulated_device::unreserve(void* slab, std::size_t bytes) noexcept {
  memory_->give(slab, bytes);
}

result<std::unique_ptr<native_stream>> emulated_device::create_stream() {
  if (faults_.lost()) return fail(lost_error());
  const auto number = streams_created_.fetch_add(1, std::memory_order_relaxed);
  // The system cuts a thread's name after 15 characters.
  std::string thread_name = ("emu" + std::to_string(index_) + ".s" + std::to_string(number)).substr(0, 15);
  return std::make_unique<emulated_stream>(intrusive_ptr(this), std::move(thread_name));
}

result<std::unique_ptr<native_event>> emulated_device::create_event() {
  if (faults_.lost()) return fail(lost_error());
  return std::make_unique<emulated_event>(intrusive_ptr(this));
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
  auto memory = emulated::arena::create({.device_index = options.index, .capacity_bytes = options.capacity_bytes});
  if (!memory) return fail(std::move(memory).error());
  return intrusive_ptr<device>(make_intrusive<emulated::emulated_device>(options.index, std::move(*memory)));
}

bool emulated_memory_is_protected() {
  return emulated::protection_available();
}

emulated_faults* faults_of(device& d) noexcept {
  auto* const emulated = dynamic_cast<emulated::emulated_device*>(&d);
  return emulated != nullptr ? &emulated->faults() : nullptr;
}

}  // namespace glint::gpu
