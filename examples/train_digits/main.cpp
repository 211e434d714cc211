// SPDX-License-Identifier: Apache-2.0
// Trains a network of two layers to read handwritten digits. Actors keep shares of the digits on devices and
// compute gradients, tasks add them and make the steps, and the weights travel between them as refs. The test
// fifth is read once, after the last step.
#include <chrono>
#include <iomanip>
#include <iostream>
#include <sstream>

#include <glint/glint.hpp>

#include "digits.hpp"
#include "loss_curve.hpp"
#include "options.hpp"
#include "training.hpp"

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

int train(const digits::options& with, const digits::dataset& data) {
  const auto start = std::chrono::steady_clock::now();
  const auto split = digits::split_samples(data.size(), static_cast<std::uint64_t>(with.seed));
  if (static_cast<std::int64_t>(split.training.size()) < with.shares || split.test.empty()) {
    return refuse(glint::error(glint::errc::invalid_argument, "too few samples for the shares and a test"));
  }
  std::cout << "digits: " << split.training.size() << " for training in " << with.shares << " shares, "
            << split.test.size() << " for the test (seed " << with.seed << ")" << std::endl;
  digits::training training(data, split.training, with);
  digits::trained result = [&] {
    digits::progress progress(
        std::cerr, with.quiet ? digits::progress::style::quiet : digits::progress::style_of_stderr(), training.steps());
    return training.run(progress);
  }();
  const double accuracy = test_accuracy(result.weights, data.select(split.test));
  std::cout << "training accuracy: " << percent(result.training_accuracy) << '\n';
  std::cout << "test accuracy: " << percent(accuracy) << '\n';
  print_work(std::chrono::steady_clock::now() - start);
  if (with.checksum) {
    std::cout << "weights checksum: " << std::hex << std::setw(16) << std::setfill('0')
              << digits::checksum_of(glint::get(result.weights)) << std::dec << '\n';
  }
  if (auto written = digits::write_text(with.svg, digits::loss_curve_svg(result.losses)); !written) {
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
  const auto data = digits::load_digits(with->data);
  if (!data) return refuse(data.error());
  return train(*with, *data);
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
