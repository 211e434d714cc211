// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <glint/glint.hpp>

#include "checkpoint.hpp"
#include "material.hpp"
#include "model.hpp"
#include "options.hpp"
#include "share.hpp"
#include "tools/progress.hpp"

namespace digits {

/// The driver's side of the training: spawns the actors, sends them the weights as refs, adds their gradients
/// in the order of the shares (so that the bits depend on the seed and the number of shares alone), and makes
/// the steps by tasks.
class training {
 public:
  /// Deals the training samples to the actors, and goes on from `from`: that of `first_state`, or one that was taken
  /// of a training with the same recipe and digits. Precondition: at least one sample for each share.
  training(const material& all, const recipe& with, training_state from);

  /// What the steps made so far have come to. Waits for it.
  [[nodiscard]] training_state state() const;

  /// Makes the steps up to the `end`-th, counted from the first of all; some are under way at any time, while the loss
  /// of older ones is awaited and shown. Throws what a task or an actor failed with.
  void run_to(std::int64_t end, tools::progress& show);

  [[nodiscard]] std::int64_t steps_made() const noexcept { return static_cast<std::int64_t>(losses_.size()); }
  /// Mean loss of each step.
  [[nodiscard]] const std::vector<double>& losses() const noexcept { return losses_; }
  [[nodiscard]] const glint::object_ref<network>& weights() const noexcept { return weights_; }
  /// Share of the training samples that the weights read right.
  [[nodiscard]] double accuracy_on_shares() const;

 private:
  struct step_under_way {
    glint::object_ref<gradient> sum;
    std::int64_t samples;
  };
  [[nodiscard]] part batch_of(std::int64_t step) const noexcept { return {step % batches_, batches_}; }
  [[nodiscard]] std::int64_t samples_in(part batch) const;
  [[nodiscard]] glint::object_ref<gradient> sum_of_gradients(part batch) const;
  void settle_oldest(tools::progress& show);

  recipe with_;
  std::int64_t batches_ = 1;                       // steps an epoch
  std::vector<std::vector<std::int32_t>> labels_;  // of each share
  std::vector<glint::actor_handle<share>> shares_;
  glint::object_ref<network> weights_;
  glint::object_ref<network> velocity_;
  std::vector<double> losses_;
  std::deque<step_under_way> under_way_;  // empty between calls
};

/// Before the first step. A seed gives the same bits everywhere.
[[nodiscard]] training_state first_state(network_size size, std::uint64_t seed);

/// Steps in which each of `samples` training samples is used once.
[[nodiscard]] std::int64_t steps_per_epoch(std::int64_t samples, const recipe& with) noexcept;

/// How many of `classes` ([n], on a device or not) equal the labels. Waits for them.
[[nodiscard]] std::int64_t count_right(const glint::tensor<std::int32_t>& classes,
                                       std::span<const std::int32_t> labels);

}  // namespace digits
