// SPDX-License-Identifier: Apache-2.0
#include "share.hpp"

#include <utility>

#include <glint/base/exception.hpp>

namespace digits {

share::share(glint::gpu_context&, samples mine) : mine_(std::move(mine)) {}

gradient share::gradient_at(glint::gpu_context& gpu, network weights, part batch) {
  weights_ = std::move(weights);
  const std::int64_t size = mine_.pixels.shape()[0];
  const std::int64_t begin = batch.begin(size);
  const std::int64_t end = batch.end(size);
  return gradient_of(gpu, weights_, {mine_.pixels.slice(begin, end), mine_.labels.slice(begin, end)});
}

glint::tensor<std::int32_t> share::predictions(glint::gpu_context& gpu) {
  if (weights_.hidden_weights.empty_handle()) {
    throw glint::exception(glint::error(glint::errc::invalid_argument, "the share was given no weights yet"));
  }
  return predict(gpu, weights_, mine_.pixels);
}

void share::take(glint::gpu_context&, network weights) {
  weights_ = std::move(weights);
}

}  // namespace digits
