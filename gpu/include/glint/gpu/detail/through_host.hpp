// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace glint::gpu::detail {

/// How much at once goes through the host between devices that do not reach each other: a few hundred microseconds on
/// PCIe, against the few that a piece costs in waits.
inline constexpr std::size_t through_host_piece_bytes = std::size_t{1} << 20;

}  // namespace glint::gpu::detail
