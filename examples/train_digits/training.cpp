// SPDX-License-Identifier: Apache-2.0
#include "training.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iomanip>
#include <numeric>
#include <span>
#include <sstream>
#include <utility>

#include "weights.hpp"

namespace digits {
namespace {

/// Steps whose loss nobody has asked for yet: enough to keep the devices busy, few enough to bound their
/// memory.
constexpr std::size_t steps_under_way_max = 16;

}  // namespace

std::int64_t steps_per_epoch(std::int64_t samples, const recipe& with) noexcept {
  return std::max<std::int64_t>(1, samples / with.shares / with.batch);
}

training_state first_state(network_size size, std::uint64_t seed) {
  return {.weights = values_of(initial_weights(size, seed)), .velocity = values_of(zero_weights(size)), .losses = {}};
}

training::training(const material& all, const recipe& with, training_state from)
    : with_(with), losses_(std::move(from.losses)) {
  const auto& samples = all.parts.training;
  const auto count = static_cast<std::int64_t>(samples.size());
  batches_ = steps_per_epoch(count, with);
  for (std::int64_t i = 0; i < with.shares; ++i) {
    const part mine{i, with.shares};
    auto chosen = all.data.select({samples.begin() + mine.begin(count), samples.begin() + mine.end(count)});
    const auto labels = chosen.labels.values();
    labels_.emplace_back(labels.begin(), labels.end());
    shares_.push_back(glint::spawn<share>({.name = "share " + std::to_string(i)}, std::move(chosen)));
  }
  const network_size size{.inputs = all.data.width, .hidden = with.hidden};
  weights_ = glint::put(network_of(size, from.weights));
  velocity_ = glint::put(network_of(size, from.velocity));
}

training_state training::state() const {
  return {.weights = values_of(glint::get(weights_)), .velocity = values_of(glint::get(velocity_)), .losses = losses_};
}

std::int64_t training::samples_in(part batch) const {
  std::int64_t count = 0;
  for (const auto& labels : labels_) count += batch.size(static_cast<std::int64_t>(labels.size()));
  return count;
}

glint::object_ref<gradient> training::sum_of_gradients(part batch) const {
  auto sum = shares_.front().call<&share::gradient_at>(weights_, batch);
  for (std::size_t i = 1; i < shares_.size(); ++i) {
    sum = glint::submit<add_gradients>(sum, shares_[i].call<&share::gradient_at>(weights_, batch));
  }
  return sum;
}

void training::run_to(std::int64_t end, tools::progress& show) {
  for (std::int64_t step = steps_made(); step < end; ++step) {
    const part batch = batch_of(step);
    const step_rule rule{static_cast<float>(with_.momentum), static_cast<float>(with_.rate), samples_in(batch)};
    auto sum = sum_of_gradients(batch);
    velocity_ = glint::submit<next_velocity>(velocity_, sum, rule);
    weights_ = glint::submit<next_weights>(weights_, velocity_);
    under_way_.push_back({std::move(sum), rule.samples});
    if (under_way_.size() > steps_under_way_max) settle_oldest(show);
  }
  while (!under_way_.empty()) settle_oldest(show);
}

void training::settle_oldest(tools::progress& show) {
  const step_under_way& oldest = under_way_.front();
  const float loss = glint::get(oldest.sum).loss.to_host().values().front();
  losses_.push_back(static_cast<double>(loss) / static_cast<double>(oldest.samples));
  under_way_.pop_front();
  std::ostringstream note;
  note << "loss " << std::fixed << std::setprecision(4) << losses_.back();
  show.show(steps_made(), note.str());
}

double training::accuracy_on_shares() const {
  std::vector<glint::object_ref<void>> taken;
  std::vector<glint::object_ref<glint::tensor<std::int32_t>>> classes;
  for (const auto& actor : shares_) {
    taken.push_back(actor.call<&share::take>(weights_));
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

}  // namespace digits
