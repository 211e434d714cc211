// SPDX-License-Identifier: Apache-2.0
//
// Copies of tensors between memories.
#include <array>
#include <cstring>
#include <utility>

#include <glint/base/exception.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>
#include <glint/gpu/tensor.hpp>

#include "host_copies.hpp"
#include "through_host.hpp"

namespace glint {

namespace {

using counter = gpu::statistics_counters::counter;

/// Memory for a copy of `source`'s.
result<intrusive_ptr<gpu::storage>> allocate(gpu::device_context* target, std::size_t bytes, gpu::stream& home,
                                             const gpu::storage& source) {
  if (!target && source.context()) return gpu::host_memory_for(*source.context(), bytes);
  if (!target) return gpu::storage::on_host(bytes);
  return gpu::storage::on_device(intrusive_ptr<gpu::device_context>(target), bytes, intrusive_ptr<gpu::stream>(&home));
}

void count_copy(const gpu::storage& to, const gpu::storage& from, std::size_t bytes) {
  if (to.context() && from.context()) {
    to.context()->counters().add(counter::bytes_between_devices, bytes);
  } else if (to.context()) {
    to.context()->counters().add(counter::bytes_to_device, bytes);
  } else if (from.context()) {
    from.context()->counters().add(counter::bytes_to_host, bytes);
  }
}

/// Whether `stream` may be used for a memory: its own backend's or the host's.
bool same_backend(const gpu::stream& stream, const gpu::device_context* context) {
  return !context || context->device().backend() == stream.device().backend();
}

/// Whether one copy of `stream` can do it: each memory is the host's, its device's or a peer's.
result<bool> goes_directly(const gpu::stream& stream, const gpu::storage& to, const gpu::storage& from) {
  for (const gpu::storage* s : {&to, &from}) {
    if (!s->context() || &s->context()->device() == &stream.device()) continue;
    if (auto reached = stream.device().reach(s->context()->device()); !reached || !*reached) return reached;
  }
  return true;
}

/// Enqueues the copy behind the source's last write and notes it with both storages. The target is new: nobody uses it.
result<void> enqueue_copy(gpu::stream& stream, const gpu::device_copy& copy, std::vector<gpu::stream_side>* sides) {
  if (copy.bytes == 0) return {};
  const auto directly = goes_directly(stream, copy.to, copy.from);
  if (!directly) return fail(directly.error());
  if (*directly) {
    GLINT_TRY(gpu::copy_in_order(stream, copy));
  } else if (stream.recorder()) {
    return fail(errc::device_error, "a copy that takes streams of other devices cannot be part of a graph");
  } else if (!copy.to.context() || !copy.from.context()) {
    GLINT_TRY(gpu::copy_on_own_device(stream, copy, sides));
  } else {
    GLINT_TRY(gpu::copy_through_host(stream, copy, sides));
    copy.to.context()->counters().add(counter::bytes_through_host, copy.bytes);
  }
  if (!stream.recorder()) count_copy(copy.to, copy.from, copy.bytes);
  return {};
}

}  // namespace

/// Bytes from the first element to behind the last one, gaps included: strides are never negative.
std::size_t tensor_base::span_bytes() const noexcept {
  if (size() == 0) return 0;
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape_.rank(); ++i) last += (shape_[i] - 1) * strides_[i];
  return static_cast<std::size_t>(last + 1) * size_of(dtype_);
}

result<tensor_base> tensor_base::copy_to(gpu::device_context* target, gpu::stream& stream,
                                         std::vector<gpu::stream_side>* sides) const {
  if (empty_handle()) return fail(errc::invalid_argument, "a copy of an empty tensor handle");
  if (!same_backend(stream, target) || !same_backend(stream, storage_->context())) {
    return fail(errc::invalid_argument, "a copy between devices of two backends: call to_host() first");
  }
  const std::size_t bytes = span_bytes();
  auto made = allocate(target, bytes, stream, *storage_);
  if (!made) return fail(std::move(made).error());
  GLINT_TRY(enqueue_copy(stream, {.to = **made, .from = *storage_, .begin = address(), .bytes = bytes}, sides));
  tensor_base copied = *this;
  copied.storage_ = std::move(*made);
  copied.offset_ = 0;
  return copied;
}

tensor_base tensor_base::in_storage(intrusive_ptr<gpu::storage> storage) const {
  GLINT_ASSERT(storage && storage_ && storage->bytes() >= storage_->bytes(), "storage that is too small");
  tensor_base moved = *this;
  moved.storage_ = std::move(storage);
  return moved;
}

result<tensor_base> tensor_base::copy_on_host() const {
  auto made = gpu::storage::on_host(bytes());
  if (!made) return fail(std::move(made).error());
  tensor_base copy(*std::move(made), dtype_, shape_);
  const auto width = size_of(dtype_);
  auto* to = static_cast<std::byte*>(copy.address());
  const auto* from = static_cast<const std::byte*>(address());
  if (contiguous()) {
    if (bytes() != 0) std::memcpy(to, from, bytes());
    return copy;
  }
  std::array<std::int64_t, extents::rank_max> at{};
  for (std::int64_t i = 0; i < size(); ++i, to += width) {
    std::int64_t element = 0;
    for (std::size_t d = 0; d < shape_.rank(); ++d) element += at[d] * strides_[d];
    std::memcpy(to, from + element * static_cast<std::int64_t>(width), width);
    for (std::size_t d = shape_.rank(); d-- > 0 && ++at[d] == shape_[d];) at[d] = 0;
  }
  return copy;
}

tensor_base tensor_base::on_host() const {
  if (empty_handle() || !storage_->context()) return *this;
  const gpu::stream_point written = storage_->last_write();
  const intrusive_ptr<gpu::stream> transfers = storage_->context()->transfer_stream();
  auto copied = copy_to(nullptr, *transfers);
  if (!copied) throw_error(copied.error());
  const auto arrived = wait_reached(copied->storage_->last_write());
  // The writer's own error first: the copy then took what nobody wrote, whether or not it went well.
  if (const auto wrote = wait_reached(written); !wrote) throw_error(wrote.error());
  if (!arrived) throw_error(arrived.error());
  return *std::move(copied);
}

}  // namespace glint
