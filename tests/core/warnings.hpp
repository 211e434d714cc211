// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <glint/base/log.hpp>

namespace glint_test {

/// Warnings that were logged.
class warnings {
 public:
  warnings() {
    glint::set_log_sink(
        [](void* self, glint::log_level, std::string_view text) {
          auto& w = *static_cast<warnings*>(self);
          const std::lock_guard lock(w.mutex_);
          w.lines_.emplace_back(text);
        },
        this);
  }
  ~warnings() { glint::set_log_sink(nullptr); }
  /// How many have this text inside.
  [[nodiscard]] std::ptrdiff_t count(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count_if(lines_, [&](const auto& l) { return l.find(text) != l.npos; });
  }
  [[nodiscard]] bool has(const std::string& text) { return count(text) > 0; }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace glint_test
