// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/repeated_work.hpp>

#include <utility>

#include <glint/base/exception.hpp>

namespace glint::gpu {

void repeated_work::add_tensor(key& k, const tensor_base& t) {
  add_bytes(k, static_cast<const void*>(t.storage()));
  add_bytes(k, t.offset());
  add_bytes(k, t.dtype());
  add_bytes(k, t.shape().rank());
  for (const std::int64_t extent : t.shape().values()) add_bytes(k, extent);
  for (const std::int64_t stride : t.strides()) add_bytes(k, stride);
}

void repeated_work::run_keyed(gpu_context& gpu, key k, const std::function<void(gpu_context&)>& work) {
  if (std::exchange(device_, &gpu.context()) != &gpu.context()) {
    recorder_ = std::make_unique<graph_recorder>(intrusive_ptr<device_context>(device_));
    graph_ = nullptr;
    last_.clear();
  }
  if (graph_ && k == recorded_) {
    if (auto launched = graph_->launch(gpu.stream()); !launched) throw exception(std::move(launched).error());
    ++runs_.replayed;
    why_not_.clear();
    last_ = std::move(k);
    return;
  }
  const bool again = k == last_;
  if (!again) refused_ = false;
  last_ = std::move(k);
  if (!again)
    return enqueue(gpu, graph_ ? "the arguments have changed" : "these arguments came for the first time", work);
  if (refused_ || !record(gpu, work)) return enqueue(gpu, std::move(why_not_), work);
  if (auto launched = graph_->launch(gpu.stream()); !launched) throw exception(std::move(launched).error());
  ++runs_.recorded;
  why_not_ = "it was recorded";
}

/// False: `why_not_` says why it cannot be.
bool repeated_work::record(gpu_context& gpu, const std::function<void(gpu_context&)>& work) {
  auto made = recorder_->record([&]() -> result<void> {
    auto stream = recorder_->stream(0);
    if (!stream) return fail(std::move(stream).error());
    gpu_context context(intrusive_ptr<device_context>(&gpu.context()), *std::move(stream));
    try {
      work(context);
    } catch (const exception& refused) {  // what is the work's own comes again, when it is enqueued
      return fail(refused.error());
    }
    (void)context.finish();
    return {};
  });
  if (!made) {
    refused_ = true;
    why_not_ = "it cannot be recorded: " + made.error().describe();
    return false;
  }
  // A graph of the same shape takes the new addresses, which costs less than to instantiate another.
  bool updated = false;
  if (graph_) {
    const auto done = graph_->update(**made);
    updated = done && done->done;
  }
  if (!updated) graph_ = *std::move(made);
  recorded_ = last_;
  return true;
}

void repeated_work::enqueue(gpu_context& gpu, std::string why, const std::function<void(gpu_context&)>& work) {
  work(gpu);
  ++runs_.enqueued;
  why_not_ = std::move(why);
}

}  // namespace glint::gpu
