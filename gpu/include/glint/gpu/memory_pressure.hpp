// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <glint/base/intrusive_ptr.hpp>

namespace glint::gpu {

class device_context;

/// Who is asked to make room when a device is full, and told when memory there was freed. Thread-safe.
class memory_pressure : public ref_counted {
 public:
  /// Frees what can be freed at once, `bytes` bytes or as much as there is; begins to move other things away, which the
  /// caller does not wait for. Called with no lock held, by whoever allocates. True if anything was freed: it is worth
  /// trying again.
  [[nodiscard]] virtual bool relieve(device_context& context, std::size_t bytes) noexcept = 0;
  /// Memory of the device was freed. Called by any thread, perhaps with locks held: must not free, allocate there or
  /// block.
  virtual void memory_freed(device_context& context) noexcept = 0;
};

}  // namespace glint::gpu
