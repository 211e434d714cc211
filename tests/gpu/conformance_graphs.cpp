// SPDX-License-Identifier: Apache-2.0
//
// What every backend must do with captures and graphs. That a replay does what the same operations do when they are
// enqueued is tried at random in conformance_graph_model.cpp.
#include "conformance.hpp"

#include <optional>
#include <thread>

namespace glint::gpu::testing {
namespace {

constexpr std::size_t page = 4096;

/// The code of a refusal.
template <class T>
std::optional<errc> code_of(const result<T>& r) {
  return r ? std::nullopt : std::optional(r.error().code());
}

/// A capture of one fill.
std::unique_ptr<native_graph> fill_graph(native_stream& s, void* to, int value) {
  must(s.begin_capture());
  must(s.fill(to, static_cast<std::byte>(value), page));
  return must(s.end_capture());
}

TEST_P(Conformance, WhatIsCapturedDoesNotRunUntilItIsReplayed) {
  const slab memory(device_, page);
  const auto s = stream();
  upload(*s, memory.at(), poison(page));
  const auto graph = fill_graph(*s, memory.at(), 7);
  EXPECT_EQ(graph->operations(), 1U);
  EXPECT_EQ(download(*s, memory.at(), page), poison(page));
  must(graph->prepare());
  must(graph->prepare());
  EXPECT_EQ(download(*s, memory.at(), page), poison(page));
  must(s->replay(*graph));
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{7}));
}

TEST_P(Conformance, AGraphIsReplayedAsOftenAsWantedInStreamOrder) {
  const slab memory(device_, 2 * page);
  const host_buffer sent = host(pattern(page, 6));
  const auto s = stream();
  must(s->begin_capture());
  must(s->copy(memory.at(page), memory.at(), page));
  must(s->fill(memory.at(), std::byte{0}, page));
  const auto graph = must(s->end_capture());
  for (unsigned round = 0; round < 20; ++round) {
    must(s->fill(memory.at(), static_cast<std::byte>(round), page));
    must(s->replay(*graph));
    EXPECT_EQ(download(*s, memory.at(page), page), bytes(page, static_cast<std::byte>(round)));
    EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{0}));
  }
  EXPECT_EQ(graph->operations(), 2U);
}

TEST_P(Conformance, AReplayIsBehindWhatWasEnqueuedBefore) {
  const slab memory(device_, page);
  const auto s = stream();
  const auto e = event();
  upload(*s, memory.at(), poison(page));
  const auto graph = fill_graph(*s, memory.at(), 1);
  must(graph->prepare());
  gate held(*s, GetParam().in_order);
  must(s->fill(memory.at(), std::byte{2}, page));
  must(s->replay(*graph));
  must(s->record(*e));
  EXPECT_FALSE(done(*e));
  held.open();
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{1}));
  EXPECT_TRUE(done(*e));
}

TEST_P(Conformance, AForkAndAJoinBelongToTheGraph) {
  const slab memory(device_, 3 * page);
  const auto s = stream();
  const auto side = stream();
  const auto forked = event();
  const auto joined = event();
  upload(*s, memory.at(), poison(page));
  must(s->begin_capture());
  must(s->fill(memory.at(), std::byte{3}, page));
  must(s->record(*forked));
  must(side->wait(*forked));
  must(side->copy(memory.at(page), memory.at(), page));
  must(side->record(*joined));
  must(s->wait(*joined));
  must(s->copy(memory.at(2 * page), memory.at(page), page));
  const auto graph = must(s->end_capture());
  EXPECT_EQ(graph->operations(), 3U);
  EXPECT_EQ(download(*side, memory.at(), page), poison(page)) << "the side runs what it is given again";
  must(s->replay(*graph));
  EXPECT_EQ(download(*s, memory.at(2 * page), page), bytes(page, std::byte{3}));
}

TEST_P(Conformance, AForkThatIsNotJoinedIsTheEndsError) {
  const slab memory(device_, page);
  const auto s = stream();
  const auto side = stream();
  const auto forked = event();
  must(s->begin_capture());
  must(s->record(*forked));
  must(side->wait(*forked));
  must(side->fill(memory.at(), std::byte{3}, page));
  const auto refused = s->end_capture();
  EXPECT_EQ(code_of(refused), errc::device_error);
  EXPECT_NE(refused.error().describe().find("joined"), std::string::npos) << refused.error().describe();
  upload(*s, memory.at(), pattern(page, 1));  // both run again
  EXPECT_EQ(download(*side, memory.at(), page), pattern(page, 1));
}

TEST_P(Conformance, AnEventOfACaptureCannotBeQueriedUntilItIsRecordedAgain) {
  const auto s = stream();
  const auto e = event();
  must(s->begin_capture());
  must(s->record(*e));
  const auto graph = must(s->end_capture());
  EXPECT_EQ(code_of(e->query()), errc::device_error);
  must(s->record(*e));
  finish(*s);
  EXPECT_TRUE(done(*e));
  must(s->replay(*graph));  // of no operations
  finish(*s);
}

TEST_P(Conformance, AWaitForWhatIsOutsideMakesACaptureInvalid) {
  const slab memory(device_, page);
  const auto s = stream();
  const auto other = stream();
  const auto outside = event();
  must(other->record(*outside));
  must(s->begin_capture());
  const auto refused = s->wait(*outside);
  EXPECT_EQ(code_of(refused), errc::device_error);
  static_cast<void>(s->fill(memory.at(), std::byte{1}, page));
  const auto ended = s->end_capture();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().describe(), refused.error().describe()) << "the first error";
  must(s->wait(*outside));
  upload(*s, memory.at(), pattern(page, 2));
  EXPECT_EQ(download(*s, memory.at(), page), pattern(page, 2));
}

