// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model.hpp"

namespace digits {

/// The numbers of a network (or velocity), one after the other in the order of its members: what a checkpoint keeps
/// and what a checksum is made of. Waits for them.
[[nodiscard]] std::vector<float> values_of(const network& weights);

/// The network of these numbers, in host memory. Precondition: there are `size.values()` of them.
[[nodiscard]] network network_of(network_size size, std::span<const float> values);

/// A checksum of the weights' bits (FNV-1a, 64 bits), in the same order. Waits for them.
[[nodiscard]] std::uint64_t checksum_of(const network& weights);

}  // namespace digits
