// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>

namespace glint::gpu {

/// Names a slab of device memory to other processes of this host: bytes that travel over any channel, a driver's own
/// (cudaIpcMemHandle_t) or the emulated device's. It keeps nothing: who exports must outlive who opens, or opening
/// fails.
struct slab_handle {
  std::array<std::byte, 64> bytes{};
  friend bool operator==(const slab_handle&, const slab_handle&) = default;
};

}  // namespace glint::gpu
