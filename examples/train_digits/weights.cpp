// SPDX-License-Identifier: Apache-2.0
#include "weights.hpp"

#include <algorithm>
#include <cstddef>

#include <glint/base/assert.hpp>

#include "digest.hpp"

namespace digits {

std::vector<float> values_of(const network& weights) {
  std::vector<float> all;
  for (const auto* part :
       {&weights.hidden_weights, &weights.hidden_bias, &weights.output_weights, &weights.output_bias}) {
    const auto host = part->to_host();
    all.insert(all.end(), host.values().begin(), host.values().end());
  }
  return all;
}

network network_of(network_size size, std::span<const float> values) {
  GLINT_ASSERT(static_cast<std::int64_t>(values.size()) == size.values());
  network made = zero_weights(size);
  for (auto* part : {&made.hidden_weights, &made.hidden_bias, &made.output_weights, &made.output_bias}) {
    const auto to = part->values();
    std::copy_n(values.begin(), to.size(), to.begin());
    values = values.subspan(to.size());
  }
  return made;
}

std::uint64_t checksum_of(const network& weights) {
  digest sum;
  sum.add(std::span<const float>(values_of(weights)));
  return sum.value();
}

}  // namespace digits
