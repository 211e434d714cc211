// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glint/glint.hpp>

#include "digits.hpp"
#include "model.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "share.hpp"

namespace digits {

/// What training gives.
struct trained {
  glint::object_ref<network> weights;
  std::vector<double> losses = {};  ///< Mean loss of each step.
  double training_accuracy = 0;     ///< Share of the training samples that the final weights read right.
};

/// The driver's side of the training: spawns the actors, sends them the weights as refs, adds their gradients
/// in the order of the shares (so that the bits depend on the seed and the number of shares alone), and makes
/// the steps by tasks.
class training {
 public:
  /// Deals `samples` of `data` to the actors. Precondition: at least one sample for each share.
  training(const dataset& data, const std::vector<std::int64_t>& samples, const options& with);

  /// Steps there will be.
  [[nodiscard]] std::int64_t steps() const noexcept { return with_.epochs * batches_; }

  /// Makes all steps; some are under way at any time, while the loss of older ones is awaited and shown.
  /// Throws what a task or an actor failed with.
  [[nodiscard]] trained run(progress& show);

 private:
  struct step_under_way {
    glint::object_ref<gradient> sum;
    std::int64_t samples;
  };
  [[nodiscard]] part batch_of(std::int64_t step) const noexcept { return {step % batches_, batches_}; }
  [[nodiscard]] std::int64_t samples_in(part batch) const;
  [[nodiscard]] glint::object_ref<gradient> sum_of_gradients(const glint::object_ref<network>& weights,
                                                             part batch) const;
  [[nodiscard]] double accuracy_on_shares(const glint::object_ref<network>& weights) const;

  options with_;
  std::int64_t batches_ = 1;                       // steps an epoch
  std::vector<std::vector<std::int32_t>> labels_;  // of each share
  std::vector<glint::actor_handle<share>> shares_;
};

/// How many of `classes` ([n], on a device or not) equal the labels. Waits for them.
[[nodiscard]] std::int64_t count_right(const glint::tensor<std::int32_t>& classes,
                                       std::span<const std::int32_t> labels);

/// A checksum of the weights' bits (FNV-1a, 64 bits), in the order of the network's members. Waits for them.
[[nodiscard]] std::uint64_t checksum_of(const network& weights);

}  // namespace digits
