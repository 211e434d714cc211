// SPDX-License-Identifier: Apache-2.0
//
// What the emulated device does with graphs beyond the conformance suite: failures, faults on order, what its
// comparison says.
#include <stdexcept>
#include <thread>

#include "emulated_testing.hpp"

namespace glint::gpu::testing {
namespace {

class EmulatedGraphs : public emulated_fixture {
 protected:
  /// A capture of what `enqueue` gives to the stream.
  template <class F>
  [[nodiscard]] std::unique_ptr<native_graph> capture(native_stream& s, F enqueue) {
    must(s.begin_capture());
    enqueue();
    return must(s.end_capture());
  }
  /// The error of everything enqueued on `s` since the last record, after it has run.
  [[nodiscard]] std::optional<error> failure_of(native_stream& s) {
    const auto e = event();
    must(s.record(*e));
    finish(s);
    const auto answer = e->query();
    return answer ? std::nullopt : std::optional(answer.error());
  }
};

TEST_F(EmulatedGraphs, AFailureInAReplayIsTheStreamsAndComesWithEachReplay) {
  const auto s = stream();
  int ran = 0;
  const auto graph = capture(*s, [&] {
    must(s->enqueue([&] { ++ran; }));
    must(s->enqueue([] { throw std::runtime_error("row 3 is singular"); }));
    must(s->enqueue([&] { ran += 100; }));
  });
  for (int i = 1; i <= 2; ++i) {
    must(s->replay(*graph));
    const auto failure = failure_of(*s);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code(), errc::kernel_failed);
    EXPECT_EQ(failure->message(), "row 3 is singular");
    EXPECT_EQ(ran, i) << "what follows a failure does not run";
  }
  EXPECT_FALSE(failure_of(*s));
}

TEST_F(EmulatedGraphs, AFailureOnAForkIsThatOfTheStreamThatReplays) {
  const auto s = stream();
  const auto side = stream();
  const auto forked = event();
  const auto joined = event();
  bool fails = true;
  int ran = 0;
  const auto graph = capture(*s, [&] {
    must(s->record(*forked));
    must(side->wait(*forked));
    must(side->enqueue([&] {
      if (fails) throw std::runtime_error("on the fork");
    }));
    must(side->record(*joined));
    must(s->wait(*joined));
    must(s->enqueue([&] { ++ran; }));
  });
  must(s->replay(*graph));
  must(s->replay(*graph));  // skipped: nobody has asked for the failure
  const auto failure = failure_of(*s);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message(), "on the fork");
  EXPECT_EQ(ran, 0) << "behind the join";
  fails = false;
  must(s->replay(*graph));
  EXPECT_FALSE(failure_of(*s)) << "the failure was of another replay";
  EXPECT_EQ(ran, 1);
}

TEST_F(EmulatedGraphs, WhatFailedBeforeAReplaySkipsIt) {
  const auto s = stream();
  const auto other = stream();
  int ran = 0;
  const auto graph = capture(*s, [&] { must(s->enqueue([&] { ++ran; })); });
  must(s->enqueue([] { throw std::runtime_error("before"); }));
  must(s->replay(*graph));
  must(other->replay(*graph));  // behind that one, but no failure of its own
  EXPECT_FALSE(failure_of(*other));
  EXPECT_EQ(failure_of(*s)->message(), "before");
  EXPECT_EQ(ran, 1);
}

TEST_F(EmulatedGraphs, BranchesOfAGraphRunBesideEachOther) {
  const auto s = stream();
  const auto side = stream();
  const auto forked = event();
  const auto joined = event();
  glint_test::event side_runs;
  const auto graph = capture(*s, [&] {
    must(s->record(*forked));
    must(side->wait(*forked));
    must(side->enqueue([&] { side_runs.set(); }));
    must(side->record(*joined));
    must(s->enqueue([&] { EXPECT_TRUE(side_runs.comes()) << "the fork waits for the stream that it left"; }));
    must(s->wait(*joined));
  });
  must(s->replay(*graph));
  EXPECT_FALSE(failure_of(*s));
}

TEST_F(EmulatedGraphs, TheNthKernelOfReplaysFailsOnOrder) {
  const auto s = stream();
  int ran = 0;
  faults_.fail_kernel(2);
  const auto graph = capture(*s, [&] {
    for (int i = 0; i < 3; ++i) must(s->enqueue([&] { ++ran; }));
  });
  must(s->replay(*graph));
  const auto failure = failure_of(*s);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message(), "failure on order");
  EXPECT_EQ(ran, 1) << "the second of the replay: the capture counted none";
  must(s->replay(*graph));
  EXPECT_FALSE(failure_of(*s));
  EXPECT_EQ(ran, 4);
}

