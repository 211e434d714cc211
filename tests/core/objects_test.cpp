// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::try_get;

class Objects : public runtime_test {
 protected:
  void SetUp() override {
    runtime_test::SetUp();
    tracked::reset();
  }
};

void nothing() {}
void throw_nothing() {
  throw std::runtime_error("void");
}

TEST_F(Objects, PutByMoveCopiesNothing) {
  const auto object = put(tracked(3));
  EXPECT_EQ(get(object).value, 3);
  EXPECT_EQ(tracked::copies, 0);
}

TEST_F(Objects, PutOfAnLvalueCopiesOnce) {
  const tracked mine(3);
  const auto object = put(mine);
  EXPECT_EQ(get(object).value, 3);
  EXPECT_EQ(tracked::copies, 1);
}

TEST_F(Objects, PutKeepsTheElementsOfWhatItMoves) {
  std::vector<int> values(100, 1);
  const int* elements = values.data();
  EXPECT_EQ(get(put(std::move(values))).data(), elements);
}

struct throws_when_copied {
  throws_when_copied() = default;
  throws_when_copied(const throws_when_copied&) { throw std::runtime_error("no copy"); }
  template <class Archive>
  void serialize(Archive&) {}
};
TEST_F(Objects, PutPassesOnWhatACopyThrowsAndLeavesNothing) {
  const throws_when_copied mine;
  EXPECT_THROW((void)put(mine), std::runtime_error);
  EXPECT_TRUE(only_left(0));
}

TEST_F(Objects, GetGivesOneReferenceAsLongAsARefLives) {
  object_ref<std::string> a = put(std::string("x"));
  const std::string& value = get(a);
  const object_ref<std::string> b = a;
  a = {};
  EXPECT_EQ(&get(b), &value);
  EXPECT_EQ(&get(b, deadline), &value);
  EXPECT_EQ(value, "x");
}

TEST_F(Objects, TheLastRefFreesTheObject) {
  object_ref<std::string> a = put(std::string("x"));
  object_ref<std::string> b = a;
  a = {};
  EXPECT_TRUE(only_left(1));
  b = {};
  EXPECT_TRUE(only_left(0));
}

TEST_F(Objects, GetOfTheLastRefMovesTheValueOut) {
  auto object = put(tracked(3));
  EXPECT_EQ(get(std::move(object)).value, 3);
  EXPECT_EQ(tracked::copies, 0);
  EXPECT_FALSE(object);  // NOLINT: that is the promise
  EXPECT_EQ(*get(put(std::make_unique<int>(4))), 4);
}

TEST_F(Objects, GetOfARefThatIsNotTheLastCopies) {
  auto object = put(tracked(3));
  const auto other = object;
  EXPECT_EQ(get(std::move(object)).value, 3);
  EXPECT_EQ(tracked::copies, 1);
  EXPECT_EQ(get(other).value, 3);
}

TEST_F(Objects, GetOfASharedMoveOnlyValueIsNotCopyable) {
  auto object = put(std::make_unique<int>(3));
  const auto other = object;
  try {
    (void)get(std::move(object));
    FAIL() << "moved out of a shared object";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::not_copyable);
    EXPECT_THAT(e.error().subject(), testing::HasSubstr("unique_ptr"));
  }
  EXPECT_EQ(*get(other), 3);
}

TEST_F(Objects, GetWithATimeoutOfTheLastRefMovesTheValueOut) {
  auto object = put(std::make_unique<int>(3));
  const std::unique_ptr<int> mine = get(std::move(object), deadline);
  EXPECT_EQ(*mine, 3);
}

TEST_F(Objects, GetWithATimeoutKeepsTheRefItDidNotUse) {
  const auto go = make_event();
  auto late = submit<after>(go, 5);
  EXPECT_EQ(thrown_by([&] { (void)get(std::move(late), 0s); }), errc::timeout);
  ASSERT_TRUE(late);  // NOLINT: that is the promise
  (*go)->set();
  EXPECT_EQ(get(std::move(late), deadline), 5);
}

TEST_F(Objects, ATimeoutNamesTheObjectAndLeavesItAlone) {
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  for (const auto timeout : {-1ms, 0ms, 1ms}) {
    try {
      (void)get(late, timeout);
      FAIL() << "not pending";
    } catch (const glint::exception& e) {
      EXPECT_EQ(e.code(), errc::timeout);
      EXPECT_EQ(e.error().subject(), "object of type int");
    }
  }
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 5);
}

TEST_F(Objects, ATimeoutInATaskTakesItsSlotAgain) {
  constexpr auto body = [](object_ref<int> late) { return thrown_by([&] { (void)get(late, 1ms); }) == errc::timeout; };
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  EXPECT_TRUE(get(submit<body>(late), deadline));
  (*go)->set();
  EXPECT_EQ(get(late, deadline), 5);
}

