// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/graph_recorder.hpp>

#include <stdexcept>

#include <glint/base/exception.hpp>
#include <glint/gpu/backends.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/poller.hpp>

#include "device_testing.hpp"

namespace glint::gpu::testing {
namespace {

/// An emulated device with its platform: real streams, memory and poller.
class Graph : public ::testing::Test {
 protected:
  ~Graph() override { platform_->drain(); }

  [[nodiscard]] intrusive_ptr<stream> new_stream() { return must(context_->create_stream()); }
  /// A body on a stream.
  [[nodiscard]] gpu_context on(intrusive_ptr<stream> s) { return gpu_context(context_, std::move(s)); }
  /// A tensor on the device whose work is done.
  [[nodiscard]] tensor<int> made(int value) {
    gpu_context body = on(new_stream());
    tensor<int> t = body.to_device(tensor<int>::from({value}));
    must(wait_reached(body.finish()));
    return t;
  }
  static void add(gpu_context& body, tensor<int>& to, int amount) {
    body.writes(to);
    body.run_on_host_device([at = to.data(), amount] { *at += amount; });
  }
  static void add(gpu_context& body, tensor<int>& to, const tensor<int>& from) {
    body.reads(from);
    body.writes(to);
    body.run_on_host_device([at = to.data(), from = from.data()] { *at += *from; });
  }
  /// Records a body on the recorder's first stream.
  template <class F>
  [[nodiscard]] result<intrusive_ptr<graph>> record(F body) {
    return recorder_.record([&]() -> result<void> {
      auto s = recorder_.stream(0);
      if (!s) return fail(s.error());
      gpu_context context = on(*s);
      body(context);
      return {};
    });
  }
  /// Holds a stream until the event is set.
  static void hold(stream& s, std::shared_ptr<glint_test::event> until) {
    must(s.enqueue([until] { EXPECT_TRUE(until->comes()); }));
  }
  [[nodiscard]] static int value(const tensor<int>& t) { return t.to_host().values()[0]; }

