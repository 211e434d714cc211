// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/gpu_context.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include <glint/base/assert.hpp>
#include <glint/base/exception.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/storage.hpp>

namespace glint {

namespace {

/// The value of a result, or its error as an exception.
template <class T>
T value_or_throw(result<T> r) {
  if (!r) throw_error(r.error());
  if constexpr (!std::is_void_v<T>) return *std::move(r);
}

}  // namespace

gpu_context::gpu_context(intrusive_ptr<gpu::device_context> device, intrusive_ptr<gpu::stream> stream) noexcept
    : device_(std::move(device)), stream_(std::move(stream)) {
  GLINT_ASSERT(device_ && stream_, "a gpu_context needs a device and a stream");
}

gpu_context::gpu_context(intrusive_ptr<gpu::device_context> device, intrusive_ptr<gpu::stream> stream,
                         std::vector<intrusive_ptr<gpu::device_context>> others)
    : gpu_context(std::move(device), std::move(stream)) {
  for (auto& other : others) others_.push_back({.device = std::move(other)});
  if (!others_.empty()) begin_ = stream_->now();
}

gpu_context::~gpu_context() {
  finish();
}

gpu_context& gpu_context::on(int i) {
  if (i == 0) return *this;
  if (i < 0 || i >= device_count()) {
    throw exception(error(errc::invalid_argument,
                          "device " + std::to_string(i) + " of a body that has " + std::to_string(device_count())));
  }
  other_device& other = others_[static_cast<std::size_t>(i) - 1];
  if (!other.context) {
    auto stream = value_or_throw(other.device->task_stream());
    value_or_throw(stream->wait(begin_));
    other.begin = stream->now().sequence;
    other.context = std::make_unique<gpu_context>(other.device, std::move(stream));
  }
  return *other.context;
}

/// One that fails keeps none of the others from being waited for.
result<void> gpu_context::join() {
  result<void> all;
  for (const other_device& other : others_) {
    if (!other.context) continue;
    if (auto joined = stream_->wait(other.context->finish()); !joined && all) all = std::move(joined);
  }
  return all;
}

std::vector<gpu_context::side> gpu_context::sides() {
  std::vector<side> all;
  for (const other_device& other : others_) {
    if (!other.context) continue;
    all.push_back({other.context->finish(), other.begin});
    all.insert(all.end(), other.context->copies_.begin(), other.context->copies_.end());
  }
  all.insert(all.end(), copies_.begin(), copies_.end());
  return all;
}

const intrusive_ptr<gpu::use_scope>& gpu_context::scope() {
  if (!scope_) scope_ = make_intrusive<gpu::use_scope>(stream_);
  GLINT_ASSERT(!scope_->closed(), "a gpu_context was used after its body had ended");
  return scope_;
}

gpu::stream_point gpu_context::finish() {
  for (const other_device& other : others_) {
    if (other.context) other.context->finish();
  }
  if (!scope_) return stream_->now();
  scope_->close();
  return scope_->point();
}

tensor_base gpu_context::make(dtype type, extents shape) {
  const std::size_t bytes = static_cast<std::size_t>(shape.count()) * size_of(type);
  auto storage = value_or_throw(gpu::storage::in_order_of(stream_, device_, bytes));
  storage->note_write(scope());
  count_taken(bytes);
  return tensor_base(std::move(storage), type, shape);
}

tensor_base gpu_context::make_zeros(dtype type, extents shape) {
  tensor_base made = make(type, shape);
  if (made.bytes() != 0) value_or_throw(stream_->fill(made.address(), std::byte{0}, made.bytes()));
  return made;
}

tensor_base gpu_context::bring(const tensor_base& source) {
  if (source.storage() && source.storage()->context() == device_.get()) {
    reads(source);
    return source;
  }
  tensor_base copied = value_or_throw(source.copy_to(device_.get(), *stream_, &copies_));
  copied.storage()->note_write(scope());
  count_taken(copied.storage()->bytes());
  return copied;
}

void gpu_context::count_taken(std::size_t bytes) {
  // What only waits to be freed may be taken over, and is room like any other.
  const std::size_t held = device_->memory().read_usage().in_use_bytes;
  const std::size_t in_use = held - std::min(held, device_->pending_free_bytes());
  if (taken_bytes_ == 0) in_use_before_ = in_use - std::min(in_use, bytes);
  taken_bytes_ += bytes;
  in_use_most_ = std::max(in_use_most_, in_use);
}

std::size_t gpu_context::peak_bytes() const noexcept {
  return std::min(taken_bytes_, in_use_most_ - std::min(in_use_most_, in_use_before_));
}

gpu::storage& gpu_context::storage_here(const tensor_base& t) const {
  if (t.storage() && t.storage()->context() == device_.get()) return *t.storage();
  std::string where = t.empty_handle()      ? "nowhere: the handle is empty"
                      : t.place().is_host() ? "in host memory"
                                            : "on device " + std::to_string(t.place().device);
  throw exception(
      error(errc::invalid_argument, "work on " + device_->device().info().name + " with a tensor that lies " + where));
}

void gpu_context::reads(const tensor_base& t) {
  gpu::storage& s = storage_here(t);
  value_or_throw(s.wait_to_read(*stream_));
  s.note_read(scope());
}

void gpu_context::writes(const tensor_base& t) {
  gpu::storage& s = storage_here(t);
  value_or_throw(s.wait_to_write(*stream_));
  s.note_write(scope());
}

void gpu_context::run_on_host_device(unique_function<void()> kernel) {
  value_or_throw(stream_->enqueue(std::move(kernel)));
}

}  // namespace glint
