// SPDX-License-Identifier: Apache-2.0
#include "material.hpp"

#include <array>
#include <span>
#include <string>
#include <utility>

#include "digest.hpp"
#include "idx.hpp"
#include "random.hpp"

namespace digits {
namespace {

constexpr int full_pixel_of_lines = 16;
constexpr int full_pixel_of_idx = 255;

glint::result<dataset> load_training_file(const options& with) {
  const auto full = [&](int usual) { return with.pixel_max > 0 ? static_cast<int>(with.pixel_max) : usual; };
  if (with.images.empty()) return load_digits(with.data, full(full_pixel_of_lines));
  return load_idx({with.images, with.labels}, full(full_pixel_of_idx));
}

/// Puts the files of the test behind what `all` has, which becomes the training's.
glint::result<void> add_test_files(const options& with, material& all) {
  dataset& data = all.data;
  const int pixel_max = with.pixel_max > 0 ? static_cast<int>(with.pixel_max) : full_pixel_of_idx;
  const auto test = load_idx({with.test_images, with.test_labels}, pixel_max);
  if (!test) return glint::fail(test.error());
  if (test->width != data.width) {
    const std::string name = with.test_images.filename().string();
    return glint::fail(glint::error(glint::errc::malformed_data,
                                    name + ": offset 8: images of " + std::to_string(test->width) + " pixels where " +
                                        with.images.filename().string() + " has " + std::to_string(data.width))
                           .with_subject("file " + name));
  }
  all.parts.training = shuffled(data.size(), static_cast<std::uint64_t>(with.seed));
  for (std::int64_t i = 0; i < test->size(); ++i) all.parts.test.push_back(data.size() + i);
  data.pixels.insert(data.pixels.end(), test->pixels.begin(), test->pixels.end());
  data.labels.insert(data.labels.end(), test->labels.begin(), test->labels.end());
  return {};
}

void add(digest& sum, const dataset& data, const std::vector<std::int64_t>& indices) {
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(indices.size()), data.width};
  sum.add(std::span<const std::int64_t>(shape));
  for (const std::int64_t i : indices) {
    sum.add(
        std::span(data.pixels).subspan(static_cast<std::size_t>(i * data.width), static_cast<std::size_t>(data.width)));
    sum.add(std::span(data.labels).subspan(static_cast<std::size_t>(i), 1));
  }
}

}  // namespace

glint::result<material> load_material(const options& with) {
  auto data = load_training_file(with);
  if (!data) return glint::fail(data.error());
  material all{.data = std::move(*data), .parts = {}};
  if (with.test_images.empty()) {
    all.parts = split_samples(all.data.size(), static_cast<std::uint64_t>(with.seed));
  } else {
    GLINT_TRY(add_test_files(with, all));
  }
  if (static_cast<std::int64_t>(all.parts.training.size()) < with.shares || all.parts.test.empty()) {
    return glint::fail(glint::errc::invalid_argument, "too few samples for the shares and a test");
  }
  return all;
}

std::uint64_t digest_of(const material& all) {
  digest sum;
  add(sum, all.data, all.parts.training);
  add(sum, all.data, all.parts.test);
  return sum.value();
}

}  // namespace digits
