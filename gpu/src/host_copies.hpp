// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <glint/base/result.hpp>
#include <glint/gpu/storage.hpp>
#include <glint/gpu/stream.hpp>

#include "through_host.hpp"

namespace glint::gpu {

/// New host memory for a copy from `source`'s device: page-locked where there is room, so that the copy lets nobody
/// wait and needs no second one. Errors: out_of_memory.
[[nodiscard]] result<intrusive_ptr<storage>> host_memory_for(const device_context& source, std::size_t bytes);

/// Enqueues a copy that `stream` can do by itself, as its device reaches both memories: behind the source's last write,
/// and noted with both storages.
///
/// Bytes of a pageable source that the host may read already are copied to page-locked stages by the caller, a piece
/// after the other, while the device copies from those before: the stream is not waited for, and the source is used no
/// more when this returns. Where stages run out, the rest is left to the driver, which may wait for the stream. Errors:
/// those of the device.
[[nodiscard]] result<void> copy_in_order(gpu::stream& stream, const device_copy& copy);

}  // namespace glint::gpu
