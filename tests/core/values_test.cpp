// SPDX-License-Identifier: Apache-2.0
// The paragraph "Values" of the design, sentence by sentence. Those that are shown elsewhere:
//
//   get of a ref gives `const T&`, valid while it lives       Objects.GetGivesOneReferenceAsLongAsARefLives
//   of a ref given up: moved out if it was the last           Objects.GetOfTheLastRefMovesTheValueOut
//     copied otherwise                                        Objects.GetOfARefThatIsNotTheLastCopies
//   last means: no other local ref                            the same two, and AnyRef.CountsAsARefWhenAValueIsMovedOut
//     no transfer                                             behind.HostMemoryThatAStreamStillReadsIsNotOverwritten,
//                                                             behind.AValueTakenOutOfTheStoreIsNobodyElses
//   `const T&` borrows                                        Passing.AConstReferenceIsTheObjectInTheStore,
//                                                             Passing.ABorrowedObjectIsNeverCopied
//   `T` is moved in when the task holds the last reference    Passing.MovesTheLastReferenceIn and those after it
//     copied otherwise                                        Passing.CopiesWhenShared,
//                                                             Passing.CopiesWhenAnotherTaskHoldsTheObject
//   a shared value that cannot be copied has its own code     Passing.ASharedMoveOnlyValueIsNotCopyable,
//                                                             Objects.GetOfASharedMoveOnlyValueIsNotCopyable
//   `T&`, `T*`, `T&&` are compile errors                      compile_fail.submit_parameter_reference, _pointer,
//   _rvalue `object_ref<T>` receives the ref itself Passing.ARefParameterStartsBeforeTheObjectIsReady,
//                                                             NestedRefs.ResolvedAndPassedOnInOneCall
//   a tensor reaches a CPU function in host memory, and a
//     GPU function on its device                              device.ATensorReachesAFunctionWhereItRuns
//     copied and cached                                       device.ACopyInOtherMemoryIsMadeOnceAndCached
//   options are never taken from a braced argument            compile_fail.submit_braced_argument,
//                                                             compile_fail.as_completed_braced_options
//   `{}` means default options                                Submit.EmptyBracesMeanDefaultOptions
//
// Of other nodes, and of values that stay in host memory being "counted and reported": when there are other nodes, and
// memory is spilled.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include <glint/gpu/storage.hpp>
#include "fixture.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::submit;
using glint::tensor;
using glint::try_get;

class Values : public runtime_test {
 protected:
  void SetUp() override {
    runtime_test::SetUp();
    tracked::reset();
  }
};

int read_after(const shared_event& inside, const shared_event& go, const tracked& value) {
  (*inside)->set();
  (*go)->wait();
  return value.value;
}

TEST_F(Values, LastMeansNoReader) {
  const auto inside = make_event();
  const auto go = make_event();
  auto object = put(tracked(3));
  const auto reader = submit<read_after>(inside, go, object);
  (*inside)->wait();
  tracked::reset();
  EXPECT_EQ(get(std::move(object)).value, 3);
  EXPECT_EQ(tracked::copies, 1) << "a running task borrows it";
  (*go)->set();
  EXPECT_EQ(get(reader, deadline), 3) << "and must find what was there";
}

TEST_F(Values, LastMeansNoCombination) {
  const auto go = make_event();
  auto object = put(tracked(3));
  auto all = glint::when_all(object, submit<after>(go, 1));
  tracked::reset();
  EXPECT_EQ(get(std::move(object)).value, 3);
  EXPECT_EQ(tracked::copies, 1);
  (*go)->set();
  EXPECT_EQ(get(std::get<0>(get(all, deadline))).value, 3);
}

TEST_F(Values, ATaskThatWasTheLastHolderTakesTheValueAfterAReader) {
  const auto inside = make_event();
  const auto go = make_event();
  auto object = put(tracked(3));
  const auto reader = submit<read_after>(inside, go, object);
  constexpr auto takes = [](int, tracked value) { return value.value; };
  const auto taker = submit<takes>(reader, std::move(object));  // runs after the reader has let go
  tracked::reset();
  (*go)->set();
  EXPECT_EQ(get(taker, deadline), 3);
  EXPECT_EQ(tracked::copies, 0);
}

// ---- tensors
// ------------------------------------------------------------------------------

tensor<float> twice(glint::gpu_context& gpu, const tensor<float>& x) {
  auto y = gpu.empty_like(x);
  gpu.reads(x);
  gpu.writes(y);
  gpu.run_on_host_device([in = x.data(), out = y.data(), n = x.size()] {
    for (std::int64_t i = 0; i < n; ++i) out[i] = 2 * in[i];
  });
  return y;
}
/// Reads its input when the event has come.
tensor<float> twice_after(glint::gpu_context& gpu, const shared_event& go, const tensor<float>& x) {
  gpu.run_on_host_device([go] { (*go)->wait(); });
  return twice(gpu, x);
}
/// All but the last megabyte of the device's 16.
tensor<float> nearly_all(glint::gpu_context& gpu) {
  return gpu.zeros<float>({(15 << 20) / 4});
}

TEST_F(Values, ATensorIsAHandle) {
  const auto mine = tensor<float>::from({1, 2, 3});
  const auto object = put(mine);
  EXPECT_EQ(get(object).address(), mine.address());
  const tensor<float> copy = get(object);
  EXPECT_EQ(copy.address(), mine.address());
}

