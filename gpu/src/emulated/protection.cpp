// SPDX-License-Identifier: Apache-2.0
#include "protection.hpp"

#include <sys/mman.h>

#include "fault_message.hpp"

namespace glint::gpu::emulated {
namespace {

/// Of the thread, for its signal handler too. Relaxed atomics, since a stream's fiber is another thread to
/// ThreadSanitizer.
constinit thread_local std::atomic<std::uint64_t> worker_id{0};
constinit thread_local std::atomic<int> worker_index{0};

void set_worker(range_owner device) noexcept {
  worker_id.store(device.device_id, std::memory_order_relaxed);
  worker_index.store(device.device_index, std::memory_order_relaxed);
}

#if defined(__linux__) && defined(PKEY_DISABLE_ACCESS)

constinit std::atomic<std::uint32_t> keys_of_devices{0};

int new_key() noexcept {
  return pkey_alloc(0, PKEY_DISABLE_ACCESS);
}
/// The key of devices that get none of their own, or -1. Never freed: devices may outlive every static.
int shared_key() noexcept {
  static const int key = new_key();
  return key;
}
void free_key(int key) noexcept {
  pkey_free(key);
}
void guard_with(int key, void* base, std::size_t bytes) noexcept {
  pkey_mprotect(base, bytes, PROT_READ | PROT_WRITE, key);
}
void set_rights(std::uint32_t keys, unsigned rights) noexcept {
  for (; keys != 0; keys &= keys - 1) pkey_set(__builtin_ctz(keys), rights);
}
constexpr unsigned denied = PKEY_DISABLE_ACCESS;

#else

std::atomic<std::uint32_t> keys_of_devices{0};
int new_key() noexcept {
  return -1;
}
int shared_key() noexcept {
  return -1;
}
void free_key(int) noexcept {}
void guard_with(int, void*, std::size_t) noexcept {}
void set_rights(std::uint32_t, unsigned) noexcept {}
constexpr unsigned denied = 1;

#endif

}  // namespace

bool protection_available() noexcept {
  return shared_key() >= 0;
}

protection_key::protection_key() noexcept : key_(shared_key()) {
  if (key_ < 0) return;
  if (const int own = new_key(); own >= 0) key_ = own;
  keys_of_devices.fetch_or(mask());
  explain_faults();
}

protection_key::~protection_key() {
  if (key_ < 0 || key_ == shared_key()) return;
  keys_of_devices.fetch_and(~mask());
  free_key(key_);
}

void protection_key::guard(void* base, std::size_t bytes) const noexcept {
  if (key_ >= 0) guard_with(key_, base, bytes);
}

void deny_device_access() noexcept {
  set_rights(keys_of_devices.load(), denied);
}

device_access::device_access(std::uint32_t keys, range_owner device) noexcept : keys_(keys) {
  set_worker(device);
  set_rights(keys_, 0);
}

device_access::~device_access() {
  set_rights(keys_, denied);
  set_worker({});
}

range_owner working_device() noexcept {
  return {worker_id.load(std::memory_order_relaxed), worker_index.load(std::memory_order_relaxed)};
}

}  // namespace glint::gpu::emulated
