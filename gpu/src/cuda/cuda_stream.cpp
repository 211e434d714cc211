// SPDX-License-Identifier: Apache-2.0
#include "cuda_stream.hpp"

#include <utility>

#include <glint/base/assert.hpp>
#include <glint/gpu/detail/kernel_launch.hpp>
#include <glint/gpu/detail/kernel_table.hpp>

#include "cuda_capture.hpp"
#include "cuda_event.hpp"
#include "cuda_graph.hpp"
#include "cuda_status.hpp"

namespace glint::gpu::cuda {
namespace {

/// The event as this backend made it. Another backend's is a programmer's error: the two never share a stream.
cudaEvent_t own(native_event& event) {
  auto* const e = dynamic_cast<cuda_event*>(&event);
  GLINT_ASSERT(e != nullptr, "an event of another backend on a CUDA stream");
  return e->event();
}

/// The error as a result, noted by the capture that the thread is in.
auto refuse(error why) {
  note_refused(why);
  return fail(std::move(why));
}

}  // namespace

cuda_stream::cuda_stream(intrusive_ptr<cuda_device> device, cudaStream_t stream, ownership whose) noexcept
    : device_(std::move(device)), stream_(stream), whose_(whose) {}

cuda_stream::~cuda_stream() {
  if (is_unloading()) return;
  if (capturing_ == std::this_thread::get_id()) static_cast<void>(end_capture());
  if (whose_ == ownership::borrowed) return;
  const current_device scope(device_->index());
  log_failure(scope.status(), "cudaSetDevice", device_->subject());
  log_failure(cudaStreamSynchronize(stream_), "cudaStreamSynchronize", device_->subject());
  log_failure(cudaStreamDestroy(stream_), "cudaStreamDestroy", device_->subject());
}

/// Makes a call with this device current. Budget: no allocation unless it fails.
template <class Call>
result<void> cuda_stream::on_device(const char* name, Call call) {
  const current_device scope(device_->index());
  auto done = check(scope.status(), "cudaSetDevice", device_->subject());
  if (done) done = check(call(), name, device_->subject());
  if (!done) note_refused(done.error());
  return done;
}

result<void> cuda_stream::copy(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return {};
  return on_device("cudaMemcpyAsync", [&] { return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_); });
}

result<void> cuda_stream::fill(void* to, std::byte value, std::size_t bytes) {
  if (bytes == 0) return {};
  return on_device("cudaMemsetAsync", [&] { return cudaMemsetAsync(to, std::to_integer<int>(value), bytes, stream_); });
}

result<void> cuda_stream::record(native_event& event) {
  return on_device("cudaEventRecord", [&] { return cudaEventRecord(own(event), stream_); });
}

result<void> cuda_stream::wait(native_event& event) {
  return on_device("cudaStreamWaitEvent", [&] { return cudaStreamWaitEvent(stream_, own(event), 0); });
}

result<void> cuda_stream::enqueue(unique_function<void()>) {
  return refuse(error(errc::device_error, "a CUDA stream takes no function of the host: it would stall the device")
                    .with_subject(device_->subject()));
}

result<void> cuda_stream::launch(const kernel_launch& launch) {
  const auto kernel = detail::find_device_kernel(launch.function);
  if (!kernel.function) {
    return refuse(error(errc::device_error,
                        "not compiled for CUDA: give its file to glint_add_kernels, and to the linker "
                        "a name that other files see")
                      .with_subject("kernel " + launch.name()));
  }
  const auto size = [](std::int64_t n) { return static_cast<std::uint32_t>(n); };
  const auto& [grid, block, shared_bytes] = launch.config;
  detail::device_launch call{.kernel = kernel.function,
                             .grid = {size(grid.x), size(grid.y), size(grid.z)},
                             .block = {size(block.x), size(block.y), size(block.z)},
                             .shared_bytes = shared_bytes,
                             .arguments = launch.arguments,
                             .stream = stream_,
                             .call = "cudaLaunchKernel"};
  const current_device scope(device_->index());
  GLINT_TRY(check(scope.status(), "cudaSetDevice", device_->subject()));
  const auto status = static_cast<cudaError_t>(kernel.launch(call));
  auto launched = check(status, call.call, "kernel " + launch.name());
  if (!launched) note_refused(launched.error());
  return launched;
}

result<void> cuda_stream::begin_capture() {
  if (capturing_ != std::thread::id()) {
    return refuse(
        error(errc::device_error, "begin_capture of a stream that captures already").with_subject(device_->subject()));
  }
  GLINT_TRY(on_device("cudaStreamBeginCapture",
                      [&] { return cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal); }));
  capture_begins();
  capturing_ = std::this_thread::get_id();
  return {};
}

result<std::unique_ptr<native_graph>> cuda_stream::end_capture() {
  if (capturing_ != std::this_thread::get_id()) {
    return fail(error(errc::device_error, "end_capture of a stream on which this thread did not begin a capture")
                    .with_subject(device_->subject()));
  }
  cudaGraph_t graph = nullptr;
  const auto ended = on_device("cudaStreamEndCapture", [&] { return cudaStreamEndCapture(stream_, &graph); });
  capturing_ = {};
  std::unique_ptr<cuda_graph> captured;
  if (graph) captured = std::make_unique<cuda_graph>(device_, graph);
  if (auto refused = capture_ends()) return fail(*std::move(refused));
  GLINT_TRY(ended);
  return captured;
}

/// Whether what is enqueued here is captured: by this stream's own capture, or one that it joined.
result<bool> cuda_stream::in_capture() {
  if (!thread_captures()) return false;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  GLINT_TRY(on_device("cudaStreamIsCapturing", [&] { return cudaStreamIsCapturing(stream_, &status); }));
  return status != cudaStreamCaptureStatusNone;
}

result<void> cuda_stream::replay(native_graph& graph) {
  auto* const g = dynamic_cast<cuda_graph*>(&graph);
  GLINT_ASSERT(g != nullptr, "a graph of another backend on a CUDA stream");
  if (&g->device() != device_.get()) return fail(errc::invalid_argument, "replay of another device's graph");
  const auto captures = in_capture();
  if (!captures) return fail(captures.error());
  if (*captures) {
    return refuse(error(errc::device_error, "replay of a graph within a capture").with_subject(device_->subject()));
  }
  return g->launch(stream_);
}

}  // namespace glint::gpu::cuda
