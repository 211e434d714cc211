// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/arrow_device.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>

#include "arrow_structures.hpp"

namespace glint {
namespace {

/// What `sync_event` points to, and the event itself.
struct sync_slot {
  void* handle = nullptr;
  intrusive_ptr<gpu::pooled_event> event;
};

tensor_base device_elements(const tensor_base& values) {
  if (!values.contiguous())
    detail::refuse_array("elements " + values.shape().describe() + " on a device with gaps between them");
  return values;
}

/// One point that stands for all of them.
gpu::stream_point joined(const std::vector<gpu::stream_point>& points, gpu::device_context& device) {
  const auto newest = std::ranges::max_element(points, {}, &gpu::stream_point::sequence);
  const auto beside = [&](const gpu::stream_point& p) { return p.stream != newest->stream; };
  if (std::ranges::none_of(points, beside)) return *newest;
  const intrusive_ptr<gpu::stream> joins = device.transfer_stream();
  for (const gpu::stream_point& p : points) detail::value_of(joins->wait(p));
  return joins->now();
}

/// The event behind all writes; null when they have run.
std::shared_ptr<sync_slot> event_behind(const std::vector<gpu::stream_point>& points, gpu::device_context& device) {
  for (const gpu::stream_point& p : points) {
    if (const auto failed = p.failure()) throw_error(*failed);
  }
  if (points.empty()) return {};
  const gpu::stream_point last = joined(points, device);
  auto event = detail::value_of(last.stream->event_after(last.sequence));
  if (!event) {
    if (const auto failed = last.failure()) throw_error(*failed);
    return {};
  }
  auto slot = std::make_shared<sync_slot>();
  const bool cuda = device.device().backend() == gpu::backend_kind::cuda;
  slot->handle = cuda ? event->native().handle() : &event->native();
  slot->event = std::move(event);
  return slot;
}

/// What is found of all columns: where they lie, and what they wait for.
struct source {
  gpu::device_context* device = nullptr;
  std::vector<gpu::stream_point> points;
  bool first = true;

  void add(const tensor_base& values) {
    gpu::storage& s = *values.storage();
    if (!first && s.context() != device)
      detail::refuse_array("columns that do not all lie on one device, or all on the host");
    first = false;
    device = s.context();
    if (gpu::stream_point last = s.last_write(); !last.empty()) points.push_back(std::move(last));
  }
};

/// Everything but the array itself. On the host: waits.
ArrowDeviceArray frame(const source& from, const std::shared_ptr<sync_slot>& event) {
  ArrowDeviceArray made{};
  made.device_id = -1;
  made.device_type = ARROW_DEVICE_CPU;
  if (!from.device) {
    for (const gpu::stream_point& p : from.points) detail::value_of(gpu::wait_reached(p));
    return made;
  }
  const bool cuda = from.device->device().backend() == gpu::backend_kind::cuda;
  made.device_id = from.device->index();
  made.device_type = cuda ? ARROW_DEVICE_CUDA : ARROW_DEVICE_EXT_DEV;
  made.sync_event = event ? &event->handle : nullptr;
  return made;
}

template <class Make>
void export_from(const source& from, ArrowSchema described, ArrowSchema* schema, ArrowDeviceArray* array, Make make) {
  detail::hand_over(described, schema, [&] {
    const auto event = from.device ? event_behind(from.points, *from.device) : nullptr;
    ArrowDeviceArray made = frame(from, event);
    made.array = make({.object = {}, .event = event}, from.device ? &device_elements : &detail::host_elements);
    *array = made;
  });
}

}  // namespace

void export_arrow_device(const tensor_base& values, ArrowSchema* schema, ArrowDeviceArray* array) {
  detail::require_targets(schema, array ? &array->array : nullptr);
  detail::require_column(values);
  source from;
  from.add(values);
  export_from(from, detail::schema_of(values, ""), schema, array,
              [&](detail::kept_by_array keep, detail::elements_of elements) {
                return detail::array_of(elements(values), std::move(keep));
              });
}

void export_arrow_device(const table& values, ArrowSchema* schema, ArrowDeviceArray* array) {
  detail::require_targets(schema, array ? &array->array : nullptr);
  source from;
  for (const auto& column : values.columns()) from.add(column.values);
  export_from(from, detail::table_schema_of(values), schema, array,
              [&](const detail::kept_by_array& keep, detail::elements_of elements) {
                return detail::table_array_of(values, keep, elements);
              });
}

}  // namespace glint
