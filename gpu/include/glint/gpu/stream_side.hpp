// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/gpu/stream.hpp>

namespace glint::gpu {

/// What a piece of work enqueued on a stream beside its own: the operations after the first `begin`, up to the point.
/// A failure there is the work's failure, and no wait carries it to the work's own stream.
struct stream_side {
  stream_point point;
  std::uint64_t begin = 0;
};

}  // namespace glint::gpu
