// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/core/arrow_device.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/poller.hpp>

#include "arrow_source.hpp"
#include "arrow_structures.hpp"

namespace glint {
namespace {

/// The frame of the array, read before it is taken over.
struct described {
  std::int64_t device_id = -1;
  ArrowDeviceType type = ARROW_DEVICE_CPU;
  void* sync_event = nullptr;
  bool ours = false;

  explicit described(const ArrowDeviceArray* from) noexcept {
    if (!from) return;
    device_id = from->device_id;
    type = from->device_type;
    sync_event = from->sync_event;
    ours = detail::exported_here(from->array);
  }
  [[nodiscard]] bool on_host() const noexcept { return type == ARROW_DEVICE_CPU || type == ARROW_DEVICE_CUDA_HOST; }
};

gpu::device_context* device_of(const described& d, gpu::device_context* given) {
  if (d.on_host()) return nullptr;
  const bool cuda = d.type == ARROW_DEVICE_CUDA;
  if (!cuda && !(d.type == ARROW_DEVICE_EXT_DEV && d.ours)) {
    detail::refuse_array("lies on a device of type " + std::to_string(d.type) + ", which is not known");
  }
  const std::string where = (cuda ? "CUDA device " : "emulated device ") + std::to_string(d.device_id);
  if (!given) detail::refuse_array("lies on " + where + ", and no device was given");
  const auto backend = cuda ? gpu::backend_kind::cuda : gpu::backend_kind::emulated;
  if (given->device().backend() != backend || given->index() != d.device_id) {
    detail::refuse_array("lies on " + where + ", not on " + given->device().info().name);
  }
  return given;
}

/// Enqueues a wait for the array's event, and says from where on it may be used.
gpu::stream_point ready_point(const described& d, const arrow_device_options& options) {
  if (!d.sync_event || d.type == ARROW_DEVICE_CPU) return {};
  if (!options.device) detail::refuse_array("has an event, and no device was given to wait for it");
  const auto stream = options.stream ? options.stream : options.device->transfer_stream();
  void* const handle = *static_cast<void**>(d.sync_event);
  if (d.type == ARROW_DEVICE_EXT_DEV) {
    detail::value_of(stream->wait_for(*static_cast<gpu::native_event*>(handle)));
  } else {
    detail::value_of(stream->wait_for(*detail::value_of(options.device->device().borrow_event(handle))));
  }
  gpu::stream_point ready = stream->now();
  if (!d.on_host()) return ready;
  detail::value_of(gpu::wait_reached(ready));
  return {};
}

detail::array_source source_of(const described& d, const detail::taken_over& from,
                               const arrow_device_options& options) {
  gpu::device_context* const device = device_of(d, options.device);
  return {.holder = from.holder(), .device = device, .ready = ready_point(d, options)};
}

}  // namespace

tensor_base import_arrow_device(ArrowSchema* schema, ArrowDeviceArray* array, const arrow_device_options& options) {
  const described d(array);
  const detail::taken_over from(schema, array ? &array->array : nullptr);
  return detail::array_over(from.schema(), source_of(d, from, options));
}

table import_arrow_device_table(ArrowSchema* schema, ArrowDeviceArray* array, const arrow_device_options& options) {
  const described d(array);
  const detail::taken_over from(schema, array ? &array->array : nullptr);
  return detail::table_over(from.schema(), source_of(d, from, options));
}

}  // namespace glint
