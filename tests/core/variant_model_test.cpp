// SPDX-License-Identifier: Apache-2.0
// The choice between variants by itself, on made-up times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "variant_model.hpp"

namespace {

using glint::detail::measured_times;
using glint::detail::size_class_of;
using glint::detail::time_by_size;
using glint::detail::transfer_way;
using glint::detail::variant_candidate;
using glint::detail::variant_history;
using glint::detail::variant_model;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t cpu = 0;
constexpr std::size_t gpu = 1;
constexpr double us = 1e-6;
constexpr double ms = 1e-3;
constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

/// Seconds that a variant really takes.
using curve = std::function<double(std::uint64_t bytes)>;
double on_cpu(std::uint64_t bytes) {
  return 2 * us + static_cast<double>(bytes) * 1e-9;
}
double on_gpu(std::uint64_t bytes) {
  return 30 * us + static_cast<double>(bytes) * 1e-11;
}
curve always(double seconds) {
  return [seconds](std::uint64_t) { return seconds; };
}

/// A set of two whose calls run one after the other.
struct two_variants {
  explicit two_variants(curve first, curve second) : takes{std::move(first), std::move(second)} {}

  std::size_t call(std::uint64_t bytes, const std::vector<variant_candidate>& candidates = {{}, {}}) {
    const std::size_t chosen = history.choose(bytes, candidates);
    const double body = takes[chosen](bytes);
    history.add(chosen, bytes, body);
    spent += body + candidates[chosen].transfer_s;
    ++runs[chosen];
    return chosen;
  }
  void calls(int count, std::uint64_t bytes, const std::vector<variant_candidate>& candidates = {{}, {}}) {
    for (int i = 0; i < count; ++i) (void)call(bytes, candidates);
  }
  /// How often the device is chosen in so many further calls.
  int on_gpu_of(int count, std::uint64_t bytes, const std::vector<variant_candidate>& candidates = {{}, {}}) {
    const int before = runs[gpu];
    calls(count, bytes, candidates);
    return runs[gpu] - before;
  }

