// SPDX-License-Identifier: Apache-2.0
#include "protection.hpp"

#include <sys/mman.h>

#include "fault_message.hpp"

namespace glint::gpu::emulated {
namespace {

/// The process's key, or -1. Never freed: arenas may outlive every static.
int protection_key() noexcept {
#if defined(__linux__) && defined(PKEY_DISABLE_ACCESS)
  static const int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
  return key;
#else
  return -1;
#endif
}

void set_rights([[maybe_unused]] unsigned rights) noexcept {
#if defined(__linux__) && defined(PKEY_DISABLE_ACCESS)
  if (const int key = protection_key(); key >= 0) pkey_set(key, rights);
#endif
}

}  // namespace

bool protection_available() noexcept {
  return protection_key() >= 0;
}

void protect(void* base, std::size_t bytes, int device_index) noexcept {
#if defined(__linux__) && defined(PKEY_DISABLE_ACCESS)
  if (!protection_available()) return;
  if (pkey_mprotect(base, bytes, PROT_READ | PROT_WRITE, protection_key()) != 0) return;
  explain_faults(base, bytes, device_index);
#else
  static_cast<void>(base), static_cast<void>(bytes), static_cast<void>(device_index);
#endif
}

void unprotect(void* base) noexcept {
  forget_faults(base);
}

#if defined(__linux__) && defined(PKEY_DISABLE_ACCESS)
void deny_device_access() noexcept {
  set_rights(PKEY_DISABLE_ACCESS);
}
device_access::device_access() noexcept {
  set_rights(0);
}
device_access::~device_access() {
  set_rights(PKEY_DISABLE_ACCESS);
}
#else
void deny_device_access() noexcept {}
device_access::device_access() noexcept = default;
device_access::~device_access() = default;
#endif

}  // namespace glint::gpu::emulated