TEST_F(Values, GetGivesATensorWhereItsPrimaryCopyLies) {
  const auto object = submit<twice>(tensor<float>::from({1, 2, 3}));
  (void)get(object, deadline);
  const auto before = glint::statistics().bytes_from_devices;
  EXPECT_FALSE(get(object).place().is_host());
  EXPECT_EQ(glint::statistics().bytes_from_devices, before) << "get brings nothing";
  const tensor<float> here = get(object).to_host();
  EXPECT_EQ(glint::statistics().bytes_from_devices, before + 12) << "to_host does";
  EXPECT_TRUE(here.place().is_host());
  EXPECT_EQ(here.values()[2], 6);
  EXPECT_FALSE(get(object).place().is_host()) << "the primary copy has not moved";
}

TEST_F(Values, ARunningTaskKeepsATensorsBytes) {
  const auto go = make_event();
  auto x = submit<twice>(tensor<float>::from({1, 2, 3}));
  const auto y = submit<twice_after>(go, std::move(x));
  (*go)->set();
  EXPECT_EQ(get(y, deadline).to_host().values()[2], 12);
}

TEST_F(Values, OnlyATaskOrAViewKeepsATensorsBytes) {
  auto object = submit<nearly_all>();
  tensor<float> view = get(object, deadline).slice(0, 4);
  object = {};
  EXPECT_TRUE(only_left(0));
  EXPECT_EQ(view.to_host().values()[3], 0) << "the view keeps the bytes, though the object is gone";
  const auto refused = error_of(submit<nearly_all>());
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code(), errc::out_of_memory) << "they are still taken";
  view = {};
  EXPECT_EQ(get(submit<nearly_all>(), deadline).size(), (15 << 20) / 4) << "and now they are not";
}

TEST_F(Values, AValueThatGetHandedOutStaysUntilItsLastRefGoes) {
  auto a = put(std::make_unique<tracked>(3));
  const tracked* const value = get(a).get();
  auto b = a;
  a = {};
  EXPECT_EQ(value->value, 3);
  EXPECT_TRUE(only_left(1));
  b = {};
  EXPECT_TRUE(only_left(0));
}

// ---- waiting
// ------------------------------------------------------------------------------

TEST_F(Values, TryGetWithATimeoutWaits) {
  const auto go = make_event();
  const auto late = submit<after>(go, 5);
  EXPECT_FALSE(try_get(late, 0s).has_value());
  EXPECT_FALSE(try_get(late, -1s).has_value());
  EXPECT_FALSE(try_get(late, 1ms).has_value());
  const std::jthread setter([&] { (*go)->set(); });
  const auto there = try_get(late, deadline);
  ASSERT_TRUE(there.has_value() && there->has_value());
  EXPECT_EQ(**there, &get(late));
}

TEST_F(Values, TryGetWithATimeoutGivesAnErrorAndThrowsNone) {
  const auto failed = submit<throw_out_of_range>({.name = "bad"}, "no");
  const auto there = try_get(failed, deadline);
  ASSERT_TRUE(there.has_value());
  EXPECT_EQ(there->error().code(), errc::user_exception);
  EXPECT_EQ(there->error().subject(), "task bad");
  EXPECT_EQ(there->error().cause(), nullptr);
  EXPECT_TRUE(try_get(submit<[] {}>(), deadline)->has_value());
  EXPECT_EQ(thrown_by([] { (void)try_get(object_ref<int>(), 0s); }), errc::empty_ref);
}

/// Counts what reading an object for another memory or node would do.
struct counted {
  counted() = default;
  counted(const counted&) { ++touched; }
  counted(counted&&) noexcept { ++touched; }
  counted& operator=(const counted&) = default;
  counted& operator=(counted&&) noexcept = default;
  ~counted() = default;
  template <class Archive>
  void serialize(Archive&) {
    ++touched;
  }
  static inline std::atomic<int> touched{0};
};

TEST_F(Values, WaitingDeserializesNothing) {
  const std::vector<object_ref<counted>> objects{put(counted()), submit<[] { return counted(); }>()};
  (void)glint::wait(objects, {.timeout = deadline});
  counted::touched = 0;
  EXPECT_EQ(glint::wait(objects, {.timeout = 0s}).ready.size(), 2u);
  EXPECT_EQ(glint::wait({objects[0], objects[1]}, {.count = 1}).pending.size(), 1u);
  const auto all = get(glint::when_all(objects), deadline);
  EXPECT_EQ(get(all).size(), 2u);
  EXPECT_EQ(get(glint::when_any(objects), deadline), 0u);
  for (auto& ref : glint::as_completed(objects)) (void)get(ref);
  (void)get(objects);
  (void)glint::metadata(objects[0]);
  EXPECT_EQ(counted::touched, 0);
}

TEST(ValuesAtShutdown, GetWithoutATimeoutEndsWithTheRuntime) {
  glint::init(small_node());
  const auto pending = never();
  std::optional<errc> of_get;
  std::optional<errc> of_try_get;
  event waiting;
  user_thread getter([&] {
    waiting.set();
    of_get = thrown_by([&] { (void)get(pending); });
    if (const auto there = try_get(pending, deadline)) of_try_get = there->error().code();
  });
  waiting.wait();
  glint::shutdown();
  getter.join();
  EXPECT_EQ(of_get, errc::shutdown);
  EXPECT_EQ(of_try_get, errc::shutdown);
}

}  // namespace
}  // namespace glint_test
