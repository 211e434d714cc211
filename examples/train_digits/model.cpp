// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <cmath>
#include <random>

#include <glint/kernels/kernels.hpp>

#include "random.hpp"

namespace digits {
namespace {

namespace kernels = glint::kernels;
using glint::gpu_context;
using glint::tensor;

/// A network made of `f` on each pair of tensors.
template <class F>
network combine(const network& a, const network& b, F f) {
  return {f(a.hidden_weights, b.hidden_weights), f(a.hidden_bias, b.hidden_bias), f(a.output_weights, b.output_weights),
          f(a.output_bias, b.output_bias)};
}

tensor<float> random_matrix(std::mt19937_64& engine, glint::extents shape) {
  auto weights = tensor<float>::zeros(shape);
  const double limit = std::sqrt(6.0 / static_cast<double>(shape[0]));
  for (float& w : weights.values()) w = static_cast<float>(random_within(engine, limit));
  return weights;
}

/// x * weights + bias in each row.
tensor<float> layer(gpu_context& gpu, const tensor<float>& x, const tensor<float>& weights, const tensor<float>& bias) {
  auto out = gpu.empty<float>({x.shape()[0], weights.shape()[1]});
  kernels::gemm(gpu, x, weights, out);
  kernels::add_to_rows(gpu, out, bias, out);
  return out;
}

/// What is computed on the way to the loss and needed on the way back.
struct forward_pass {
  tensor<float> before;  ///< [n, hidden], before the relu.
  tensor<float> hidden;  ///< [n, hidden], behind it.
  tensor<float> scores;  ///< [n, 10], before the softmax.
};

forward_pass run_forward(gpu_context& gpu, const network& weights, const tensor<float>& pixels) {
  forward_pass pass;
  pass.before = layer(gpu, pixels, weights.hidden_weights, weights.hidden_bias);
  pass.hidden = gpu.empty_like(pass.before);
  kernels::transform(gpu, pass.before, kernels::relu{}, pass.hidden);
  pass.scores = layer(gpu, pass.hidden, weights.output_weights, weights.output_bias);
  return pass;
}

/// The derivative by a layer's weights: inputs' * slopes.
tensor<float> weight_slopes(gpu_context& gpu, const tensor<float>& inputs, const tensor<float>& slopes) {
  auto out = gpu.empty<float>({inputs.shape()[1], slopes.shape()[1]});
  kernels::gemm(gpu, inputs, slopes, out, {.transpose_a = true});
  return out;
}

tensor<float> bias_slopes(gpu_context& gpu, const tensor<float>& slopes) {
  auto out = gpu.empty<float>({slopes.shape()[1]});
  kernels::sum_columns(gpu, slopes, out);
  return out;
}

}  // namespace

network initial_weights(network_size size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  network made = zero_weights(size);
  made.hidden_weights = random_matrix(engine, {size.inputs, size.hidden});
  made.output_weights = random_matrix(engine, {size.hidden, class_count});
  return made;
}

network zero_weights(network_size size) {
  return {tensor<float>::zeros({size.inputs, size.hidden}), tensor<float>::zeros({size.hidden}),
          tensor<float>::zeros({size.hidden, class_count}), tensor<float>::zeros({class_count})};
}

gradient gradient_of(gpu_context& gpu, const network& weights, const samples& batch) {
  const forward_pass pass = run_forward(gpu, weights, batch.pixels);
  auto losses = gpu.empty<float>({batch.pixels.shape()[0]});
  auto scores = gpu.empty_like(pass.scores);  // the loss's derivative by the scores
  kernels::softmax_cross_entropy<float>(gpu, pass.scores, batch.labels, {losses, scores});
  auto hidden = gpu.empty_like(pass.hidden);  // ... by the hidden layer, then by what came before its relu
  kernels::gemm(gpu, scores, weights.output_weights, hidden, {.transpose_b = true});
  kernels::transform(gpu, pass.before, hidden, kernels::relu_gradient{}, hidden);
  gradient made;
  made.slopes = {weight_slopes(gpu, batch.pixels, hidden), bias_slopes(gpu, hidden),
                 weight_slopes(gpu, pass.hidden, scores), bias_slopes(gpu, scores)};
  made.loss = gpu.empty<float>({1});
  kernels::reduce(gpu, losses, kernels::add{}, made.loss);
  return made;
}

tensor<std::int32_t> predict(gpu_context& gpu, const network& weights, const tensor<float>& pixels) {
  const forward_pass pass = run_forward(gpu, weights, pixels);
  auto classes = gpu.empty<std::int32_t>({pixels.shape()[0]});
  kernels::argmax(gpu, pass.scores, classes);
  return classes;
}

gradient add_gradients(gpu_context& gpu, const gradient& a, const gradient& b) {
  const auto sum = [&gpu](const tensor<float>& x, const tensor<float>& y) {
    auto out = gpu.empty_like(x);
    kernels::transform(gpu, x, y, kernels::add{}, out);
    return out;
  };
  return {combine(a.slopes, b.slopes, sum), sum(a.loss, b.loss)};
}

network next_velocity(gpu_context& gpu, const network& velocity, const gradient& sum, step_rule rule) {
  const float factor = -rule.rate / static_cast<float>(rule.samples);
  return combine(velocity, sum.slopes, [&](const tensor<float>& v, const tensor<float>& slopes) {
    auto out = gpu.empty_like(v);
    kernels::scale(gpu, v, rule.momentum, out);
    kernels::axpy(gpu, slopes, factor, out);
    return out;
  });
}

network next_weights(gpu_context& gpu, const network& weights, const network& velocity) {
  return combine(weights, velocity, [&gpu](const tensor<float>& w, const tensor<float>& v) {
    auto out = gpu.empty_like(w);
    kernels::transform(gpu, w, v, kernels::add{}, out);
    return out;
  });
}

}  // namespace digits
