// SPDX-License-Identifier: Apache-2.0
#include "machine_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

namespace glint::detail {
namespace {

/// The limit in a file of a control group; none if there is no such file, or "max" in it.
std::uint64_t limit_in(const char* file) {
  std::uint64_t limit = 0;
  std::ifstream in(file);
  return in >> limit ? limit : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

std::uint64_t machine_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return 0;
  const std::uint64_t machine = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
  return std::min(
      {machine, limit_in("/sys/fs/cgroup/memory.max"), limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

}  // namespace glint::detail