TEST_F(EmulatedGraphs, EveryStepOfACaptureMayBeRefused) {
  const slab memory(device_, page);
  const auto s = stream();
  const auto side = stream();
  const auto forked = event();
  const auto joined = event();
  std::uint32_t steps = 0;
  for (std::uint32_t nth = 1;; ++nth) {
    faults_.fail_step(nth, errc::device_error);
    const auto begun = s->begin_capture();
    if (begun) {  // errors of what is between show at the end
      static_cast<void>(s->fill(memory.at(), std::byte{1}, page));
      static_cast<void>(s->record(*forked));
      static_cast<void>(side->wait(*forked));
      static_cast<void>(side->copy(memory.at(), memory.at(1), 1));
      static_cast<void>(side->record(*joined));
      static_cast<void>(s->wait(*joined));
      static_cast<void>(s->enqueue([] {}));
    }
    const auto ended = begun ? s->end_capture() : fail(begun.error());
    const bool came = !faults_.step_is_ahead();
    faults_.fail_step(0, errc::device_error);
    EXPECT_EQ(ended.has_value(), !came) << "step " << nth;
    finish(*s);  // both are usable
    finish(*side);
    if (!came) break;
    EXPECT_EQ(ended.error().code(), errc::device_error);
    EXPECT_NE(ended.error().describe().find("failure on order"), std::string::npos) << ended.error().describe();
    steps = nth;
  }
  EXPECT_EQ(steps, 9U);
}

TEST_F(EmulatedGraphs, AReplayIsAStep) {
  const auto s = stream();
  int ran = 0;
  const auto graph = capture(*s, [&] {
    for (int i = 0; i < 2; ++i) must(s->enqueue([&] { ++ran; }));
  });
  faults_.fail_step(1, errc::out_of_memory);
  const auto refused = s->replay(*graph);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::out_of_memory);
  finish(*s);
  EXPECT_EQ(ran, 0);
  faults_.fail_step(1, errc::kernel_failed);
  must(s->replay(*graph));
  EXPECT_EQ(failure_of(*s)->message(), "failure on order");
  EXPECT_EQ(ran, 0);
  must(s->replay(*graph));
  EXPECT_FALSE(failure_of(*s));
  EXPECT_EQ(ran, 2);
}

TEST_F(EmulatedGraphs, ADeviceLostInACaptureEndsIt) {
  const auto s = stream();
  must(s->begin_capture());
  faults_.lose_device();
  EXPECT_FALSE(s->enqueue([] {}));
  const auto ended = s->end_capture();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), errc::device_lost);
}

TEST_F(EmulatedGraphs, AReplayOnALostDeviceDrainsWithoutRunning) {
  auto s = stream();
  const auto after = event();
  bool ran = false;
  const auto graph = capture(*s, [&] { must(s->enqueue([&] { ran = true; })); });
  gate held(*s, enqueue_in_order);
  must(s->replay(*graph));
  must(s->record(*after));
  faults_.lose_device();
  held.open();
  s.reset();
  EXPECT_FALSE(ran);
  EXPECT_EQ(after->query().error().code(), errc::device_lost);
}

TEST_F(EmulatedGraphs, WhatAGraphOwnsGoesWithTheLastOfItAndItsReplays) {
  const auto s = stream();
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  auto graph = capture(*s, [&] { must(s->enqueue([owned] { ++*owned; })); });
  owned.reset();
  gate held(*s, enqueue_in_order);
  must(s->replay(*graph));
  graph.reset();
  EXPECT_FALSE(watched.expired());
  held.open();
  finish(*s);
  finish(*s);  // the thread has let go of what is before
  EXPECT_TRUE(watched.expired());
}

