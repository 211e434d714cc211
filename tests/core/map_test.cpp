// SPDX-License-Identifier: Apache-2.0
// What map calls, with what, and what its caller gets.
#include <array>
#include <mutex>
#include <numeric>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <tuple>

#include "fixture.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::object_ref;
using map_test = runtime_test;

int twice(int x) {
  return 2 * x;
}

std::vector<int> numbers(int count) {
  std::vector<int> made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), 0);
  return made;
}

template <class T>
std::vector<T> values_of(std::vector<object_ref<T>> refs) {
  return get(std::move(refs), deadline);
}

TEST_F(map_test, CallsTheFunctionWithEachElementAndKeepsTheOrder) {
  for (const int count : {1, 2, 63, 64, 65, 1000}) {
    const auto refs = glint::map<twice>(numbers(count));
    ASSERT_EQ(refs.size(), static_cast<std::size_t>(count));
    const auto values = get(refs, deadline);
    for (int i = 0; i < count; ++i) ASSERT_EQ(*values[static_cast<std::size_t>(i)], 2 * i);
  }
}

TEST_F(map_test, AnEmptyRangeGivesNoRefs) {
  EXPECT_TRUE(glint::map<twice>(std::vector<int>{}).empty());
  EXPECT_TRUE(glint::map<twice>(std::views::iota(0, 0)).empty());
  EXPECT_TRUE(glint::map<twice>({.name = "twice"}, std::vector<int>{}).empty());
  EXPECT_EQ(glint::statistics().tasks, 0u);
}

TEST_F(map_test, RangesOfEveryKind) {
  EXPECT_EQ(values_of(glint::map<twice>(std::views::iota(1, 4))), (std::vector{2, 4, 6}));
  const std::array<short, 2> converted{7, 8};
  EXPECT_EQ(values_of(glint::map<twice>(converted)), (std::vector{14, 16}));
  std::istringstream read_once("1 2 3");
  EXPECT_EQ(values_of(glint::map<twice>(std::ranges::istream_view<int>(read_once))), (std::vector{2, 4, 6}));
  const auto odd = std::views::filter([](int x) { return x % 2 == 1; });
  const std::vector<int> many = numbers(200);
  EXPECT_EQ(values_of(glint::map<twice>(many | odd)).back(), 398);
  const std::vector<bool> bits{true, false, true};
  EXPECT_EQ(values_of(glint::map<[](bool b) { return b ? 1 : 0; }>(bits)), (std::vector{1, 0, 1}));
}

int value_of(const tracked& t) {
  return t.value;
}
int take_value_of(tracked t) {
  return t.value;
}

TEST_F(map_test, ElementsOfAContainerThatIsGivenUpAreMoved) {
  std::vector<tracked> given;
  for (int i = 0; i < 100; ++i) given.emplace_back(i);
  tracked::reset();
  EXPECT_EQ(values_of(glint::map<value_of>(std::move(given))).at(99), 99);
  EXPECT_EQ(tracked::copies, 0);
  std::vector<tracked> again;
  for (int i = 0; i < 100; ++i) again.emplace_back(i);
  tracked::reset();
  EXPECT_EQ(values_of(glint::map<take_value_of>(std::move(again))).at(99), 99);
  EXPECT_EQ(tracked::copies, 0);
}

TEST_F(map_test, ElementsOfAnyOtherRangeAreCopied) {
  std::vector<tracked> kept;
  for (int i = 0; i < 100; ++i) kept.emplace_back(i);
  tracked::reset();
  EXPECT_EQ(values_of(glint::map<take_value_of>(kept)).at(99), 99);
  EXPECT_EQ(tracked::copies, 100);
  EXPECT_EQ(values_of(glint::map<take_value_of>(std::span<tracked>(kept))).at(99), 99);
  EXPECT_EQ(values_of(glint::map<take_value_of>(std::ranges::ref_view(kept))).at(99), 99);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(kept[static_cast<std::size_t>(i)].value, i) << "moved out of a view";
}

using only_moved = glint::local_only<std::unique_ptr<int>>;

TEST_F(map_test, ElementsThatCanOnlyBeMoved) {
  std::vector<only_moved> given;
  for (int i = 0; i < 70; ++i) given.emplace_back(std::make_unique<int>(i));
  const auto values = values_of(glint::map<[](only_moved p) { return **p + 1; }>(std::move(given)));
  EXPECT_EQ(values.at(0), 1);
  EXPECT_EQ(values.at(69), 70);
}

TEST_F(map_test, ElementsThatAreRefsAreAwaitedOrPassedOn) {
  glint::promise<int> later;
  const std::vector<object_ref<int>> given{glint::put(1), later.ref()};
  const auto awaited = glint::map<twice>(given);
  const auto passed = glint::map<[](object_ref<int> ref) { return ref.operator bool(); }>(given);
  EXPECT_TRUE(get(passed.at(1), deadline));
  EXPECT_FALSE(glint::try_get(awaited.at(1)));
  later.set(4);
  EXPECT_EQ(*get(awaited, deadline).at(1), 8);
  const std::vector<object_ref<int>> with_none(1);
  EXPECT_EQ(thrown_by([&] { (void)glint::map<[](object_ref<int>) { return 0; }>(with_none); }), glint::errc::empty_ref);
}

std::tuple<int, std::string> number_and_text(int x) {
  return {x, std::to_string(x)};
}
glint::co_task<int> later_twice(int x) {
  co_return 2 * co_await glint::submit<echo>(x);
}
glint::tensor<float> zeros_of(glint::gpu_context& gpu, int count) {
  return gpu.zeros<float>({count});
}

