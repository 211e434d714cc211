// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <malloc.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/// The sanitizer's own; g++'s package has no header for it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // NOLINT: its name
#endif

/// What this process has of the system. A sanitizer starts a thread of its own with the first one of the program.
namespace glint_test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

namespace detail {
inline std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}
}  // namespace detail

[[nodiscard]] inline std::size_t thread_count() {
  return detail::entries_of("/proc/self/task");
}
[[nodiscard]] inline std::size_t descriptor_count() {
  return detail::entries_of("/proc/self/fd");
}
/// What is allocated now.
[[nodiscard]] inline std::size_t heap_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 info = mallinfo2();  // of all arenas
  return info.uordblks + info.hblkhd;
#endif
}

/// All of it, at one time.
struct footprint {
  std::size_t threads = thread_count();
  std::size_t descriptors = descriptor_count();
  std::size_t heap = heap_bytes();
  std::size_t mappings = 0;        ///< Lines of /proc/self/maps; neighbours of one kind are one.
  std::size_t mapped_bytes = 0;    ///< Address space in all of them.
  std::size_t resident_bytes = 0;  ///< Of these, what was written to: anonymous and shared memory.

  footprint() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line); ++mappings) {
    }
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmSize:")) mapped_bytes += kib_in(line);
      if (line.starts_with("RssAnon:") || line.starts_with("RssShmem:")) resident_bytes += kib_in(line);
    }
  }

 private:
  static std::size_t kib_in(const std::string& line) { return std::stoul(line.substr(line.find(':') + 1)) << 10; }
};

}  // namespace glint_test
