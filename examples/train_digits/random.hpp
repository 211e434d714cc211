// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

/// Random numbers that are the same with every standard library: the standard fixes what std::mt19937_64
/// gives, but not what its distributions and std::shuffle make of it.
namespace digits {

/// Uniform in [0, bound); `bound` above 0. Draws again instead of favouring small numbers.
inline std::uint64_t random_below(std::mt19937_64& engine, std::uint64_t bound) {
  const std::uint64_t excess = (0 - bound) % bound;  // 2^64 modulo bound
  std::uint64_t drawn = engine();
  while (drawn < excess) drawn = engine();
  return drawn % bound;
}

/// Uniform in [-limit, limit), in steps of 2^-52 of the limit.
inline double random_within(std::mt19937_64& engine, double limit) {
  return (static_cast<double>(engine() >> 11) * 0x1p-52 - 1) * limit;
}

/// 0 to count - 1 in an order that the seed gives (Fisher and Yates).
inline std::vector<std::int64_t> shuffled(std::int64_t count, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::mt19937_64 engine(seed);
  for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[random_below(engine, left)]);
  return order;
}

}  // namespace digits
