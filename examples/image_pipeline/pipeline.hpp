// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include <glint/glint.hpp>

#include "options.hpp"
#include "tasks.hpp"
#include "tools/progress.hpp"

namespace images {

/// What a run has done.
struct report {
  std::size_t images = 0;   ///< Read, filtered and written.
  std::size_t skipped = 0;  ///< A message was printed for each.
  std::uint64_t file_bytes = 0;
  std::uint64_t pixel_count = 0;
};

/// Three tasks for each image: decode on a CPU, filter on a device, encode on a CPU. Refs join them; only the last one
/// is waited for. No more images are under way than `with.ahead`, however many there are, so memory is bounded by that
/// many. An image that finds no room on a device while others are under way is begun again with fewer beside it.
class pipeline {
 public:
  /// `files` are paths below `with.in`. Both and `show` are kept by reference.
  pipeline(const options& with, const std::vector<std::string>& files, tools::progress& show);
  [[nodiscard]] report run();

 private:
  using image_ref = glint::object_ref<written>;

  void fill_up();
  void begin(std::size_t file);
  void settle(const image_ref& ref);
  void count(const written& done);
  void give_up_or_retry(std::size_t file, const glint::error& reason);
  void skip(std::size_t file, const glint::error& reason);

  const options& with_;
  const std::vector<std::string>& files_;
  tools::progress& show_;
  std::size_t ahead_max_;
  std::size_t ahead_;                 // less than ahead_max_ after a device had no room
  std::size_t since_ = 0;             // images that went well since then
  int alone_ = 0;                     // how often an image found no room with none beside it, one after the other
  std::size_t next_ = 0;              // file
  std::deque<std::size_t> again_;     // files that found no room
  std::vector<image_ref> under_way_;  // what comes of each
  std::unordered_map<image_ref, std::size_t> file_of_;
  report report_;
};

}  // namespace images
