// SPDX-License-Identifier: Apache-2.0
#include "train_digits/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include <glint/gpu/platform.hpp>

#include "train_digits/share.hpp"
#include "train_digits/training.hpp"
#include "train_digits/weights.hpp"

namespace digits {
namespace {

using glint::tensor;

class Model : public testing::Test {
 protected:
  void SetUp() override {
    auto platform = glint::gpu::platform::create({.backend = glint::gpu::platform_options::choice::emulated});
    ASSERT_TRUE(platform) << platform.error().describe();
    platform_ = *platform;
    auto stream = platform_->devices().at(0)->create_stream();
    ASSERT_TRUE(stream) << stream.error().describe();
    context_ = std::make_unique<glint::gpu_context>(platform_->devices().at(0), *stream);
  }
  void TearDown() override {
    context_.reset();
    platform_->drain();
    platform_->close();
  }

  [[nodiscard]] glint::gpu_context& gpu() { return *context_; }
  [[nodiscard]] network on_device(const network& n) {
    return {gpu().to_device(n.hidden_weights), gpu().to_device(n.hidden_bias), gpu().to_device(n.output_weights),
            gpu().to_device(n.output_bias)};
  }
  /// Random pixels and labels on the device.
  [[nodiscard]] samples random_batch(std::int64_t count) {
    std::mt19937_64 engine(11);
    auto pixels = tensor<float>::zeros({count, pixel_count});
    for (float& x : pixels.values()) x = static_cast<float>(engine() % 17) / 16;
    auto labels = tensor<std::int32_t>::zeros({count});
    for (auto& label : labels.values()) label = static_cast<std::int32_t>(engine() % 10);
    return {gpu().to_device(pixels), gpu().to_device(labels)};
  }
  [[nodiscard]] double loss_at(const network& host, const samples& batch) {
    return static_cast<double>(gradient_of(gpu(), on_device(host), batch).loss.to_host().values()[0]);
  }

 private:
  glint::intrusive_ptr<glint::gpu::platform> platform_;
  std::unique_ptr<glint::gpu_context> context_;
};

TEST_F(Model, GradientIsTheSlopeOfTheLoss) {
  const samples batch = random_batch(9);
  network host = initial_weights({.hidden = 7}, 3);
  const gradient made = gradient_of(gpu(), on_device(host), batch);
  const auto check = [&](tensor<float>& weights, const tensor<float>& slopes, const char* name) {
    const auto values = slopes.to_host();
    for (std::size_t i = 0; i < values.values().size(); i += 5) {
      constexpr float step = 1e-3f;  // larger ones cross the relu's kink too often
      const float old = weights.values()[i];
      weights.values()[i] = old + step;
      const double above = loss_at(host, batch);
      weights.values()[i] = old - step;
      const double below = loss_at(host, batch);
      weights.values()[i] = old;
      EXPECT_NEAR(static_cast<double>(values.values()[i]), (above - below) / (2.0 * step), 2e-2) << name << ' ' << i;
    }
  };
  check(host.hidden_weights, made.slopes.hidden_weights, "hidden weights");
  check(host.hidden_bias, made.slopes.hidden_bias, "hidden bias");
  check(host.output_weights, made.slopes.output_weights, "output weights");
  check(host.output_bias, made.slopes.output_bias, "output bias");
}

TEST_F(Model, GradientOfAWholeIsTheSumOfItsParts) {
  const samples batch = random_batch(10);
  const network weights = on_device(initial_weights({.hidden = 5}, 3));
  const gradient whole = gradient_of(gpu(), weights, batch);
  const gradient first = gradient_of(gpu(), weights, {batch.pixels.slice(0, 4), batch.labels.slice(0, 4)});
  const gradient second = gradient_of(gpu(), weights, {batch.pixels.slice(4, 10), batch.labels.slice(4, 10)});
  const gradient sum = add_gradients(gpu(), first, second);
  EXPECT_NEAR(sum.loss.to_host().values()[0], whole.loss.to_host().values()[0], 1e-4);
  const auto a = sum.slopes.output_weights.to_host();
  const auto b = whole.slopes.output_weights.to_host();
  for (std::size_t i = 0; i < a.values().size(); ++i) EXPECT_NEAR(a.values()[i], b.values()[i], 1e-4);
}

TEST_F(Model, AStepFollowsTheMeanSlopeWithMomentum) {
  const auto filled = [&](float value) {
    network n = zero_weights({.hidden = 3});
    for (auto* t : {&n.hidden_weights, &n.hidden_bias, &n.output_weights, &n.output_bias}) {
      std::fill(t->values().begin(), t->values().end(), value);
    }
    return on_device(n);
  };
  const gradient sum{filled(8.f), gpu().zeros<float>({1})};
  const network velocity = next_velocity(gpu(), filled(2.f), sum, {.momentum = 0.5f, .rate = 0.25f, .samples = 4});
  const network weights = next_weights(gpu(), filled(10.f), velocity);
  EXPECT_EQ(velocity.hidden_weights.to_host().values()[5], 0.5f);  // 0.5 * 2 - 0.25 * 8 / 4
  EXPECT_EQ(weights.output_bias.to_host().values()[9], 10.5f);
}

TEST_F(Model, FirstWeightsHaveTheSameBitsEverywhere) {
  EXPECT_EQ(checksum_of(initial_weights({}, 1)), checksum_of(initial_weights({}, 1)));
  EXPECT_NE(checksum_of(initial_weights({}, 1)), checksum_of(initial_weights({}, 2)));
}

TEST_F(Model, PredictionIsTheLargestScore) {
  network host = zero_weights({.hidden = 1});
  host.output_bias.values()[6] = 1.f;
  const auto classes = predict(gpu(), on_device(host), random_batch(4).pixels).to_host();
  EXPECT_EQ(std::vector<std::int32_t>(classes.values().begin(), classes.values().end()),
            std::vector<std::int32_t>(4, 6));
  EXPECT_EQ(count_right(classes, std::vector<std::int32_t>{6, 0, 6, 1}), 2);
}

TEST_F(Model, AShareWithoutWeightsSaysSo) {
  share actor(gpu(), random_batch(4));
  try {
    static_cast<void>(actor.predictions(gpu()));
    FAIL() << "predicted without weights";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), glint::errc::invalid_argument);
    EXPECT_EQ(e.error().message(), "the share was given no weights yet");
  }
}

TEST(Part, CoversAWholeWithoutGapsOrOverlap) {
  for (const std::int64_t all : {0, 1, 7, 359, 360}) {
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < 11; ++i) {
      const part p{i, 11};
      EXPECT_EQ(p.begin(all), next);
      next = p.end(all);
    }
    EXPECT_EQ(next, all);
  }
}

}  // namespace
}  // namespace digits
