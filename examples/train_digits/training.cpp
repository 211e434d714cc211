// SPDX-License-Identifier: Apache-2.0
#include "training.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

namespace digits {
namespace {

/// Steps whose loss nobody has asked for yet: enough to keep the devices busy, few enough to bound their
/// memory.
constexpr std::size_t steps_under_way_max = 16;

}  // namespace

training::training(const dataset& data, const std::vector<std::int64_t>& samples, const options& with) : with_(with) {
  const auto count = static_cast<std::int64_t>(samples.size());
  batches_ = std::max<std::int64_t>(1, count / with.shares / with.batch);
  for (std::int64_t i = 0; i < with.shares; ++i) {
    const part mine{i, with.shares};
    auto chosen = data.select({samples.begin() + mine.begin(count), samples.begin() + mine.end(count)});
    const auto labels = chosen.labels.values();
    labels_.emplace_back(labels.begin(), labels.end());
    shares_.push_back(glint::spawn<share>({.name = "share " + std::to_string(i)}, std::move(chosen)));
  }
}

std::int64_t training::samples_in(part batch) const {
  std::int64_t count = 0;
  for (const auto& labels : labels_) count += batch.size(static_cast<std::int64_t>(labels.size()));
  return count;
}

glint::object_ref<gradient> training::sum_of_gradients(const glint::object_ref<network>& weights, part batch) const {
  auto sum = shares_.front().call<&share::gradient_at>(weights, batch);
  for (std::size_t i = 1; i < shares_.size(); ++i) {
    sum = glint::submit<add_gradients>(sum, shares_[i].call<&share::gradient_at>(weights, batch));
  }
  return sum;
}

trained training::run(progress& show) {
  trained result{.weights = glint::put(initial_weights(with_.hidden, static_cast<std::uint64_t>(with_.seed)))};
  auto velocity = glint::put(zero_weights(with_.hidden));
  std::deque<step_under_way> under_way;
  const auto settle_oldest = [&] {
    const step_under_way& oldest = under_way.front();
    const float loss = glint::get(oldest.sum).loss.to_host().values().front();
    result.losses.push_back(static_cast<double>(loss) / static_cast<double>(oldest.samples));
    under_way.pop_front();
    show.show(static_cast<std::int64_t>(result.losses.size()), result.losses.back());
  };
  for (std::int64_t step = 0; step < steps(); ++step) {
    const part batch = batch_of(step);
    const step_rule rule{static_cast<float>(with_.momentum), static_cast<float>(with_.rate), samples_in(batch)};
    auto sum = sum_of_gradients(result.weights, batch);
    velocity = glint::submit<next_velocity>(velocity, sum, rule);
    result.weights = glint::submit<next_weights>(result.weights, velocity);
    under_way.push_back({std::move(sum), rule.samples});
    if (under_way.size() > steps_under_way_max) settle_oldest();
  }
  while (!under_way.empty()) settle_oldest();
  result.training_accuracy = accuracy_on_shares(result.weights);
  return result;
}

double training::accuracy_on_shares(const glint::object_ref<network>& weights) const {
  std::vector<glint::object_ref<void>> taken;
  std::vector<glint::object_ref<glint::tensor<std::int32_t>>> classes;
  for (const auto& actor : shares_) {
    taken.push_back(actor.call<&share::take>(weights));
    classes.push_back(actor.call<&share::predictions>());
  }
  std::int64_t right = 0;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    glint::get(taken[i]);
    right += count_right(glint::get(classes[i]), labels_[i]);
    all += static_cast<std::int64_t>(labels_[i].size());
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

std::int64_t count_right(const glint::tensor<std::int32_t>& classes, std::span<const std::int32_t> labels) {
  const auto host = classes.to_host();
  const auto values = host.values();
  return std::inner_product(values.begin(), values.end(), labels.begin(), std::int64_t{0}, std::plus<>{},
                            [](std::int32_t a, std::int32_t b) { return a == b ? 1 : 0; });
}

std::uint64_t checksum_of(const network& weights) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto* part_of :
       {&weights.hidden_weights, &weights.hidden_bias, &weights.output_weights, &weights.output_bias}) {
    const auto host = part_of->to_host();
    for (const std::byte byte : std::as_bytes(host.values())) {
      hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
  }
  return hash;
}

}  // namespace digits
