// SPDX-License-Identifier: Apache-2.0
// Methods that make many objects, one by one.
#include <stdexcept>
#include <vector>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::co_task;
using glint::errc;
using glint::generator;
using glint::get;
using glint::kill;
using glint::object_stream;
using glint::spawn;
using glint::submit;

using ActorGenerator = actor_case;
class ActorGeneratorOneSlot : public actor_case {
 protected:
  ActorGeneratorOneSlot() : actor_case(small_node(1, 0)) {}
};

using counter_ref = glint::local_only<std::shared_ptr<std::atomic<int>>>;
counter_ref make_counter() {
  return counter_ref(std::make_shared<std::atomic<int>>(0));
}

class numbers {
 public:
  generator<int> count(int n) {
    for (int i = 0; i < n; ++i) co_yield next_++;
  }
  /// Counts what it has yielded, for ever.
  generator<int> counted(counter_ref yielded) {
    const counted_object frame;
    for (int i = 0;; ++i) {
      ++**yielded;
      co_yield i;
    }
  }
  generator<int> breaks() {
    co_yield 1;
    co_yield 2;
    throw std::range_error("off");
  }
  generator<int> sums(glint::object_ref<int> ref) {
    for (int i = 0; i < 3; ++i) co_yield i + co_await ref;
  }
  int next() const { return next_; }

 private:
  int next_ = 0;
  counted_object counted_;
};

std::vector<int> read(object_stream<int> stream) {
  std::vector<int> values;
  for (const auto& ref : stream) values.push_back(get(ref, deadline));
  return values;
}

/// Until `counted` waits for its reader: another step runs in the object once that of the last `co_yield` is over.
void wait_until_suspended(const glint::actor_handle<numbers>& a, const counter_ref& yielded, int count) {
  EXPECT_TRUE(eventually([&] { return **yielded == count; }));
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 0);
}

TEST_F(ActorGenerator, AreReadInOrderOneCallAfterTheOther) {
  auto a = spawn<numbers>();
  auto first = a.call<&numbers::count>(3);
  auto second = a.call<&numbers::count>({.read_ahead = 1}, 200);
  EXPECT_EQ(read(std::move(first)), (std::vector<int>{0, 1, 2}));
  const auto more = read(std::move(second));
  ASSERT_EQ(more.size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(more[static_cast<std::size_t>(i)], 3 + i);
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 203);
  EXPECT_TRUE(read(a.call<&numbers::count>(0)).empty());
}

TEST_F(ActorGenerator, RunsAheadOfItsReaderByTheBoundAndNotMore) {
  auto a = spawn<numbers>();
  const auto yielded = make_counter();
  auto stream = a.call<&numbers::counted>({.read_ahead = 4}, yielded);
  EXPECT_TRUE(eventually([&] { return **yielded == 4; }));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(get(*stream.next(), deadline), i);
    EXPECT_TRUE(eventually([&] { return **yielded == 5 + i; })) << **yielded;
    EXPECT_EQ(get(submit<echo>(i), deadline), i);  // it would have run on by now
    EXPECT_EQ(**yielded, 5 + i);
  }
}

TEST_F(ActorGenerator, TheActorIsClosedUntilItEndsUnlessItsConcurrencySaysOtherwise) {
  auto a = spawn<numbers>();
  auto stream = a.call<&numbers::count>({.read_ahead = 1}, 5);
  auto next = a.call<&numbers::next>();
  EXPECT_EQ(get(*stream.next(), deadline), 0);
  EXPECT_FALSE(glint::try_get(next).has_value());
  EXPECT_EQ(read(std::move(stream)).size(), 4u);
  EXPECT_EQ(get(next, deadline), 5);
  auto open = spawn<numbers>({.max_concurrency = 2});
  const auto yielded = make_counter();
  auto endless = open.call<&numbers::counted>({.read_ahead = 1}, yielded);
  EXPECT_TRUE(eventually([&] { return **yielded == 1; }));
  EXPECT_EQ(get(open.call<&numbers::next>(), deadline), 0) << "while the generator waits for its reader";
  EXPECT_EQ(get(*endless.next(), deadline), 0);
}

