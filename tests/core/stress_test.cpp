// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <barrier>
#include <random>
#include <thread>
#include <vector>

#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;

using Stress = runtime_test;
class StressOnOneSlot : public one_slot_test {};

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return (a ^ (b << 7)) * 0x9e3779b97f4a7c15ull + b;
}
std::uint64_t mix_owned(std::vector<std::uint64_t> all) {
  std::uint64_t sum = 0;
  for (const auto v : all) sum = mix(sum, v);
  return sum;
}

int fib(int n) {
  return n < 2 ? n : get(submit<fib>(n - 1)) + get(submit<fib>(n - 2));
}

TEST_F(Stress, DeepRecursionWithBlockingGet) {
  EXPECT_EQ(get(submit<fib>(12), deadline), 144);
}
TEST_F(StressOnOneSlot, DeepRecursionWithBlockingGet) {
  EXPECT_EQ(get(submit<fib>(12), deadline), 144);
}

TEST_F(Stress, AChainOfAHundredThousand) {
  const auto go = make_event();
  auto last = submit<after>(go, 0);
  for (int i = 0; i < 100'000; ++i) last = submit<add>(last, 1);
  (*go)->set();
  EXPECT_EQ(get(last, deadline), 100'000);
}

TEST_F(Stress, ThreadsSubmitGetPutAndWaitAtRandom) {
  const auto seed = test_seed();
  constexpr int threads = 4;
  std::barrier together(threads);
  std::vector<std::jthread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&together, s = seed + static_cast<std::uint64_t>(t)] {
      std::mt19937_64 random(s);
      std::vector<std::pair<object_ref<std::uint64_t>, std::uint64_t>> known{{put(s), s}};
      together.arrive_and_wait();
      for (int step = 0; step < 2000; ++step) {
        const auto [ref, value] = known[random() % known.size()];
        switch (random() % 5) {
          case 0:
            known.emplace_back(put(random.operator()()), 0);
            known.back().second = get(known.back().first);
            break;
          case 1:
            known.emplace_back(submit<mix>(ref, value), mix(value, value));
            break;
          case 2:
            known.emplace_back(submit<mix>(ref, known.front().first), mix(value, known.front().second));
            break;
          case 3:
            ASSERT_EQ(get(ref, deadline), value);
            break;
          default:
            ASSERT_EQ(glint::wait({ref}, {.timeout = deadline}).ready.size(), 1u);
            break;
        }
        if (known.size() > 50) known.erase(known.begin(), known.begin() + 25);
      }
      for (const auto& [ref, value] : known) ASSERT_EQ(get(ref, deadline), value);
    });
  }
}

/// Random graphs, shared by threads that each take some results, against the same evaluated in order.
TEST_F(Stress, RandomGraphsGiveWhatASequentialRunGives) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 20; ++round) {
    std::vector<object_ref<std::uint64_t>> refs;
    std::vector<std::uint64_t> expected;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const auto pick = [&] { return refs.empty() ? 0 : random() % refs.size(); };
      if (refs.empty() || random() % 6 == 0) {
        refs.push_back(put(i));
        expected.push_back(i);
      } else if (random() % 5 == 0) {
        const auto a = pick();
        const auto b = pick();
        auto list = submit<[](std::uint64_t x, std::uint64_t y) { return std::vector{x, y, x}; }>(refs[a], refs[b]);
        refs.push_back(submit<mix_owned>(std::move(list)));
        expected.push_back(mix_owned({expected[a], expected[b], expected[a]}));
      } else {
        const auto a = pick();
        const auto b = pick();
        refs.push_back(submit<mix>(refs[a], refs[b]));
        expected.push_back(mix(expected[a], expected[b]));
      }
    }
    std::vector<std::jthread> readers;
    for (std::size_t t = 0; t < 3; ++t) {
      readers.emplace_back([&, t] {
        for (std::size_t i = t; i < refs.size(); i += 2) ASSERT_EQ(get(refs[i], deadline), expected[i]);
      });
    }
  }
}

/// A failure somewhere in a graph reaches exactly what depends on it.
TEST_F(Stress, RandomGraphsFailExactlyBehindTheirFailures) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 10; ++round) {
    std::vector<object_ref<int>> refs{put(1)};
    std::vector<bool> fails{false};
    for (int i = 0; i < 300; ++i) {
      const auto a = random() % refs.size();
      const auto b = random() % refs.size();
      const bool throws = random() % 20 == 0;
      refs.push_back(throws ? submit<[](int, int) -> int { throw std::runtime_error("no"); }>(refs[a], refs[b])
                            : submit<[](int x, int) { return x; }>(refs[a], refs[b]));
      fails.push_back(throws || fails[a] || fails[b]);
    }
    ASSERT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
    for (std::size_t i = 0; i < refs.size(); ++i) {
      const auto settled = glint::try_get(refs[i]);
      ASSERT_EQ(settled->has_value(), !fails[i]);
      if (fails[i]) {
        ASSERT_EQ(settled->error().root_cause().code(), glint::errc::user_exception);
      }
    }
  }
}

}  // namespace
}  // namespace glint_test
