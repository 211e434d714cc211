// SPDX-License-Identifier: Apache-2.0
// Cancellation: work that nobody wants any more fails its ref at once; what runs is asked to stop, never forced. The
// first of several searches to find something ends the others.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <vector>

#include <glint/glint.hpp>

using namespace std::chrono_literals;

/// The smallest factor of `n` from `first` in steps of `step`; looks now and then whether it is still wanted.
std::uint64_t find_factor(std::uint64_t n, std::uint64_t first, std::uint64_t step) {
  for (std::uint64_t i = first, round = 0;; i += step, ++round) {
    if (i > 1 && n % i == 0) return i;
    if (round % 1024 == 0 && glint::stop_requested()) return 0;  // dropped: the ref has failed already
  }
}

std::uint64_t twice(std::uint64_t x) {
  return 2 * x;
}

void report(const char* what, const glint::object_ref<std::uint64_t>& ref) {
  try {
    const std::uint64_t value = glint::get(ref);
    std::cout << what << ": " << value << '\n';
  } catch (const glint::exception& e) {
    std::cout << what << ": " << to_string(e.code()) << '\n';
  }
}

int driver(glint::arguments) {
  const auto easy = glint::submit<find_factor>(std::uint64_t{91}, std::uint64_t{3}, std::uint64_t{2});
  const std::uint64_t prime = 0xffff'ffff'ffff'ffc5;  // the largest below 2^64: there is nothing to be found soon
  const auto hopeless = glint::submit<find_factor>({.name = "hopeless"}, prime, std::uint64_t{3}, std::uint64_t{2});
  const auto dependent = glint::submit<twice>(hopeless);

  const auto [found, searching] = glint::wait({hopeless, easy}, {.count = 1});
  for (const auto& search : searching) glint::cancel(search);
  report("found", found.front());
  report("the other search", hopeless);
  report("what was to be made of it", dependent);

  // A deadline is a cancellation by the clock.
  const auto late =
      glint::submit<find_factor>({.name = "late", .timeout = 20ms}, prime, std::uint64_t{3}, std::uint64_t{2});
  report("with a deadline", late);

  // With all that it has submitted, and they have.
  const auto parent = glint::submit([prime] {
    const auto child = glint::submit<find_factor>(prime, std::uint64_t{3}, std::uint64_t{2});
    return glint::get(child);
  });
  glint::cancel(parent, {.recursive = true});
  report("parent and child", parent);
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
