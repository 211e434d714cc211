// SPDX-License-Identifier: Apache-2.0
#include "foreign_memory.hpp"

#include <cstdint>
#include <string>

#include <glint/gpu/platform.hpp>

namespace glint::gpu {

result<void> check_foreign_memory(const foreign_memory& memory, const char* subject) {
  const auto refuse = [subject](std::string why) {
    return fail(error(errc::invalid_argument, std::move(why)).with_subject(subject));
  };
  if (memory.bytes == 0) return {};
  if (!memory.first) return refuse("a null pointer to " + std::to_string(memory.bytes) + " bytes");
  if (reinterpret_cast<std::uintptr_t>(memory.first) % size_of(memory.type) != 0) {
    return refuse("its address is not aligned for " + std::string(to_string(memory.type)));
  }
  if (!memory.device) return {};
  device& d = memory.device->device();
  auto held = d.holds(memory.first, memory.bytes);
  if (!held) return fail(std::move(held).error());
  if (!*held) return refuse("does not lie in the memory of " + d.info().name);
  return {};
}

}  // namespace glint::gpu
