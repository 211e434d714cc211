// SPDX-License-Identifier: Apache-2.0
// Filters the images of a folder: CPUs decode and encode, devices filter, and each image goes its way through the three
// as soon as it can. What cannot be read is skipped with a message.
#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <sstream>

#include <glint/glint.hpp>

#include "folder.hpp"
#include "options.hpp"
#include "pipeline.hpp"
#include "tools/progress.hpp"

namespace {

constexpr int exit_wrong_usage = 2;
constexpr int exit_some_skipped = 3;

int refuse(const glint::error& e) {
  std::cerr << "image_pipeline: " << e.message() << '\n';
  return exit_wrong_usage;
}

images::report run(const images::options& with, const std::vector<std::string>& files) {
  if (files.empty()) return {};
  using style = tools::progress::style;
  tools::progress show(std::cerr, with.quiet ? style::quiet : tools::progress::style_of_stderr(),
                       static_cast<std::int64_t>(files.size()), "image");
  return images::pipeline(with, files, show).run();
}

void print(const images::report& done, std::size_t other_files, std::chrono::duration<double> took) {
  const double millionths = 1e-6 / std::max(took.count(), 1e-9);
  std::cout << done.images << " images, " << done.skipped << " skipped, " << other_files << " other files, "
            << std::fixed << std::setprecision(2) << took.count() << " s, " << std::setprecision(1)
            << static_cast<double>(done.file_bytes) * millionths << " MB/s read, "
            << static_cast<double>(done.pixel_count) * millionths << " Mpixel/s" << std::endl;
}

int driver(glint::arguments args) {
  const auto with = images::parse_options(args.values);
  if (!with) return refuse(with.error());
  if (with->help) {
    std::cout << images::help_text();
    return 0;
  }
  if (const auto right = images::check_folders(with->in, with->out); !right) return refuse(right.error());
  const auto begin = std::chrono::steady_clock::now();
  const auto found = images::list_folder(with->in);
  if (!found) return refuse(found.error());
  const images::report done = run(*with, found->images);
  print(done, found->other_files, std::chrono::steady_clock::now() - begin);
  return done.skipped == 0 ? 0 : exit_some_skipped;
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