TEST_F(Objects, TheLongestTimeoutIsNone) {
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  const std::jthread setter([&] { (*go)->set(); });
  in_time([&] {
    EXPECT_EQ(get(late, std::chrono::hours::max()), 5);
    EXPECT_EQ(glint::wait({late}, {.timeout = std::chrono::steady_clock::duration::max()}).ready.size(), 1u);
  });
}

TEST_F(Objects, TryGetOfAPendingObjectIsEmpty) {
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  EXPECT_FALSE(try_get(late).has_value());
  (*go)->set();
  get(late, deadline);
  const auto now = try_get(late);
  ASSERT_TRUE(now.has_value() && now->has_value());
  EXPECT_EQ(**now, &get(late));
}

TEST_F(Objects, TryGetOfAnIssuedObjectIsEmpty) {
  constexpr auto on_device = [](glint::gpu_context& gpu, const shared_event& go) {
    auto made = gpu.zeros<float>({4});
    gpu.run_on_host_device([go] { (*go)->wait(); });
    return made;
  };
  const auto go = make_event();
  const auto tensor = submit<on_device>(go);
  const auto& entry = glint::detail::ref_access::entry(tensor);
  EXPECT_TRUE(eventually([&] { return entry->level() == glint::store::readiness::issued; }));
  EXPECT_FALSE(try_get(tensor).has_value());
  EXPECT_EQ(thrown_by([&] { (void)get(tensor, 0s); }), errc::timeout);
  (*go)->set();
  EXPECT_EQ(get(tensor, deadline).size(), 4);
}

TEST_F(Objects, TryGetOfAFailedObjectGivesItsError) {
  const auto failed = submit<throw_out_of_range>("no");
  ASSERT_TRUE(error_of(failed).has_value());
  EXPECT_EQ(try_get(failed)->error().code(), errc::user_exception);
}

TEST_F(Objects, VoidObjectsAreWaitedForAndFail) {
  const auto done = submit<nothing>();
  in_time([&] { get(done); });
  ASSERT_TRUE(try_get(done).has_value());
  EXPECT_TRUE(try_get(done)->has_value());
  in_time([] { get(submit<nothing>()); });
  get(submit<nothing>(), deadline);
  expect_chain(submit<throw_nothing>(), {{errc::user_exception, "throw_nothing"}});
  in_time([] { EXPECT_EQ(thrown_by([] { get(submit<throw_nothing>()); }), errc::user_exception); });
}

TEST_F(Objects, ARefToNothingThrows) {
  object_ref<int> none;
  EXPECT_EQ(thrown_by([&] { (void)get(none); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)get(none, 0s); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)try_get(none); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([&] { (void)get(std::move(none)); }), errc::empty_ref);
  EXPECT_EQ(thrown_by([] { (void)get(object_ref<int>(), 0s); }), errc::empty_ref);
}

TEST_F(Objects, RefsCompareByObject) {
  const auto a = put(1);
  const auto b = a;
  EXPECT_EQ(a, b);
  EXPECT_NE(a, put(1));
  EXPECT_EQ(object_ref<int>(), object_ref<int>());
  EXPECT_TRUE(a);
  EXPECT_FALSE(object_ref<int>());
}

TEST_F(Objects, LocalOnlyValuesNeedNotBeSerializable) {
  struct table {
    std::shared_ptr<int> shared;
  };
  const auto object = put(glint::local_only(table{std::make_shared<int>(3)}));
  constexpr auto reads = [](const glint::local_only<table>& t) { return *t->shared; };
  EXPECT_EQ(get(submit<reads>(object), deadline), 3);
}

TEST_F(Objects, ValuesOfLargeAlignmentAreAligned) {
  struct alignas(128) wide {
    int value;
  };
  const auto object = put(wide{3});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&get(object)) % 128, 0u);
}

TEST_F(Objects, ARefFromAnotherTypesObjectIsMalformedData) {
  const auto object = put(1);
  using hook_of_int = glint::ref_traits<object_ref<int>>;
  using hook_of_text = glint::ref_traits<object_ref<std::string>>;
  const auto counted = hook_of_int::counted(object);
  EXPECT_EQ(hook_of_int::from_counted(counted), object);
  EXPECT_EQ(thrown_by([&] { (void)hook_of_text::from_counted(counted); }), errc::malformed_data);
  EXPECT_FALSE(hook_of_text::from_counted(nullptr));
}

TEST_F(Objects, StatisticsCountWhatWasDone) {
  (void)put(1);
  EXPECT_EQ(get(submit<add>(1, 2), deadline), 3);
  ASSERT_TRUE(error_of(submit<throw_out_of_range>("no")).has_value());
  const auto counts = glint::statistics();
  EXPECT_EQ(counts.puts, 1u);
  EXPECT_EQ(counts.tasks, 2u);
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.actor_calls, 0u);
}

}  // namespace
}  // namespace glint_test
