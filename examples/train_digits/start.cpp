// SPDX-License-Identifier: Apache-2.0
#include "start.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "tools/atomic_file.hpp"
#include "training.hpp"

namespace digits {
namespace {

/// The checkpoint to go on from, if one was named; its options become the run's.
glint::result<std::optional<checkpoint>> read_checkpoint(options& with) {
  if (with.resume.empty()) return std::nullopt;
  auto saved = load_checkpoint(with.resume);
  if (!saved) return glint::fail(saved.error());
  GLINT_TRY(adopt(with, saved->as_options()));
  return std::optional(std::move(*saved));
}

glint::result<void> check_same_digits(const options& with, const checkpoint& saved, const start& now) {
  const auto refuse = [&](const std::string& reason) {
    return glint::fail(glint::error(glint::errc::malformed_data,
                                    "cannot resume from " + with.resume.string() + ": it was saved with " + reason)
                           .with_subject("file " + with.resume.filename().string()));
  };
  if (saved.inputs != now.all.data.width) {
    return refuse("images of " + std::to_string(saved.inputs) + " pixels, and these have " +
                  std::to_string(now.all.data.width));
  }
  if (saved.digits_digest != now.digits_digest) return refuse("other digits, or another part of them for the test");
  return {};
}

/// The step at which the options end the run.
glint::result<std::int64_t> last_step(const options& with, std::int64_t samples, std::int64_t steps_made) {
  const std::int64_t of_epochs = with.epochs * steps_per_epoch(samples, with);
  const std::int64_t end = with.steps > 0 ? std::min(with.steps, of_epochs) : of_epochs;
  if (end >= steps_made) return end;
  const std::string option = end == with.steps ? "--steps" : "--epochs";
  return glint::fail(glint::errc::invalid_argument, option + ": the end would be step " + std::to_string(end) +
                                                        ", but the checkpoint is at step " +
                                                        std::to_string(steps_made));
}

/// Before an hour of training, not after it.
glint::result<void> check_can_save(const options& with) {
  if (with.save.empty()) return {};
  const auto file = tools::atomic_file::create(with.save);
  if (!file) return glint::fail(file.error());
  return {};
}

}  // namespace

checkpoint start::checkpoint_at(training_state now) const {
  return {.made_with = with,
          .epochs = with.epochs,
          .inputs = all.data.width,
          .digits_digest = digits_digest,
          .state = std::move(now)};
}

glint::result<start> prepare(options given) {
  auto saved = read_checkpoint(given);
  if (!saved) return glint::fail(saved.error());
  auto all = load_material(given);
  if (!all) return glint::fail(all.error());
  start made{.with = std::move(given), .all = std::move(*all), .state = {}};
  const options& with = made.with;
  if (*saved || !with.save.empty()) made.digits_digest = digest_of(made.all);
  if (*saved) {
    GLINT_TRY(check_same_digits(with, **saved, made));
    made.state = std::move((*saved)->state);
  } else {
    const network_size size{.inputs = made.all.data.width, .hidden = with.hidden};
    made.state = first_state(size, static_cast<std::uint64_t>(with.seed));
  }
  const auto samples = static_cast<std::int64_t>(made.all.parts.training.size());
  const auto end = last_step(with, samples, static_cast<std::int64_t>(made.state.losses.size()));
  if (!end) return glint::fail(end.error());
  made.end = *end;
  GLINT_TRY(check_can_save(with));
  return made;
}

}  // namespace digits
