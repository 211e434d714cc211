// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/core/arrow.hpp>
#include <glint/core/table.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/tensor.hpp>

/// Columns of numbers on devices to and from other libraries of this process, without a copy, by Apache Arrow's C
/// device data interface (https://arrow.apache.org/docs/format/CDeviceDataInterface.html). Not part of glint.hpp.

// The interface's own declarations, guarded as it asks, so that they may stand beside those of other libraries.
#ifndef ARROW_C_DEVICE_DATA_INTERFACE
#define ARROW_C_DEVICE_DATA_INTERFACE

typedef std::int32_t ArrowDeviceType;  // NOLINT(modernize-use-using)

#define ARROW_DEVICE_CPU 1
#define ARROW_DEVICE_CUDA 2
#define ARROW_DEVICE_CUDA_HOST 3
#define ARROW_DEVICE_OPENCL 4
#define ARROW_DEVICE_VULKAN 7
#define ARROW_DEVICE_METAL 8
#define ARROW_DEVICE_VPI 9
#define ARROW_DEVICE_ROCM 10
#define ARROW_DEVICE_ROCM_HOST 11
#define ARROW_DEVICE_EXT_DEV 12
#define ARROW_DEVICE_CUDA_MANAGED 13
#define ARROW_DEVICE_ONEAPI 14
#define ARROW_DEVICE_WEBGPU 15
#define ARROW_DEVICE_HEXAGON 16

extern "C" {
struct ArrowDeviceArray {
  struct ArrowArray array;
  std::int64_t device_id;
  ArrowDeviceType device_type;
  void* sync_event;
  std::int64_t reserved[3];
};
}

#endif  // ARROW_C_DEVICE_DATA_INTERFACE

namespace glint {

/// Describes the elements to Arrow where they are, without copying them: a column of a primitive type, or a struct of
/// such for a table, whose columns must all be on one device or all on the host; no nulls.
///
/// On a device nobody waits: `sync_event` points to the event (cudaEvent_t) behind the last write, which the array
/// keeps, and is null where there is nothing to wait for. On the host it is null, and this waits for what is being
/// written; and host elements with gaps between them are copied. `device_id` is the ordinal of this process. An
/// emulated device's memory goes out as ARROW_DEVICE_EXT_DEV, for `import_arrow_device` alone.
///
/// `schema` and `array` are overwritten, whatever they held, and then the caller's, who calls their `release` or passes
/// them on; columns may be moved out of a table's. The array keeps the elements until it is released, on whatever
/// thread; by then work that reads them must have run. They must not be written.
///
/// Throws, with the subject "arrow array", invalid_argument for a null pointer, a tensor that has not one dimension,
/// gaps between elements on a device, columns on several devices; and what the work before or the device failed with.
/// Then both are left as they were. Must not be called on the poller's thread. Cost: some allocations; an event if none
/// stands for the last write, two for a table written on several streams.
void export_arrow_device(const tensor_base& values, ArrowSchema* schema, ArrowDeviceArray* array);
void export_arrow_device(const table& values, ArrowSchema* schema, ArrowDeviceArray* array);

struct arrow_device_options {
  gpu::device_context* device = nullptr;  ///< Whose memory it may be, besides the host's.
  /// On which the array's event is waited for; null: the device's stream for transfers.
  intrusive_ptr<gpu::stream> stream = {};
};

/// A tensor, or a table, over the elements of an Arrow device array: on a device without a copy, on the host as
/// `import_arrow`. It is usable behind the array's event, for which a stream is made to wait and nobody else; for
/// pinned memory (ARROW_DEVICE_CUDA_HOST), which is host memory, the host waits. Takes both structures over: the schema
/// is released before this returns, the array when the last handle and the last use went; both also when this throws.
/// Read-only, as `import_arrow`'s.
///
/// Throws invalid_argument as `import_arrow` does, and for a device that is not `options.device` or is not known,
/// memory that does not lie there, nulls whose bitmap is on a device, elements that are not aligned there, an event
/// where there is no device to wait on; and the errors of the device.
[[nodiscard]] tensor_base import_arrow_device(ArrowSchema* schema, ArrowDeviceArray* array,
                                              const arrow_device_options& options = {});
[[nodiscard]] table import_arrow_device_table(ArrowSchema* schema, ArrowDeviceArray* array,
                                              const arrow_device_options& options = {});

}  // namespace glint
