// SPDX-License-Identifier: Apache-2.0
#include "pipeline.hpp"

#include <algorithm>
#include <utility>

#include "filter.hpp"

namespace images {
namespace {

std::size_t ahead_of(const options& with) {
  return static_cast<std::size_t>(with.ahead > 0 ? with.ahead : std::max(2 * glint::this_node().cpus, 1));
}

/// What a person is told: the text of the first error, with its code where that is the system's.
std::string reason_of(const glint::error& e) {
  const glint::error& first = e.root_cause();
  return first.code() == glint::errc::user_exception ? first.message() : first.describe();
}

}  // namespace

pipeline::pipeline(const options& with, const std::vector<std::string>& files, tools::progress& show)
    : with_(with), files_(files), show_(show), ahead_max_(ahead_of(with)), ahead_(ahead_max_) {}

report pipeline::run() {
  for (fill_up(); !under_way_.empty(); fill_up()) {
    auto [settled, pending] = glint::wait(std::move(under_way_), {.count = 1});
    under_way_ = std::move(pending);
    for (const image_ref& ref : settled) settle(ref);
    const std::size_t done = report_.images + report_.skipped;
    show_.show(static_cast<std::int64_t>(done), std::to_string(report_.skipped) + " skipped");
  }
  return report_;
}

void pipeline::fill_up() {
  while (under_way_.size() < ahead_ && (!again_.empty() || next_ < files_.size())) {
    if (again_.empty()) {
      begin(next_++);
    } else {
      begin(again_.front());
      again_.pop_front();
    }
  }
}

void pipeline::begin(std::size_t file) {
  const std::string& name = files_[file];
  auto picture = glint::submit<read_image>({.name = name}, (with_.in / name).string());
  auto filtered = glint::submit<apply_filter>({.name = name}, std::move(picture), with_.filter);
  auto done =
      glint::submit<write_image>({.name = name}, std::move(filtered), (with_.out / name).string(), with_.quality);
  file_of_.emplace(done, file);
  under_way_.push_back(std::move(done));
}

void pipeline::settle(const image_ref& ref) {
  const std::size_t file = file_of_.extract(ref).mapped();
  const auto outcome = glint::try_get(ref).value();
  if (outcome) {
    count(**outcome);
  } else {
    give_up_or_retry(file, outcome.error());
  }
}

void pipeline::count(const written& done) {
  ++report_.images;
  alone_ = 0;
  report_.file_bytes += done.file_bytes;
  report_.pixel_count += done.pixel_count;
  if (ahead_ < ahead_max_ && ++since_ > ahead_max_) {
    ++ahead_;
    since_ = 0;
  }
}

void pipeline::give_up_or_retry(std::size_t file, const glint::error& reason) {
  // Alone it is tried a few times: what the one before has used may not have been let go of yet.
  constexpr int alone_max = 3;
  const bool found_no_room = reason.root_cause().code() == glint::errc::out_of_memory;
  if (!found_no_room || (under_way_.empty() && alone_++ == alone_max)) {
    alone_ = 0;
    return skip(file, reason);
  }
  ahead_ = std::clamp<std::size_t>(under_way_.size(), 1, ahead_);
  since_ = 0;
  again_.push_back(file);
}

void pipeline::skip(std::size_t file, const glint::error& reason) {
  ++report_.skipped;
  show_.print("image_pipeline: skipped " + files_[file] + ": " + reason_of(reason));
}

}  // namespace images
