// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <glint/base/result.hpp>
#include <glint/gpu/storage.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/stream_side.hpp>

namespace glint::gpu {

/// One copy of a tensor's memory to another's.
struct device_copy {
  storage& to;  ///< New: nobody uses it yet.
  storage& from;
  const void* begin;  ///< In `from`.
  std::size_t bytes;  ///< More than 0.
};

/// Enqueues a copy that `stream` cannot do by itself, as its device does not reach the other: through two pieces of
/// host memory in turn, page-locked ones where there is room, so that one device reads while the other writes. It is
/// ordered after everything enqueued on `stream`, and everything enqueued there later after it. `stream` is of either
/// device; the other half goes to the other one's transfer stream and into `sides`. Nobody waits. Whatever happens,
/// both storages know by what they are used. Errors: out_of_memory (the host's), those of the devices.
[[nodiscard]] result<void> copy_through_host(stream& stream, const device_copy& copy, std::vector<stream_side>* sides);

/// Enqueues a copy between host memory and a device that `stream`'s does not reach, on that one's transfer stream; the
/// rest as above.
[[nodiscard]] result<void> copy_on_own_device(stream& stream, const device_copy& copy, std::vector<stream_side>* sides);

}  // namespace glint::gpu
