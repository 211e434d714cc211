// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <vector>

#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>

#include "dlpack_format.hpp"

namespace glint::gpu {
namespace {

/// The driver's names for streams that are not made (cudaStreamLegacy, cudaStreamPerThread).
constexpr std::intptr_t legacy_stream = 1;
constexpr std::intptr_t thread_stream = 2;

/// What a consumer holds: the structure, and what it points to.
struct exported {
  DLManagedTensorVersioned managed{};
  tensor_base tensor;
  std::array<std::int64_t, extents::rank_max> shape{};
  std::array<std::int64_t, extents::rank_max> strides{};
  intrusive_ptr<stream> consumer;  // null: done when it says so
  bool foreign = false;            // our clock does not count what the consumer enqueues
  bool writable = false;
};

DLDevice device_of(const tensor_base& tensor) {
  using type = decltype(DLDevice::device_type);
  const device_context* context = tensor.storage()->context();
  if (!context) return {static_cast<type>(kDLCPU), 0};
  const bool cuda = context->device().backend() == backend_kind::cuda;
  return {static_cast<type>(cuda ? kDLCUDA : kDLExtDev), context->index()};
}

result<bool> may_write(const tensor_base& tensor, dlpack_export_options::access allowed) {
  using access = dlpack_export_options::access;
  const storage& s = *tensor.storage();
  if (allowed == access::writable && s.read_only()) return refuse_dlpack("is read-only, and was to be writable");
  if (allowed == access::automatic) return s.unique() && !s.read_only();
  return allowed == access::writable;
}

/// What the consumer must see: the last write; and who writes itself, all uses.
std::vector<stream_point> points_before(const storage& s, bool writable) {
  std::vector<stream_point> points;
  if (writable) points = s.uses();
  if (stream_point last = s.last_write(); !last.empty()) points.push_back(std::move(last));
  return points;
}

result<void> wait_on_host(const std::vector<stream_point>& points) {
  for (const stream_point& p : points) GLINT_TRY(wait_reached(p));
  return {};
}

result<void> wait_on(stream& consumer, const std::vector<stream_point>& points) {
  for (const stream_point& p : points) {
    if (auto failed = p.failure()) return fail(*std::move(failed));
    GLINT_TRY(consumer.wait(p));
  }
  return {};
}

/// The consumer's streams: where it works, and where a record at the end stands for all of that work.
struct consumer_streams {
  intrusive_ptr<stream> works;
  intrusive_ptr<stream> ends;
};

/// A per-thread default stream is another one on the thread that calls the deleter. The legacy stream is ordered after
/// those of all threads.
result<consumer_streams> borrow(device_context& context, std::intptr_t handle) {
  if (handle == 0) return refuse_dlpack("stream 0 may mean the legacy or a thread's default stream: say 1 or 2");
  auto works = context.borrow_stream(reinterpret_cast<void*>(handle));
  if (!works) return fail(std::move(works).error());
  if (handle != thread_stream) return consumer_streams{*works, *works};
  auto ends = context.borrow_stream(reinterpret_cast<void*>(legacy_stream));
  if (!ends) return fail(std::move(ends).error());
  return consumer_streams{*std::move(works), *std::move(ends)};
}

result<void> exchange_streams(exported& e, const dlpack_consumer& consumer) {
  using kind = dlpack_consumer::kind;
  const storage& s = *e.tensor.storage();
  if (consumer.how() == kind::unsynchronized) return {};
  const std::vector<stream_point> points = points_before(s, e.writable);
  if (consumer.how() == kind::host || !s.context()) return wait_on_host(points);
  if (consumer.how() == kind::handle) {
    auto streams = borrow(*s.context(), consumer.handle());
    if (!streams) return fail(std::move(streams).error());
    e.consumer = std::move(streams->ends);
    e.foreign = true;
    return wait_on(*streams->works, points);
  }
  if (!consumer.stream()) return refuse_dlpack("a consumer on no stream");
  if (consumer.stream()->device().backend() != s.context()->device().backend()) {
    return refuse_dlpack("a consumer on a stream of another backend");
  }
  e.consumer = consumer.stream();
  return wait_on(*e.consumer, points);
}

void describe(exported& e) {
  std::ranges::copy(e.tensor.shape().values(), e.shape.begin());
  std::ranges::copy(e.tensor.strides(), e.strides.begin());
  e.managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  e.managed.manager_ctx = &e;
  e.managed.deleter = &delete_exported;
  e.managed.flags = e.writable ? 0 : DLPACK_FLAG_BITMASK_READ_ONLY;
  e.managed.dl_tensor = {.data = e.tensor.size() == 0 ? nullptr : e.tensor.address(),
                         .device = device_of(e.tensor),
                         .ndim = static_cast<std::int32_t>(e.tensor.shape().rank()),
                         .dtype = dlpack_type(e.tensor.dtype()),
                         .shape = e.shape.data(),
                         .strides = e.strides.data(),
                         .byte_offset = 0};
}

/// Notes what the consumer enqueued. An event is recorded now: its stream may be gone when somebody asks later.
void note_use(exported& e) {
  if (!e.consumer) return;
  if (e.foreign) e.consumer->note_enqueued();
  const stream_point done = e.consumer->now();
  if (e.foreign) static_cast<void>(done.reached());
  storage& s = *e.tensor.storage();
  e.writable ? s.note_write(done) : s.note_read(done);
}

}  // namespace

void delete_exported(DLManagedTensorVersioned* managed) noexcept {
  const std::unique_ptr<exported> e(static_cast<exported*>(managed->manager_ctx));
  note_use(*e);
}

void dlpack_release::operator()(DLManagedTensorVersioned* managed) const noexcept {
  if (managed->deleter) managed->deleter(managed);
}

result<dlpack_ptr> export_dlpack(tensor_base tensor, const dlpack_export_options& options) {
  if (tensor.empty_handle()) return refuse_dlpack("an empty tensor handle");
  auto writable = may_write(tensor, options.allowed);
  if (!writable) return fail(std::move(writable).error());
  auto e = std::make_unique<exported>();
  e->tensor = std::move(tensor);
  e->writable = *writable;
  GLINT_TRY(exchange_streams(*e, options.consumer));
  describe(*e);
  return dlpack_ptr(&e.release()->managed);
}

}  // namespace glint::gpu
