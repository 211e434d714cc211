// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "../support/interleavings.hpp"

/// How the models of counts are run: a play is built of a `program`, and looks at what is left in `settle()`.
namespace model_plays {

constexpr int all_of_them = 1'000;  // preemptions: every interleaving

template <class Play>
interleavings::report explore(int preemptions = all_of_them) {
  std::unique_ptr<Play> current;
  return interleavings::explore(
      [&](interleavings::program& p) {
        current.reset();
        current = std::make_unique<Play>(p);
        p.finally([&current] { current->settle(); });
      },
      {.preemptions = preemptions});
}

template <class Play>
void expect_sound(int preemptions = all_of_them) {
  const auto report = explore<Play>(preemptions);
  EXPECT_FALSE(report.failure) << *report.failure;
  EXPECT_TRUE(report.complete);
  EXPECT_GT(report.executions, 100u) << "too few to mean anything";
}

template <class Play>
std::string failure_of(int preemptions = all_of_them) {
  return explore<Play>(preemptions).failure.value_or("nothing");
}

}  // namespace model_plays