  variant_history history{"set", {"cpu", "gpu"}};
  std::array<curve, 2> takes;
  std::array<int, 2> runs{};
  double spent = 0;
};

TEST(SizeClasses, ArePowersOfTwo) {
  EXPECT_EQ(size_class_of(0), 0);
  EXPECT_EQ(size_class_of(1), 1);
  EXPECT_EQ(size_class_of(kib - 1), 10);
  EXPECT_EQ(size_class_of(kib), 11);
  EXPECT_EQ(size_class_of(2 * kib - 1), 11);
  EXPECT_EQ(size_class_of(std::numeric_limits<std::uint64_t>::max()), 64);
}

TEST(MeasuredTimes, TheMedianOfTheNewestCounts) {
  measured_times times;
  times.add(5);
  EXPECT_EQ(times.median(), 5);
  times.add(1);
  EXPECT_EQ(times.median(), 1) << "of an even number the lower one";
  EXPECT_FALSE(times.trusted());
  times.add(2);
  EXPECT_TRUE(times.trusted());
  EXPECT_EQ(times.median(), 2);
  for (int i = 0; i < 3; ++i) times.add(9);
  EXPECT_EQ(times.median(), 9) << "5 has left the window of 1, 2, 9, 9, 9";
  EXPECT_EQ(times.count(), 6u);
}

TEST(MeasuredTimes, WhatIsAssumedIsTrustedAndGivesWayToMeasurements) {
  measured_times too_long;
  too_long.assume(100, 40);
  EXPECT_TRUE(too_long.trusted());
  EXPECT_EQ(too_long.median(), 100);
  EXPECT_EQ(too_long.count(), 40u);
  too_long.add(1);
  EXPECT_EQ(too_long.median(), 1) << "by the first measurement";

  measured_times too_short;
  too_short.assume(1, 40);
  too_short.add(100);
  too_short.add(100);
  EXPECT_EQ(too_short.median(), 100) << "by the second";
}

TEST(TimeBySize, WhatIsNoTimeIsIgnored) {
  time_by_size times;
  times.add(3, -1);
  times.add(3, std::numeric_limits<double>::quiet_NaN());
  times.add(3, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(times.classes().empty());
  EXPECT_FALSE(times.estimate(3));
}

TEST(TimeBySize, OtherSizesTellByAPowerLaw) {
  time_by_size times;
  times.assume(10, 1 * us, 9);
  EXPECT_FALSE(times.estimate(12)) << "one size says nothing of others";
  times.assume(14, 16 * us, 9);
  ASSERT_TRUE(times.estimate(12));
  EXPECT_NEAR(*times.estimate(12), 4 * us, 1e-12) << "between: a line in logarithms";
  EXPECT_NEAR(*times.estimate(20), 1024 * us, 1e-9) << "beyond: linear in the bytes here";
  EXPECT_NEAR(*times.estimate(8), 0.25 * us, 1e-12);
  times.add(12, 2 * us);
  EXPECT_NEAR(*times.estimate(12), 2 * us, 1e-12) << "the lesser of its own, too few, and what the others say";
  times.add(12, 7 * us);
  times.add(12, 7 * us);
  EXPECT_NEAR(*times.estimate(12), 7 * us, 1e-12) << "its own, once trusted";
}

/// Falling times, which are noise, are not carried on below nothing.
TEST(TimeBySize, AnExponentIsNotBelowZero) {
  time_by_size times;
  times.assume(10, 8 * us, 9);
  times.assume(11, 1 * us, 9);
  EXPECT_NEAR(*times.estimate(30), 1 * us, 1e-12);
}

TEST(VariantChoice, TheFasterOneBySize) {
  two_variants set(on_cpu, on_gpu);
  set.calls(200, kib);
  set.calls(200, 16 * mib);
  EXPECT_LE(set.on_gpu_of(100, kib), 2) << "small: the CPU";
  EXPECT_GE(set.on_gpu_of(100, 16 * mib), 98) << "large: the device";
}

TEST(VariantChoice, EachIsTriedThreeTimesAtANewSize) {
  two_variants set(always(1 * us), always(3 * us));
  set.calls(6, kib);
  EXPECT_THAT(set.runs, ElementsAre(3, 3));
  EXPECT_EQ(set.on_gpu_of(20, kib), 0);
}

/// Two sizes were learned; at a third one a variant that they rule out is not tried.
TEST(VariantChoice, WhatOtherSizesRuleOutIsNotTried) {
  two_variants set(on_cpu, on_gpu);
  set.calls(10, 64 * mib);
  set.calls(10, 256 * mib);
  const int cpu_before = set.runs[cpu];
  set.calls(20, 1024 * mib);
  EXPECT_EQ(set.runs[cpu], cpu_before) << "a second a call, a hundred times the device's";
}

TEST(VariantChoice, TransfersTipTheBalance) {
  two_variants set(always(100 * us), always(20 * us));
  set.calls(20, mib);
  EXPECT_GE(set.on_gpu_of(20, mib), 19);
  const std::vector<variant_candidate> far{{}, {.transfer_s = 400 * us}};
  EXPECT_LE(set.on_gpu_of(20, mib, far), 1) << "the arguments lie on the host";
  const std::vector<variant_candidate> there{{.transfer_s = 400 * us}, {}};
  EXPECT_GE(set.on_gpu_of(20, mib, there), 19);
}

TEST(VariantChoice, WhatIsNotPossibleIsNotChosen) {
  two_variants set(always(100 * us), always(1 * us));
  EXPECT_EQ(set.on_gpu_of(50, kib, {{}, {.possible = false}}), 0);
  EXPECT_EQ(set.on_gpu_of(50, kib, {{.possible = false}, {}}), 50);
}

/// A first call that pays for warming up.
TEST(VariantChoice, ABadStartCorrectsItself) {
  int calls_on_gpu = 0;
  two_variants set(always(100 * us), [&calls_on_gpu](std::uint64_t) { return calls_on_gpu++ == 0 ? 1.0 : 10 * us; });
  set.calls(6, kib);
  EXPECT_EQ(set.on_gpu_of(20, kib), 20) << "one of three says a second, the median does not";
}

/// A file of another machine, or of another build.
TEST(VariantChoice, AWrongFileCorrectsItself) {
  constexpr double f = 50;  // so wrong is it
  two_variants too_long(always(100 * us), always(10 * us));
  too_long.history.assume(cpu, size_class_of(kib), 100 * us, 1000);
  too_long.history.assume(gpu, size_class_of(kib), 100 * us * f, 1000);
  int calls = 0;
  while (too_long.call(kib) != gpu && calls < 10'000) ++calls;
  EXPECT_GT(calls, 16 * (f - 1) - 2) << "not before it has paid for it";
  EXPECT_LT(calls, 16 * f);
  EXPECT_GE(too_long.on_gpu_of(100, kib), 99) << "one measurement was enough";

  two_variants too_short(always(100 * us), always(10 * ms));
  too_short.history.assume(cpu, size_class_of(kib), 100 * us, 1000);
  too_short.history.assume(gpu, size_class_of(kib), 1 * us, 1000);
  EXPECT_LE(too_short.on_gpu_of(100, kib), 2);
}

TEST(VariantChoice, ATimeThatHasChangedIsFoundOut) {
  two_variants set(always(100 * us), always(10 * us));
  set.calls(100, kib);
  set.takes[gpu] = always(1 * ms);
  EXPECT_LE(set.on_gpu_of(100, kib), 3 + 1) << "half a window of it, and a trial at most";
  set.takes[gpu] = always(10 * us);
  int calls = 0;
  while (calls < 100'000 && set.on_gpu_of(10, kib) < 10) calls += 10;
  EXPECT_LE(calls, 3 * 16 * 10) << "three trials, each after 16 times the difference, which is nine calls of the CPU";
}

/// What is spent is at most a sixteenth more than what the best takes, and the three calls of calibration.
TEST(VariantChoice, RegretIsBounded) {
  for (const double slower : {1.01, 1.5, 3.0, 10.0, 1000.0}) {
    for (const int calls : {10, 100, 3000}) {
      two_variants set(always(100 * us), always(100 * us * slower));
      set.calls(calls, kib);
      const double best = calls * 100 * us;
      const double calibration = 3 * 100 * us * slower;
      EXPECT_LE(set.spent, best * (1 + 1 / 16.0) + calibration + 1e-9) << slower << " times slower, " << calls;
      EXPECT_EQ(set.runs[cpu] + set.runs[gpu], calls);
    }
  }
}

/// The same with three, whose times waver by a factor of two in a way that is the same each time.
TEST(VariantChoice, RegretOfThreeIsBounded) {
  variant_history history("set", {"a", "b", "c"});
  const std::array<double, 3> middle{300 * us, 100 * us, 200 * us};
  const std::vector<variant_candidate> candidates(3);
  std::uint32_t noise = 1;
  double expected = 0;  // spent, by the middle of each
  constexpr int calls = 5000;
  for (int i = 0; i < calls; ++i) {
    const std::size_t chosen = history.choose(kib, candidates);
    noise = noise * 1664525u + 1013904223u;
    const double factor = 0.75 + 0.5 * (noise >> 8) / double{1 << 24};
    history.add(chosen, kib, middle[chosen] * factor);
    expected += middle[chosen];
  }
  EXPECT_LE(expected, calls * 100 * us * (1 + 3.0 / 16) + 3 * (300 + 200) * us)
      << "two sixteenths, and what the noise hides";
}

/// All are chosen before any has run: a burst.
TEST(VariantChoice, ABurstThatNothingIsKnownOfIsShared) {
  variant_history history("set", {"cpu", "gpu"});
  const std::vector<variant_candidate> candidates(2);
  std::array<int, 2> runs{};
  for (int i = 0; i < 100; ++i) ++runs[history.choose(kib, candidates)];
  EXPECT_THAT(runs, ElementsAre(50, 50));
}

TEST(VariantChoice, OneThatNeverEndsWellIsTriedRarely) {
  variant_history history("set", {"cpu", "gpu"});
  const std::vector<variant_candidate> candidates(2);
  int failed = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::size_t chosen = history.choose(kib, candidates);
    if (chosen == cpu) history.add(cpu, kib, 10 * us);
    if (chosen == gpu) ++failed;  // and has no time
  }
  EXPECT_GE(failed, 3);
  EXPECT_LE(failed, 3 + 1000 / 48 + 1);
}

/// What is fast at other sizes, and fails at this one (no room there, say), is not believed to be fast here.
TEST(VariantChoice, OneThatFailsAtASizeIsTriedRarelyThereWhateverOtherSizesSay) {
  variant_history history("set", {"cpu", "gpu"});
  const std::vector<variant_candidate> candidates(2);
  for (const std::uint64_t bytes : {mib, 4 * mib}) {
    for (int i = 0; i < 5; ++i) {
      history.add(cpu, bytes, 100 * ms);
      history.add(gpu, bytes, 10 * us);
    }
  }
  int failures = 0;
  for (int i = 0; i < 300; ++i) {
    const std::size_t chosen = history.choose(1024 * mib, candidates);
    if (chosen == cpu) history.add(cpu, 1024 * mib, 200 * ms);
    if (chosen != gpu) continue;
    history.failed(gpu, 1024 * mib);
    ++failures;
  }
  EXPECT_GE(failures, 1);
  EXPECT_LE(failures, 3 + 300 / 48 + 1);
  EXPECT_EQ(history.choose(mib, candidates), gpu) << "elsewhere it is as fast as it was";
  history.add(gpu, 1024 * mib, 1 * ms);  // there is room again
  EXPECT_EQ(history.choose(1024 * mib, candidates), gpu);
}

TEST(VariantModel, ASetIsFoundByItsKeyAndItsSize) {
  variant_model model;
  auto& first = model.history("key", 2, [] { return std::vector<std::string>{"a", "b"}; });
  EXPECT_EQ(&model.history("key", 2, [] { return std::vector<std::string>(); }), &first);
  auto& other = model.history("key", 1, [] { return std::vector<std::string>{"a"}; });
  EXPECT_NE(&other, &first) << "a file may say anything";
  EXPECT_EQ(first.names().size(), 2u);
}

TEST(VariantModel, TransfersAreLearnedByWayAndSize) {
  variant_model model;
  EXPECT_EQ(model.transfer_s(transfer_way::to_device, 0), 0);
  EXPECT_NEAR(model.transfer_s(transfer_way::to_device, 100'000'000), 10 * ms + 10 * us, 1e-9) << "not measured";
  for (int i = 0; i < 3; ++i) model.add_transfer(transfer_way::to_device, mib, 1 * ms);
  EXPECT_NEAR(model.transfer_s(transfer_way::to_device, mib), 1 * ms, 1e-9);
  EXPECT_LT(model.transfer_s(transfer_way::to_host, mib), 0.2 * ms) << "another way";
  EXPECT_TRUE(model.changed());
}

TEST(VariantModel, TheReportIsATable) {
  variant_model model;
  EXPECT_EQ(model.report(), "");
  auto& set = model.history("key", 2, [] { return std::vector<std::string>{"sum_on_cpu", "sum_on_gpu"}; });
  set.add(0, 3 * kib, 12.34 * us);
  set.add(1, 3 * kib, 1.5);
  set.assume(1, size_class_of(mib), 20 * ms, 12);
  model.add_transfer(transfer_way::to_host, 0, 7e-9);
  EXPECT_EQ(model.report(),
            "variants sum_on_cpu, sum_on_gpu\n"
            "               arguments   median  measured\n"
            "  sum_on_cpu  from 2 KiB  12.3 us         1\n"
            "  sum_on_gpu  from 2 KiB    1.5 s         1\n"
            "  sum_on_gpu  from 1 MiB  20.0 ms        12\n"
            "transfers\n"
            "           arguments  median  measured\n"
            "  to host       none  7.0 ns         1\n");
}

TEST(VariantModel, ThreadsMeetInOneSet) {
  variant_model model;
  const std::vector<variant_candidate> candidates(2);
  constexpr int calls = 500;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < calls; ++i) {
        auto& set = model.history("key", 2, [] { return std::vector<std::string>{"a", "b"}; });
        const std::size_t chosen = set.choose(kib << (i % 4), candidates);
        set.add(chosen, kib << (i % 4), 1 * us);
        model.add_transfer(transfer_way::to_host, kib, model.transfer_s(transfer_way::to_device, mib));
      }
    });
  }
  threads.clear();
  std::uint64_t measured = 0;
  model.for_each([&](const variant_history& set) {
    set.for_each([&](std::size_t, int, const measured_times& times) { measured += times.count(); });
  });
  EXPECT_EQ(measured, 4u * calls);
  EXPECT_THAT(model.report(), HasSubstr("to host"));
}

}  // namespace
