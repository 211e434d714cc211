// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace glint::gpu::detail {

/// How much at once goes through a stage in host memory, between devices that do not reach each other or from pageable
/// memory to a device: some twenty microseconds on PCIe, a hundred of the host's copying, against the few that a piece
/// costs in calls.
inline constexpr std::size_t stage_piece_bytes = std::size_t{1} << 20;

}  // namespace glint::gpu::detail