TEST_F(EmulatedGraphs, AnUpdateSaysWhichOperationDiffers) {
  const slab memory(device_, page);
  const auto s = stream();
  const auto side = stream();
  const auto forked = event();
  const auto joined = event();
  const auto two = [&](native_stream& where) {
    return [&] {
      must(s->fill(memory.at(), std::byte{1}, page));
      must(s->record(*forked));
      must(where.wait(*forked));
      must(where.copy(memory.at(), memory.at(8), 8));
      must(where.record(*joined));
      must(s->wait(*joined));
    };
  };
  const auto graph = capture(*s, two(*s));
  const auto why = [&](auto enqueue) {
    const auto other = capture(*s, enqueue);
    const auto answer = must(graph->update(*other));
    EXPECT_EQ(answer.done, answer.why.empty());
    return answer.why;
  };
  EXPECT_EQ(why(two(*side)),
            "operation 2: a copy from the device to the device runs on another stream or behind other operations");
  bytes host(8);
  EXPECT_EQ(
      why([&] {
        must(s->fill(memory.at(), std::byte{1}, page));
        must(s->copy(host.data(), memory.at(), 8));
      }),
      "operation 2: a copy from the device to elsewhere where the graph has a copy from the device to the device");
  EXPECT_EQ(why([&] { must(s->fill(memory.at(), std::byte{1}, page)); }),
            "operation 2: none where the graph has a copy from the device to the device");
  EXPECT_EQ(why([&] {
              two (*s)();
              must(s->enqueue([] {}));
            }),
            "operation 3: a function of the host where the graph ends");
  EXPECT_EQ(why(two(*s)), "");
}

TEST_F(EmulatedGraphs, EventsOfCapturesThatAreOverOrOfOthersAreRefused) {
  const auto one = stream();
  const auto two = stream();
  const auto e = event();
  const auto graph = capture(*one, [&] { must(one->record(*e)); });
  EXPECT_EQ(two->wait(*e).error().message(), "a wait for an event of a capture that has ended");
  must(one->begin_capture());
  must(two->begin_capture());
  must(one->record(*e));
  EXPECT_FALSE(two->wait(*e));
  EXPECT_FALSE(one->end_capture());
  EXPECT_FALSE(two->end_capture());
  finish(*one);
  finish(*two);
}

TEST_F(EmulatedGraphs, AStreamOfAnotherDeviceDoesNotJoin) {
  const auto other = must(make_emulated_device({.index = 4, .capacity_bytes = capacity}));
  const auto elsewhere = must(other->create_stream());
  const auto s = stream();
  const auto e = event();
  must(s->begin_capture());
  must(s->record(*e));
  EXPECT_EQ(elsewhere->wait(*e).error().message(), "a stream of another device in a capture");
  EXPECT_FALSE(s->end_capture());
  const auto graph = capture(*s, [&] { must(s->enqueue([] {})); });
  EXPECT_EQ(elsewhere->replay(*graph).error().code(), errc::invalid_argument);
}

TEST_F(EmulatedGraphs, ACaptureEndsOnItsOwnThread) {
  const auto s = stream();
  must(s->begin_capture());
  std::jthread([&] { EXPECT_FALSE(s->end_capture()); }).join();
  const auto ended = s->end_capture();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message(), "end_capture by another thread than that of begin_capture");
}

TEST_F(EmulatedGraphs, AStreamThatGoesMakesItsCaptureInvalid) {
  const auto s = stream();
  auto side = stream();
  const auto e = event();
  must(s->begin_capture());
  must(s->record(*e));
  must(side->wait(*e));
  side.reset();
  EXPECT_EQ(s->end_capture().error().message(), "a stream of the capture was destroyed before its end");
}

TEST_F(EmulatedGraphs, AReplayWithinACaptureIsRefused) {
  const auto s = stream();
  const auto graph = capture(*s, [&] { must(s->enqueue([] {})); });
  must(s->begin_capture());
  EXPECT_FALSE(s->replay(*graph));
  EXPECT_EQ(s->end_capture().error().message(), "replay of a graph within a capture");
}

TEST_F(EmulatedGraphs, AStreamMayGoInTheMidstOfItsReplay) {
  auto s = stream();
  const auto side = stream();
  const auto forked = event();
  const auto joined = event();
  const auto gone = std::make_shared<glint_test::event>();
  auto graph = capture(*s, [&] {
    must(s->record(*forked));
    must(side->wait(*forked));
    must(side->enqueue([&s, gone] {
      s.reset();  // by its own work, on a helper
      gone->set();
    }));
    must(side->record(*joined));
    must(s->wait(*joined));
    must(s->enqueue([] {}));
  });
  must(s->replay(*graph));
  EXPECT_TRUE(gone->comes());
}

}  // namespace
}  // namespace glint::gpu::testing