  intrusive_ptr<platform> platform_ = must(platform::create({.backend = platform_options::choice::emulated,
                                                             .emulated_devices = 2,
                                                             .emulated_capacity_bytes = std::size_t{1} << 20,
                                                             .emulated_peer_group = 1}));
  intrusive_ptr<device_context> context_ = platform_->devices()[0];
  emulated_faults& faults_ = *faults_of(context_->device());
  graph_recorder recorder_{context_};
};

TEST_F(Graph, ABodyRecordedOnceIsLaunchedAsOftenAsWanted) {
  tensor<int> x = made(0);
  const auto g = must(record([&](gpu_context& body) {
    add(body, x, 1);
    add(body, x, 10);
  }));
  EXPECT_EQ(g->operations(), 2U);
  EXPECT_EQ(value(x), 0);
  for (int i = 0; i < 5; ++i) must(g->launch(*new_stream()));
  EXPECT_EQ(value(x), 55);
}

TEST_F(Graph, ALaunchCountsAsOneOperationOfTheClockAndAsAllOfTheStatistics) {
  tensor<int> x = made(0);
  const auto before_recording = platform_->statistics().operations;
  const auto g = must(record([&](gpu_context& body) {
    add(body, x, 1);
    add(body, x, 1);
  }));
  EXPECT_EQ(platform_->statistics().operations, before_recording);
  const auto s = new_stream();
  const auto before = s->now();
  must(g->launch(*s));
  EXPECT_EQ(s->now().sequence, before.sequence + 1);
  EXPECT_EQ(platform_->statistics().operations, before_recording + 2);
}

TEST_F(Graph, ALaunchIsBehindWhatOthersDoWithItsMemoryAndOthersAreBehindIt) {
  tensor<int> x = made(1);
  const auto g = must(record([&](gpu_context& body) { add(body, x, 1); }));
  const auto open = std::make_shared<glint_test::event>();
  const auto writer = new_stream();
  hold(*writer, open);
  {
    gpu_context body = on(writer);
    body.writes(x);
    body.run_on_host_device([at = x.data()] { *at *= 10; });
  }
  const auto s = new_stream();
  must(g->launch(*s));
  gpu_context reader = on(new_stream());
  tensor<int> sum = reader.zeros<int>({1});
  add(reader, sum, x);
  EXPECT_FALSE(s->now().reached());
  open->set();
  EXPECT_EQ(value(sum), 11);
}

TEST_F(Graph, WhatWasWaitedForWhileRecordingIsWaitedForByTheLaunchAndIsNoPartOfTheGraph) {
  tensor<int> x = made(1);
  const auto open = std::make_shared<glint_test::event>();
  const auto outside = new_stream();
  hold(*outside, open);
  const auto g = must(record([&](gpu_context& body) {
    must(body.stream().wait(outside->now()));
    add(body, x, 1);
  }));
  EXPECT_EQ(g->operations(), 1U);
  const auto s = new_stream();
  must(g->launch(*s));
  EXPECT_FALSE(s->now().reached());
  open->set();
  must(wait_reached(s->now()));
  must(g->launch(*s));
  EXPECT_EQ(value(x), 3);
}

TEST_F(Graph, BranchesAreOrderedByTheMemoryThatTheyUse) {
  tensor<int> x = made(1);
  tensor<int> y = made(100);
  tensor<int> sum = made(0);
  const auto g = must(recorder_.record([&]() -> result<void> {
    gpu_context one = on(must(recorder_.stream(1)));
    gpu_context two = on(must(recorder_.stream(2)));
    gpu_context last = on(must(recorder_.stream(0)));
    add(one, x, 1);
    add(two, y, 1);
    add(last, sum, x);
    add(last, sum, y);
    add(one, x, 1);  // behind the reader on another stream
    return {};
  }));
  const auto s = new_stream();
  must(g->launch(*s));
  EXPECT_EQ(value(sum), 103);
  must(g->launch(*s));
  EXPECT_EQ(value(sum), 103 + 4 + 102);
  EXPECT_EQ(value(x), 5);
}

TEST_F(Graph, UsesAreNotedByLaunchesAndNotByTheRecording) {
  tensor<int> x = made(0);
  const tensor<int> y = made(1);
  const auto g = must(record([&](gpu_context& body) { add(body, x, y); }));
  EXPECT_TRUE(x.storage()->uses().empty());
  ASSERT_EQ(g->memory().size(), 2U);
  for (const graph_memory& m : g->memory()) EXPECT_EQ(m.written, m.storage.get() == x.storage());
  const auto open = std::make_shared<glint_test::event>();
  const auto s = new_stream();
  hold(*s, open);
  must(g->launch(*s));
  EXPECT_EQ(x.storage()->last_write().stream, s);
  EXPECT_TRUE(y.storage()->last_write().stream != s);
  EXPECT_EQ(y.storage()->uses().size(), 1U);
  open->set();
}

TEST_F(Graph, AWriteOutsideIsStillWaitedForAfterItsMemoryWasRecorded) {
  tensor<int> x = made(1);
  const auto open = std::make_shared<glint_test::event>();
  const auto writer = new_stream();
  hold(*writer, open);
  {
    gpu_context body = on(writer);
    add(body, x, 1);
  }
  const auto g = must(record([&](gpu_context& body) { add(body, x, 1); }));
  EXPECT_EQ(x.storage()->last_write().stream, writer);
  open->set();
  EXPECT_EQ(value(x), 2);
}

TEST_F(Graph, ItsMemoryStaysUntilItIsGoneAndItsLaunchesHaveRun) {
  tensor<int> x = made(1);
  const auto in_use = [&] { return context_->memory().read_usage().in_use_bytes; };
  const auto before = in_use();
  auto g = must(record([&](gpu_context& body) {
    tensor<int> temporary = body.zeros<int>({1000});
    add(body, temporary, x);
    add(body, x, temporary);
  }));
  EXPECT_GE(in_use(), before + 4000);
  EXPECT_GE(g->device_bytes(), 4000U);
  const auto open = std::make_shared<glint_test::event>();
  const auto s = new_stream();
  hold(*s, open);
  must(g->launch(*s));
  g = nullptr;
  EXPECT_GE(in_use(), before + 4000) << "the launch has not run";
  open->set();
  must(wait_reached(s->now()));
  platform_->drain();
  EXPECT_EQ(in_use(), before);
  EXPECT_EQ(value(x), 2);
}

TEST_F(Graph, AFailureInALaunchIsThatOfItsPoint) {
  tensor<int> x = made(1);
  bool fails = true;
  const auto g = must(record([&](gpu_context& body) {
    body.writes(x);
    body.run_on_host_device([&] {
      if (fails) throw std::runtime_error("row 3 is singular");
    });
  }));
  const auto s = new_stream();
  must(g->launch(*s));
  const auto reached = wait_reached(s->now());
  ASSERT_FALSE(reached);
  EXPECT_EQ(reached.error().message(), "row 3 is singular");
  fails = false;
  must(g->launch(*s));
  must(wait_reached(s->now()));
}

struct told final : point_listener {
  std::optional<error> failure;
  void point_reached(const error* f) noexcept override {
    if (f) failure = *f;
  }
};

TEST_F(Graph, PointsOfARecordedStreamStandForNothingThatRuns) {
  const auto outside = new_stream();
  stream_point point;
  const auto g = must(record([&](gpu_context& body) {
    body.run_on_host_device([] {});
    point = body.stream().now();
    EXPECT_FALSE(point.reached());
    told listener;
    body.stream().notify(point.sequence, listener);
    ASSERT_TRUE(listener.failure);
    EXPECT_EQ(listener.failure->code(), errc::device_error);
    const auto refused = outside->wait(point);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("is being recorded"), std::string::npos);
  }));
  EXPECT_TRUE(point.reached());
  EXPECT_FALSE(point.failure());
  must(outside->wait(point));
}

TEST_F(Graph, WhatABodyThrowsOrReturnsEndsTheRecordingAndTheNextOneWorks) {
  tensor<int> x = made(0);
  EXPECT_THROW(static_cast<void>(record([&](gpu_context& body) {
                 add(body, x, 1);
                 throw std::runtime_error("no");
               })),
               std::runtime_error);
  const auto failed = recorder_.record([]() -> result<void> { return fail(errc::cancelled, "not now"); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::cancelled);
  const auto g = must(record([&](gpu_context& body) { add(body, x, 1); }));
  must(g->launch(*new_stream()));
  EXPECT_EQ(value(x), 1);
}

TEST_F(Graph, WhatIsRefusedFailsTheRecordingAlsoWhenTheBodyGoesOn) {
  int host = 0;
  const auto failed = record([&](gpu_context& body) {
    EXPECT_FALSE(body.stream().fill(&host, std::byte{0}, sizeof host));
    static_cast<void>(body.stream().enqueue([] {}));
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "fill of memory that is not this device's");
}

TEST_F(Graph, ACopyThroughTheHostIsRefused) {
  gpu_context other(platform_->devices()[1], must(platform_->devices()[1]->create_stream()));
  const tensor<int> there = other.to_device(tensor<int>::from({4}));
  try {
    static_cast<void>(record([&](gpu_context& body) { static_cast<void>(body.to_device(there)); }));
    FAIL() << "recorded";
  } catch (const exception& e) {
    EXPECT_EQ(e.code(), errc::device_error);
  }
}

TEST_F(Graph, CopiesFromTheHostBelongToTheGraph) {
  tensor<int> sum = made(0);
  const auto g = must(record([&](gpu_context& body) {
    const tensor<int> copied = body.to_device(tensor<int>::from({7}));
    add(body, sum, copied);
  }));
  for (int i = 0; i < 3; ++i) must(g->launch(*new_stream()));
  EXPECT_EQ(value(sum), 21);
}

TEST_F(Graph, AnUpdateTakesTheMemoryToo) {
  tensor<int> x = made(0);
  tensor<int> y = made(0);
  const auto g = must(record([&](gpu_context& body) { add(body, x, 1); }));
  must(g->launch(*new_stream()));
  const auto other = must(record([&](gpu_context& body) { add(body, y, 5); }));
  const auto updated = must(g->update(*other));
  EXPECT_TRUE(updated.done) << updated.why;
  ASSERT_EQ(g->memory().size(), 1U);
  EXPECT_EQ(g->memory()[0].storage.get(), y.storage());
  must(g->launch(*new_stream()));
  EXPECT_EQ(value(x), 1);
  EXPECT_EQ(value(y), 5);
}

TEST_F(Graph, AnUpdateByAnotherShapeSaysWhyAndBothCanBeLaunched) {
  tensor<int> x = made(0);
  const auto g = must(record([&](gpu_context& body) { add(body, x, 1); }));
  const auto other = must(record([&](gpu_context& body) {
    add(body, x, 10);
    must(body.stream().fill(x.data(), std::byte{0}, sizeof(int)));
  }));
  const auto refused = must(g->update(*other));
  EXPECT_FALSE(refused.done);
  EXPECT_EQ(refused.why, "operation 2: a fill where the graph ends");
  must(other->launch(*new_stream()));
  must(g->launch(*new_stream()));
  EXPECT_EQ(value(x), 1);
}

TEST_F(Graph, AFaultAtAnyStepIsTheRecordingsOrTheLaunchsAndTheNextOneWorks) {
  tensor<int> x = made(0);
  int launched = 0;
  std::uint32_t steps = 0;
  for (std::uint32_t nth = 1;; ++nth) {
    graph_recorder recorder(context_);
    const auto s = new_stream();
    faults_.fail_step(nth, errc::device_error);
    const auto both = [&]() -> result<void> {
      auto g = recorder.record([&]() -> result<void> {
        auto one = recorder.stream(0);
        if (!one) return fail(one.error());
        auto two = recorder.stream(1);
        if (!two) return fail(two.error());
        try {
          gpu_context first = on(*one);
          gpu_context second = on(*two);
          add(first, x, 1);
          add(second, x, 1);
        } catch (const exception& e) {
          return fail(e.error());
        }
        return {};
      });
      if (!g) return fail(g.error());
      return (*g)->launch(*s);
    }();
    const bool came = !faults_.step_is_ahead();
    faults_.fail_step(0, errc::device_error);
    EXPECT_EQ(both.has_value(), !came) << "step " << nth;
    if (both) ++launched;
    must(wait_reached(s->now()));
    if (!came) break;
    EXPECT_NE(both.error().describe().find("failure on order"), std::string::npos) << both.error().describe();
    steps = nth;
  }
  EXPECT_GT(steps, 8U);
  EXPECT_EQ(value(x), 2 * launched);
}

}  // namespace
}  // namespace glint::gpu::testing
