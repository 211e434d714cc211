// SPDX-License-Identifier: Apache-2.0
// Trains a network of two layers to read handwritten digits. Actors keep shares of the digits on devices and
// compute gradients, tasks add them and make the steps, and the weights travel between them as refs. The test
// fifth is read once, after the last step.
#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <utility>

#include <glint/glint.hpp>

#include "checkpoint.hpp"
#include "loss_curve.hpp"
#include "options.hpp"
#include "start.hpp"
#include "training.hpp"
#include "weights.hpp"

namespace {

std::string percent(double share) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << share * 100 << " %";
  return text.str();
}

std::string megabytes(std::uint64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / 1e6 << " MB";
  return text.str();
}

/// The share of the test samples that the weights read right.
double test_accuracy(const glint::object_ref<digits::network>& weights, const digits::samples& test) {
  const auto classes = glint::submit<digits::predict>(weights, test.pixels);
  const auto labels = test.labels.values();
  const std::int64_t right = digits::count_right(glint::get(classes), labels);
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

void print_work(std::chrono::steady_clock::duration took) {
  const auto work = glint::statistics();
  std::cout << "time: " << std::fixed << std::setprecision(2) << std::chrono::duration<double>(took).count() << " s\n"
            << "work: " << work.tasks << " tasks, " << work.actor_calls << " actor calls, "
            << megabytes(work.device_bytes_allocated) << " of device memory allocated, "
            << megabytes(work.bytes_to_devices) << " copied there, " << megabytes(work.bytes_from_devices) << " back\n";
}

/// Reports a wrong command line or file; 2, what main then returns.
int refuse(const glint::error& e) {
  std::cerr << "train_digits: " << e.message() << '\n';
  return 2;
}

/// Makes the steps, and writes the checkpoints that were asked for.
glint::result<void> make_steps(const digits::start& from, digits::training& training) {
  const digits::options& with = from.with;
  tools::progress progress(std::cerr, with.quiet ? tools::progress::style::quiet : tools::progress::style_of_stderr(),
                           from.end, "step");
  do {
    const std::int64_t made = training.steps_made();
    const std::int64_t next = with.save_every > 0 ? (made / with.save_every + 1) * with.save_every : from.end;
    training.run_to(std::min(next, from.end), progress);
    if (!with.save.empty()) GLINT_TRY(digits::save_checkpoint(with.save, from.checkpoint_at(training.state())));
  } while (training.steps_made() < from.end);
  return {};
}

void print_begin(const digits::start& from) {
  std::cout << "digits: " << from.all.parts.training.size() << " for training in " << from.with.shares << " shares, "
            << from.all.parts.test.size() << " for the test (seed " << from.with.seed << ")\n";
  if (!from.with.resume.empty()) {
    std::cout << "resumed: " << from.with.resume.string() << " at step " << from.state.losses.size() << " of "
              << from.end << '\n';
  }
  std::cout << std::flush;
}

int train(const digits::start& from) {
  const digits::options& with = from.with;
  const auto begin = std::chrono::steady_clock::now();
  print_begin(from);
  digits::training training(from.all, with, from.state);
  if (auto done = make_steps(from, training); !done) return refuse(done.error());
  const double accuracy = test_accuracy(training.weights(), from.all.data.select(from.all.parts.test));
  std::cout << "training accuracy: " << percent(training.accuracy_on_shares()) << '\n';
  std::cout << "test accuracy: " << percent(accuracy) << '\n';
  print_work(std::chrono::steady_clock::now() - begin);
  if (with.checksum) {
    std::cout << "weights checksum: " << std::hex << std::setw(16) << std::setfill('0')
              << digits::checksum_of(glint::get(training.weights())) << std::dec << '\n';
  }
  if (!with.save.empty()) std::cout << "saved: " << with.save.string() << " at step " << from.end << '\n';
  if (auto written = digits::write_text(with.svg, digits::loss_curve_svg(training.losses())); !written) {
    return refuse(written.error());
  }
  std::cout << "loss curve: " << with.svg.string() << std::endl;
  return 0;
}

int driver(glint::arguments args) {
  auto with = digits::parse_options(args.values);
  if (!with) return refuse(with.error());
  if (with->help) {
    std::cout << digits::help_text();
    return 0;
  }
  if (with->data.empty()) with->data = GLINT_DIGITS_FILE;
  const auto from = digits::prepare(std::move(*with));
  if (!from) return refuse(from.error());
  return train(*from);
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