TEST_F(map_test, FunctionsOfEveryKind) {
  std::atomic<int> sum{0};
  const auto done = glint::map([&sum](int x) { sum += x; }, numbers(100));
  static_assert(std::is_same_v<decltype(done), const std::vector<object_ref<void>>>);
  get(done, deadline);
  EXPECT_EQ(sum, 4950);
  const auto pairs = glint::map<number_and_text>(numbers(3));
  EXPECT_EQ(get(std::get<1>(pairs.at(2)), deadline), "2");
  EXPECT_EQ(values_of(glint::map<later_twice>(numbers(3))).at(2), 4);
  const auto tensors = glint::map<zeros_of>(std::vector<int>{3, 4});
  EXPECT_EQ(get(tensors.at(1), deadline).shape()[0], 4);
}

TEST_F(map_test, OneFunctionObjectIsSharedByTheCallsAndGoneBeforeTheLastIsSettled) {
  const auto held = std::make_shared<int>(5);
  for (int round = 0; round < 20; ++round) {
    auto refs = glint::map([held](int x) { return x + *held; }, numbers(200));
    EXPECT_EQ(*get(refs, deadline).at(199), 204);
    EXPECT_EQ(held.use_count(), 1);
  }
  auto own = std::make_unique<int>(7);
  EXPECT_EQ(values_of(glint::map([own = std::move(own)](int x) { return x + *own; }, numbers(70))).at(69), 76);
}

TEST_F(map_test, EachCallHasACopyOfAFunctionObjectThatChanges) {
  const auto counted = [calls = 0](int) mutable { return ++calls; };
  EXPECT_EQ(values_of(glint::map(counted, numbers(5))), std::vector<int>(5, 1));
}

TEST_F(map_test, EachCallIsATaskOfItsOwn) {
  const auto refs = glint::map<[](int) {
    const auto info = glint::this_task();
    EXPECT_EQ(info.attempt, 0u);
    EXPECT_FALSE(glint::stop_requested());
    return static_cast<std::uint64_t>(info.id.value);
  }>(numbers(500));
  std::set<std::uint64_t> ids;
  for (const auto* id : get(refs, deadline)) ids.insert(*id);
  EXPECT_EQ(ids.size(), 500u);
  EXPECT_FALSE(ids.contains(0));
  const auto names = glint::map<[](int) { return glint::this_task().name; }>(numbers(1));
  const auto name = glint::submit<[](int) { return glint::this_task().name; }>(1);
  EXPECT_FALSE(get(names.at(0), deadline).empty());
  EXPECT_FALSE(get(name, deadline).empty());
}

TEST_F(map_test, CallsAreCountedAsTasks) {
  const auto refs = glint::map<twice>(numbers(150));
  (void)get(refs, deadline);
  EXPECT_EQ(glint::statistics().tasks, 150u);
  EXPECT_EQ(glint::statistics().failed, 0u);
}

TEST_F(map_test, OptionsAreThoseOfEachCall) {
  const auto refs =
      glint::map<[](int x) { return glint::this_task().name + std::to_string(x); }>({.name = "n"}, numbers(3));
  EXPECT_EQ(get(refs.at(2), deadline), "n2");
  EXPECT_EQ(values_of(glint::map(
                {.cpus = 0}, [k = 3](int x) { return k * x; }, numbers(3))),
            (std::vector{0, 3, 6}));
  EXPECT_EQ(thrown_by([] { (void)glint::map<twice>({.cpus = -1}, numbers(2)); }), glint::errc::invalid_argument);
}

int sum_of_a_map(int count) {
  int sum = 0;
  for (const int value : get(glint::map<twice>(numbers(count)))) sum += value;
  return sum;
}
class mapper {
 public:
  int sum(int count) { return sum_of_a_map(count); }
};

TEST_F(map_test, FromBodiesActorsAndManyThreads) {
  const auto nested = glint::map<sum_of_a_map>(std::vector<int>(20, 100));
  for (const int* sum : get(nested, deadline)) EXPECT_EQ(*sum, 9900);
  const auto actor = glint::spawn<mapper>();
  EXPECT_EQ(get(actor.call<&mapper::sum>(100), deadline), 9900);
  std::vector<std::unique_ptr<user_thread>> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.push_back(std::make_unique<user_thread>([&right] {
      for (int i = 0; i < 20; ++i) right += sum_of_a_map(100) == 9900 ? 1 : 0;
    }));
  }
  for (const auto& thread : threads) thread->join();
  EXPECT_EQ(right, 80);
}

TEST_F(map_test, CallsWhoseRefsAreDroppedRunAllTheSame) {
  static std::atomic<int> ran;
  ran = 0;
  for (int i = 0; i < 10; ++i) (void)glint::map<[](int x) { return ran += x; }>(std::vector<int>(100, 1));
  EXPECT_TRUE(eventually([] { return ran == 1000; }));
}

TEST_F(map_test, AValueGoesWithItsLastRefWhileOtherCallsRun) {
  const auto go = make_event();
  const auto alive = std::make_shared<int>(0);
  using held = glint::local_only<std::shared_ptr<int>>;
  auto refs = glint::map(
      [go, alive](int x) {
        if (x == 1) (*go)->wait();
        return held(x == 0 ? alive : nullptr);
      },
      numbers(2));
  ASSERT_EQ(glint::wait({refs.at(0)}, {.timeout = deadline}).ready.size(), 1u);
  EXPECT_EQ(alive.use_count(), 3) << "here, in the function object, in the value";
  refs.erase(refs.begin());
  EXPECT_TRUE(eventually([&] { return alive.use_count() == 2; }));
  (*go)->set();
  (void)get(refs, deadline);
}

}  // namespace
}  // namespace glint_test
