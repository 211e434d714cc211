// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/tensor.hpp>

#include "digits.hpp"

/// A network of two layers, inputs -> hidden -> 10: relu between them, softmax and cross-entropy behind. All
/// functions enqueue on the context's stream and return; tensors are on its device.
namespace digits {

/// How wide the layers are.
struct network_size {
  std::int64_t inputs = pixel_count;  ///< Pixels of an image.
  std::int64_t hidden = 64;

  /// Numbers in a network of this size.
  [[nodiscard]] constexpr std::int64_t values() const noexcept {
    return (inputs + 1) * hidden + (hidden + 1) * class_count;
  }
};

/// The network's weights, or anything of their shape: gradients, velocities.
struct network {
  glint::tensor<float> hidden_weights;  ///< [inputs, hidden]
  glint::tensor<float> hidden_bias;     ///< [hidden]
  glint::tensor<float> output_weights;  ///< [hidden, 10]
  glint::tensor<float> output_bias;     ///< [10]
};

/// Sums over a batch; the driver divides by the number of samples.
struct gradient {
  network slopes;             ///< Derivative of the summed loss by each weight.
  glint::tensor<float> loss;  ///< [1]: the summed loss.
};

/// Random weights (uniform, variance 2 / inputs: He et al., "Delving Deep into Rectifiers", 2015) and biases
/// of zero, in host memory. A seed gives the same bits everywhere.
[[nodiscard]] network initial_weights(network_size size, std::uint64_t seed);
/// All zero, in host memory.
[[nodiscard]] network zero_weights(network_size size);

/// Loss and gradient of the network on `batch`.
[[nodiscard]] gradient gradient_of(glint::gpu_context& gpu, const network& weights, const samples& batch);

/// The class of each sample, [n], that the network gives the highest probability.
[[nodiscard]] glint::tensor<std::int32_t> predict(glint::gpu_context& gpu, const network& weights,
                                                  const glint::tensor<float>& pixels);

/// a + b.
[[nodiscard]] gradient add_gradients(glint::gpu_context& gpu, const gradient& a, const gradient& b);

/// How a step is made.
struct step_rule {
  float momentum = 0.9f;
  float rate = 0.1f;         ///< Of the mean gradient.
  std::int64_t samples = 1;  ///< That the gradient sums over.
};
/// momentum * velocity - rate * mean gradient (Polyak's heavy ball).
[[nodiscard]] network next_velocity(glint::gpu_context& gpu, const network& velocity, const gradient& sum,
                                    step_rule rule);
/// weights + velocity.
[[nodiscard]] network next_weights(glint::gpu_context& gpu, const network& weights, const network& velocity);

}  // namespace digits