TEST_F(ActorGeneratorOneSlot, WaitsForItsReaderWithoutAThread) {
  std::vector<glint::actor_handle<numbers>> actors;
  std::vector<object_stream<int>> streams;
  for (int i = 0; i < 50; ++i) {
    actors.push_back(spawn<numbers>());
    streams.push_back(actors.back().call<&numbers::count>({.read_ahead = 1}, 3));
  }
  EXPECT_EQ(get(submit<echo>(1), deadline), 1);
  auto total = submit([a = actors.front()] {
    int sum = 0;
    for (const auto& ref : a.call<&numbers::count>(4)) sum += get(ref);
    return sum;
  });  // behind the first stream, and on the only slot
  for (auto& stream : streams) EXPECT_EQ(read(std::move(stream)), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(get(total, deadline), 3 + 4 + 5 + 6);
}

TEST_F(ActorGenerator, ACoroutineReadsAndTheMethodAwaits) {
  auto a = spawn<numbers>();
  const auto go = make_event();
  auto total = submit(
      [](glint::actor_handle<numbers> from, glint::object_ref<int> ref) -> co_task<int> {
        auto stream = from.call<&numbers::sums>(ref);
        int sum = 0;
        while (auto next = co_await stream) sum += co_await *next;
        co_return sum;
      },
      a, submit<after>({.cpus = 0}, go, 10));
  (*go)->set();
  EXPECT_EQ(get(total, deadline), 33);
}

TEST_F(ActorGenerator, AnErrorComesAtItsPlaceAndLeavesTheActor) {
  auto a = spawn<numbers>({.name = "source"});
  auto stream = a.call<&numbers::breaks>();
  EXPECT_EQ(get(*stream.next(), deadline), 1);
  EXPECT_EQ(get(*stream.next(), deadline), 2);
  auto third = stream.next();
  ASSERT_TRUE(third);
  expect_failed(*third, errc::user_exception, "numbers::breaks on actor source", "off");
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 0);
}

TEST_F(ActorGenerator, AFailedArgumentIsTheFirstElement) {
  auto a = spawn<numbers>({.name = "source"});
  auto bad = submit([]() -> int { throw std::logic_error("no"); });
  auto stream = a.call<&numbers::count>({.name = "never"}, bad);
  auto first = stream.next();
  ASSERT_TRUE(first);
  expect_chain(*first, {{errc::dependency_failed, "call never on actor source"}, {errc::user_exception, ""}});
  EXPECT_FALSE(stream.next());
}

TEST_F(ActorGenerator, DroppingTheReaderStopsItAndTheActorGoesOn) {
  auto a = spawn<numbers>({.max_task_retries = 3});  // never restarts: retries mean nothing
  const auto yielded = make_counter();
  {
    auto stream = a.call<&numbers::counted>({.read_ahead = 2}, yielded);
    EXPECT_EQ(get(*stream.next(), deadline), 0);
    EXPECT_TRUE(eventually([&] { return **yielded == 3; }));
    EXPECT_EQ(objects_alive.load(), 2) << "the actor's, and the generator's own";
  }
  EXPECT_TRUE(eventually([] { return objects_alive == 1; })) << "it ended where it was suspended";
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 0);
  EXPECT_EQ(**yielded, 3);
}

TEST_F(ActorGenerator, AReaderThatGoesBeforeItBeginsKeepsItFromBeginning) {
  auto a = spawn<numbers>({.max_concurrency = 1});
  const auto first = make_counter();
  const auto second = make_counter();
  auto holds = a.call<&numbers::counted>({.read_ahead = 1}, first);
  { auto dropped = a.call<&numbers::counted>(second); }
  { auto dropped = std::move(holds); }
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 0);
  EXPECT_EQ(**second, 0);
}