TEST_P(Conformance, BeginsAndEndsOfCapturesMustMatch) {
  const slab memory(device_, page);
  const auto s = stream();
  EXPECT_EQ(code_of(s->end_capture()), errc::device_error);
  must(s->begin_capture());
  EXPECT_EQ(code_of(s->begin_capture()), errc::device_error);
  EXPECT_EQ(code_of(s->end_capture()), errc::device_error) << "what was refused in it makes it invalid";
  const auto graph = fill_graph(*s, memory.at(), 5);
  must(s->replay(*graph));
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{5}));
}

TEST_P(Conformance, MemoryStreamsAndEventsAreMadeDuringACapture) {
  const auto s = stream();
  const auto e = event();
  const auto other = stream();
  must(other->record(*e));
  finish(*other);
  must(s->begin_capture());
  const slab memory(device_, page);
  {
    const slab passing(device_, page);
    const auto passing_stream = stream();
    const auto passing_event = event();
    EXPECT_TRUE(done(*e));  // of work outside
  }
  must(s->fill(memory.at(), std::byte{8}, page));
  const auto graph = must(s->end_capture());
  must(s->replay(*graph));
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{8}));
}

TEST_P(Conformance, OtherStreamsRunDuringACapture) {
  const slab memory(device_, 2 * page);
  const auto s = stream();
  const auto other = stream();
  must(s->begin_capture());
  must(s->fill(memory.at(), std::byte{1}, page));
  std::jthread([&] {
    upload(*other, memory.at(page), pattern(page, 4));
    EXPECT_EQ(download(*other, memory.at(page), page), pattern(page, 4));
  }).join();
  const auto graph = must(s->end_capture());
  EXPECT_EQ(graph->operations(), 1U);
}

TEST_P(Conformance, AReplayIsBehindTheOneBeforeOnAnotherStream) {
  const slab memory(device_, 2 * page);
  const auto one = stream();
  const auto two = stream();
  const auto second = event();
  upload(*one, memory.at(), pattern(page, 1));
  const auto graph = [&] {
    must(one->begin_capture());
    must(one->copy(memory.at(page), memory.at(), page));
    return must(one->end_capture());
  }();
  must(graph->prepare());
  gate held(*one, GetParam().in_order);
  must(one->replay(*graph));
  must(two->replay(*graph));
  must(two->record(*second));
  EXPECT_FALSE(done(*second));
  held.open();
  finish(*two);
  EXPECT_TRUE(done(*second));
}

TEST_P(Conformance, AGraphMayGoWhileItIsReplayed) {
  const slab memory(device_, page);
  const auto s = stream();
  auto graph = fill_graph(*s, memory.at(), 9);
  must(graph->prepare());
  gate held(*s, GetParam().in_order);
  must(s->replay(*graph));
  graph.reset();
  held.open();
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{9}));
}

TEST_P(Conformance, AnUpdateReplacesTheOperationsOfTheSameShape) {
  const slab memory(device_, 2 * page);
  const auto s = stream();
  const auto graph = fill_graph(*s, memory.at(), 1);
  must(s->replay(*graph));
  const auto other = fill_graph(*s, memory.at(page), 2);
  const auto updated = must(graph->update(*other));
  EXPECT_TRUE(updated.done) << updated.why;
  upload(*s, memory.at(), poison(2 * page));
  must(s->replay(*graph));
  EXPECT_EQ(download(*s, memory.at(), page), poison(page));
  EXPECT_EQ(download(*s, memory.at(page), page), bytes(page, std::byte{2}));
  EXPECT_EQ(code_of(s->replay(*other)), errc::invalid_argument) << "it gave its operations away";
}

TEST_P(Conformance, AnUpdateLeavesReplaysUnderWayAlone) {
  const slab memory(device_, 2 * page);
  const auto s = stream();
  const auto graph = fill_graph(*s, memory.at(), 1);
  must(graph->prepare());
  const auto other = fill_graph(*s, memory.at(page), 2);
  gate held(*s, GetParam().in_order);
  must(s->replay(*graph));
  EXPECT_TRUE(must(graph->update(*other)).done);
  held.open();
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{1}));
}

TEST_P(Conformance, AnUpdateOfAnotherShapeSaysWhyAndChangesNothing) {
  const slab memory(device_, 2 * page);
  const auto s = stream();
  const auto graph = fill_graph(*s, memory.at(), 1);
  must(s->begin_capture());
  must(s->copy(memory.at(page), memory.at(), page));
  must(s->fill(memory.at(), std::byte{2}, page));
  const auto other = must(s->end_capture());
  const auto refused = must(graph->update(*other));
  EXPECT_FALSE(refused.done);
  EXPECT_FALSE(refused.why.empty());
  must(s->replay(*graph));
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{1}));
  must(s->replay(*other));
  EXPECT_EQ(download(*s, memory.at(), page), bytes(page, std::byte{2}));
  EXPECT_EQ(download(*s, memory.at(page), page), bytes(page, std::byte{1}));
}

}  // namespace
}  // namespace glint::gpu::testing
