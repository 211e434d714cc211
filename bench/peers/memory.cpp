// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// The floor of a copy: memcpy of 64 MiB into memory that was written before, and into memory that the process has just
/// got.
namespace glint_bench {
namespace {

constexpr int copy_bytes = 64 << 20;

/// Memory that is not touched when it is made.
using raw_bytes = std::unique_ptr<void, decltype(&std::free)>;

double copied(const peer_setting& setting, bool warm) {
  const auto bytes = static_cast<std::size_t>(setting.count(copy_bytes));
  const std::vector<std::uint8_t> source(bytes, 1);
  const raw_bytes target(std::malloc(bytes), &std::free);
  if (warm) std::memset(target.get(), 2, bytes);
  const double ns = ns_each(1, [&] {
    std::memcpy(target.get(), source.data(), bytes);
    keep(target);
  });
  return static_cast<double>(bytes) / ns;
}

}  // namespace

std::vector<peer> memory_peers() {
  const auto warm = [](const peer_setting& s) { return copied(s, true); };
  const auto first = [](const peer_setting& s) { return copied(s, false); };
  return {{"objects.put_copy_64m", "memcpy_warm", warm},        {"objects.put_copy_64m", "memcpy_first", first},
          {"objects.put_copy_64m_kept", "memcpy_warm", warm},   {"objects.put_copy_64m_tensor", "memcpy_warm", warm},
          {"objects.put_copy_64m_plain", "memcpy_warm", warm},  {"objects.put_copy_64m_plain", "memcpy_first", first},
          {"objects.put_copy_64m_first", "memcpy_first", first}};
}

}  // namespace glint_bench