TEST_F(ActorGenerator, KilledWhileItWaitsWhatItHadYieldedIsThereThenTheError) {
  auto a = spawn<numbers>({.name = "source", .max_concurrency = 2});
  const auto yielded = make_counter();
  auto stream = a.call<&numbers::counted>({.read_ahead = 2}, yielded);
  wait_until_suspended(a, yielded, 2);
  kill(a);
  EXPECT_EQ(get(*stream.next(), deadline), 0);
  EXPECT_EQ(get(*stream.next(), deadline), 1);
  auto third = stream.next();
  ASSERT_TRUE(third);
  expect_failed(*third, errc::actor_stopped, "numbers::counted on actor source", "killed by the program");
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorGenerator, TheLastHandleMayGoWhileTheStreamIsRead) {
  auto a = spawn<numbers>();
  auto stream = a.call<&numbers::count>({.read_ahead = 1}, 100);
  a = {};
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get(*stream.next(), deadline), i);
  EXPECT_EQ(objects_alive.load(), 1) << "it lives as long as its calls";
  EXPECT_EQ(read(std::move(stream)).size(), 50u);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorGenerator, TheLastHandleAndThenTheReaderGo) {
  auto a = spawn<numbers>();
  auto stream = a.call<&numbers::count>({.read_ahead = 1}, 100);
  EXPECT_EQ(get(*stream.next(), deadline), 0);
  a = {};
  { auto dropped = std::move(stream); }
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

/// What was yielded cannot be taken back: such a method is made once, and says so where its call asks for more.
TEST_F(ActorGenerator, IsNotMadeAgain) {
  auto a = spawn<numbers>({.name = "source", .max_concurrency = 2, .max_restarts = -1, .max_task_retries = 2});
  const auto refused = error_thrown_by([&] { (void)a.call<&numbers::count>({.max_task_retries = 2}, 3); });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code(), errc::invalid_argument);
  EXPECT_THAT(refused->message(), testing::HasSubstr("generator<int>"));
  EXPECT_THAT(refused->message(), testing::HasSubstr("can be made only once"));
  const auto yielded = make_counter();
  auto stream = a.call<&numbers::counted>({.read_ahead = 2}, yielded);
  wait_until_suspended(a, yielded, 2);
  kill(a, {.restart = true});
  EXPECT_EQ(get(*stream.next(), deadline), 0);
  EXPECT_EQ(get(*stream.next(), deadline), 1);
  auto third = stream.next();
  ASSERT_TRUE(third);
  expect_failed(*third, errc::actor_unavailable, "numbers::counted on actor source", "restarts");
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 0) << "waits for the new object";
  EXPECT_EQ(read(a.call<&numbers::count>(2)), (std::vector<int>{0, 1}));
  EXPECT_EQ(**yielded, 2);
}

TEST_F(ActorGenerator, ItsDeadlineComesAtItsPlace) {
  auto a = spawn<numbers>({.name = "source"});
  const auto yielded = make_counter();
  auto stream = a.call<&numbers::counted>({.timeout = 1ms, .read_ahead = 2}, yielded);
  std::optional<glint::object_ref<int>> last;
  EXPECT_TRUE(eventually([&] {
    last = stream.next();
    return !last || !glint::try_get(*last)->has_value();
  }));
  ASSERT_TRUE(last.has_value());
  expect_failed(*last, errc::timeout, "numbers::counted on actor source", "not done within");
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(get(a.call<&numbers::next>(), deadline), 0);
}

TEST_F(ActorGenerator, ShutdownEndsTheStream) {
  auto a = spawn<numbers>({.name = "source"});
  const auto yielded = make_counter();
  auto stream = a.call<&numbers::counted>({.read_ahead = 1}, yielded);
  EXPECT_TRUE(eventually([&] { return **yielded == 1; }));
  glint::shutdown();
  EXPECT_EQ(objects_alive.load(), 0);
  (void)stream.next();
  auto end = stream.next();
  if (end) expect_shutdown(*end);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
