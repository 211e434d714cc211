// SPDX-License-Identifier: Apache-2.0
#include "harness/measure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace glint_bench {

double figures::median() const {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double figures::least() const {
  return *std::min_element(values.begin(), values.end());
}

double figures::greatest() const {
  return *std::max_element(values.begin(), values.end());
}

bool peer_figures::usable() const {
  return std::none_of(values.values.begin(), values.values.end(), [](double v) { return std::isnan(v); });
}

measured_row measure(const row& what, int runs) {
  measured_row measured{what.name, what.unit, what.driver, {}, {}};
  for (const contender& peer : what.peers) measured.peers.push_back({peer.name, {}});
  const std::size_t contenders = what.peers.size() + 1;
  const auto sample = [&what](std::size_t who) { return who == 0 ? what.ours() : what.peers[who - 1].sample(); };
  for (std::size_t who = 0; who < contenders; ++who) static_cast<void>(sample(who));
  for (int run = 0; run < runs; ++run) {
    for (std::size_t turn = 0; turn < contenders; ++turn) {
      const std::size_t who = (turn + static_cast<std::size_t>(run)) % contenders;
      (who == 0 ? measured.ours : measured.peers[who - 1].values).values.push_back(sample(who));
    }
  }
  std::erase_if(measured.peers, [](const peer_figures& peer) { return !peer.usable(); });
  return measured;
}

}  // namespace glint_bench
