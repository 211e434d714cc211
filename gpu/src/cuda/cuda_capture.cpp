// SPDX-License-Identifier: Apache-2.0
#include "cuda_capture.hpp"

#include <utility>

namespace glint::gpu::cuda {
namespace {

thread_local int open_captures = 0;
thread_local std::optional<error> first_refused;

}  // namespace

void capture_begins() noexcept {
  ++open_captures;
}

std::optional<error> capture_ends() {
  --open_captures;
  return std::exchange(first_refused, std::nullopt);
}

bool thread_captures() noexcept {
  return open_captures != 0;
}

void note_refused(const error& why) {
  if (thread_captures() && !first_refused) first_refused = why;
}

unsafe_calls::unsafe_calls() noexcept {
  if (thread_captures()) exchanged_ = cudaThreadExchangeStreamCaptureMode(&mode_) == cudaSuccess;
}

unsafe_calls::~unsafe_calls() {
  if (exchanged_) static_cast<void>(cudaThreadExchangeStreamCaptureMode(&mode_));
}

}  // namespace glint::gpu::cuda
