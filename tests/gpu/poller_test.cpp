// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/poller.hpp>

#include <atomic>
#include <thread>

#include "fixture.hpp"

namespace glint::gpu::test {
namespace {

/// The same as by_hand, with the poller's thread.
class Poller : public ::testing::Test {
 protected:
  ~Poller() override {
    fake->run();
    poller->stop();
  }
  stream_point work() {
    EXPECT_TRUE(s->enqueue([] {}));
    return s->now();
  }

  intrusive_ptr<fake_device> fake = make_intrusive<fake_device>();
  intrusive_ptr<gpu::poller> poller = make_intrusive<gpu::poller>();
  intrusive_ptr<device_context> context = device_context::create(fake, poller).value();
  intrusive_ptr<stream> s = context->create_stream().value();
};

TEST_F(Poller, CallsOnItsThreadWhenThePointIsReached) {
  std::atomic<int> calls{0};
  std::atomic<bool> own_thread{false};
  when_reached(work(), [&](const error* failure) {
    EXPECT_EQ(failure, nullptr);
    own_thread = poller->on_own_thread();
    ++calls;
  });
  EXPECT_EQ(calls, 0);
  fake->run();
  EXPECT_TRUE(eventually([&] { return calls == 1; }));
  EXPECT_TRUE(own_thread);
}

TEST_F(Poller, CallsAtOnceForWhatIsReached) {
  int calls = 0;
  when_reached({}, [&](const error*) { ++calls; });
  when_reached(s->now(), [&](const error*) { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST_F(Poller, AFunctionThatThrowsHarmsNobody) {
  when_reached({}, [](const error*) { throw std::runtime_error("mine"); });
  std::atomic<bool> called{false};
  when_reached(work(), [](const error*) { throw 1; });
  when_reached(s->now(), [&](const error*) { called = true; });
  fake->run();
  EXPECT_TRUE(eventually([&] { return called.load(); }));
}

TEST_F(Poller, WaitReachedBlocksUntilThen) {
  const stream_point p = work();
  std::thread device([&] { fake->run(); });
  // The event may be recorded behind that run: run on until it is over.
  std::atomic<bool> over{false};
  std::thread again([&] {
    while (!over) {
      fake->run();
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(wait_reached(p, deadline));
  over = true;
  device.join();
  again.join();
}

TEST_F(Poller, WaitReachedGivesTheFailure) {
  ASSERT_TRUE(s->enqueue([] { throw std::runtime_error("boom"); }));
  const stream_point p = s->now();
  EXPECT_FALSE(p.reached());
  fake->run();
  const auto r = wait_reached(p, deadline);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code(), errc::kernel_failed);
  EXPECT_EQ(wait_reached(p, deadline).error().message(), "boom") << "later, too";
}

TEST_F(Poller, WaitReachedTimesOutAndTheWorkGoesOn) {
  const stream_point p = work();
  EXPECT_EQ(wait_reached(p, std::chrono::milliseconds(1)).error().code(), errc::timeout);
  fake->run();
  EXPECT_TRUE(wait_reached(p, deadline));
}

TEST_F(Poller, SleepsWhenNothingIsOutstanding) {
  std::atomic<bool> called{false};
  when_reached(work(), [&](const error*) { called = true; });
  fake->run();
  ASSERT_TRUE(eventually([&] { return called.load(); }));
  poller->wait_idle();
  const auto rounds = poller->rounds();
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(20)) std::this_thread::yield();
  EXPECT_EQ(poller->rounds(), rounds);
}

TEST_F(Poller, WaitsBetweenLooksAtLongWork) {
  when_reached(work(), [](const error*) {});
  const auto rounds = poller->rounds();
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(50)) std::this_thread::yield();
  EXPECT_LT(poller->rounds() - rounds, 50'000u) << "a busy core makes more";
  fake->run();
  poller->wait_idle();
}

TEST_F(Poller, StopTellsWhoWaitsFirst) {
  std::atomic<bool> called{false};
  when_reached(work(), [&](const error*) { called = true; });
  std::thread stopping([&] { poller->stop(); });
  fake->run();
  stopping.join();
  EXPECT_TRUE(called);
  poller->stop();
  poller->wait_idle();
}

TEST_F(Poller, NotifyAfterStopWaitsByItself) {
  poller->stop();
  const stream_point p = work();
  std::atomic<bool> over{false};
  std::thread device([&] {
    while (!over) {
      fake->run();
      std::this_thread::yield();
    }
  });
  bool called = false;
  when_reached(p, [&](const error*) { called = true; });
  EXPECT_TRUE(called);
  over = true;
  device.join();
}

TEST_F(Poller, LastReferenceMayGoOnItsOwnThread) {
  std::atomic<bool> gone{false};
  auto own = make_intrusive<gpu::poller>();
  auto other = stream::create(fake, own, make_intrusive<event_pool>(fake)).value();
  ASSERT_TRUE(other->enqueue([] {}));
  const stream_point p = other->now();
  when_reached(p, [&gone, own = std::move(own)](const error*) mutable {
    own.reset();
    gone = true;
  });
  other.reset();
  const_cast<stream_point&>(p).stream.reset();
  fake->run();
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
}

/// Many threads enqueue and wait on few streams while the device runs: nobody is forgotten.
TEST_F(Poller, NoWakeupIsLost) {
  constexpr int threads = 4;
  constexpr int rounds = 200;
  std::vector<intrusive_ptr<stream>> streams{s, context->create_stream().value()};
  std::atomic<int> reached{0};
  std::atomic<bool> over{false};
  std::thread device([&] {
    while (!over) {
      fake->run();
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> hosts;
  for (int t = 0; t < threads; ++t) {
    hosts.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        stream& mine = *streams[static_cast<std::size_t>(t + i) % 2];
        stream& other = *streams[static_cast<std::size_t>(t + i + 1) % 2];
        EXPECT_TRUE(mine.enqueue([] {}));
        EXPECT_TRUE(other.wait(mine.now()));
        when_reached(other.now(), [&](const error*) { ++reached; });
        if (i % 8 == 0) {
          EXPECT_TRUE(wait_reached(mine.now(), deadline));
        }
      }
    });
  }
  for (auto& h : hosts) h.join();
  EXPECT_TRUE(eventually([&] { return reached == threads * rounds; })) << reached;
  poller->wait_idle();
  over = true;
  device.join();
}

}  // namespace
}  // namespace glint::gpu::test
