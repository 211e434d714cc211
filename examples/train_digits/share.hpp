// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <glint/gpu/gpu_context.hpp>

#include "digits.hpp"
#include "model.hpp"

namespace digits {

/// Which part of a whole: `index` of `count` equal ones.
struct part {
  std::int64_t index = 0;
  std::int64_t count = 1;

  /// Its elements of a whole of `all`: where they begin, and where the next part does.
  [[nodiscard]] constexpr std::int64_t begin(std::int64_t all) const noexcept { return index * all / count; }
  [[nodiscard]] constexpr std::int64_t end(std::int64_t all) const noexcept { return (index + 1) * all / count; }
  [[nodiscard]] constexpr std::int64_t size(std::int64_t all) const noexcept { return end(all) - begin(all); }
};

/// An actor: keeps a share of the digits on its device, and the weights that it was given last.
class share {
 public:
  share(glint::gpu_context& gpu, samples mine);

  /// Loss and gradient of `weights` on one batch of the share. Holds on to the weights.
  [[nodiscard]] gradient gradient_at(glint::gpu_context& gpu, network weights, part batch);

  /// The class of each sample of the share, [n], by the weights that it was given last. Throws
  /// invalid_argument if it was given none.
  [[nodiscard]] glint::tensor<std::int32_t> predictions(glint::gpu_context& gpu);

  /// Replaces the weights.
  void take(glint::gpu_context& gpu, network weights);

 private:
  samples mine_;
  network weights_;
};

}  // namespace digits
