// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/stream.hpp>

namespace glint::kernels::detail {

/// Makes a CUDA stream's device the thread's current one while it lives; at its end tells the stream's clock
/// that something may have been enqueued, also when enqueueing stopped half-way, and puts the previous device
/// back.
class device_scope {
 public:
  /// Throws device_error.
  explicit device_scope(gpu::stream& stream);
  ~device_scope();
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;

 private:
  gpu::stream& stream_;
  int previous_ = 0;
};

}  // namespace glint::kernels::detail
