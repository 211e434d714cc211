// SPDX-License-Identifier: Apache-2.0
// How calls of many threads come into an actor that runs one at a time: by a queue that its turn empties, beside which
// turns go idle, handles go and actors end.
#include <algorithm>
#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::spawn;
using glint::submit;

using ActorIncoming = actor_case;

constexpr int callers = 4;

/// Notes whether each caller's calls come in the order in which it made them, and none beside another.
class witness {
 public:
  bool see(int caller, int number) {
    const bool alone = !inside_.exchange(true);
    int& last = last_.at(static_cast<std::size_t>(caller));
    const bool in_order = number > last;
    last = number;
    ++seen_;
    inside_.store(false);
    return alone && in_order;
  }
  int seen() { return seen_; }

 private:
  std::array<int, callers> last_ = {-1, -1, -1, -1};
  std::atomic<bool> inside_{false};
  int seen_ = 0;
};

template <class Body>
void on_all_callers(Body body) {
  std::latch together(callers);
  std::vector<std::jthread> threads;
  for (int t = 0; t < callers; ++t) {
    threads.emplace_back([&together, &body, t] {
      together.arrive_and_wait();
      body(t);
    });
  }
}

TEST_F(ActorIncoming, FloodsOfManyThreadsAllRunInEachCallersOrder) {
  constexpr int each = 2'000;
  auto a = spawn<witness>();
  std::atomic<int> wrong{0};
  on_all_callers([&](int caller) {
    std::vector<object_ref<bool>> refs;
    for (int i = 0; i < each; ++i) refs.push_back(a.call<&witness::see>(caller, i));
    for (const auto& ref : refs) wrong += get(ref, deadline) ? 0 : 1;
  });
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(get(a.call<&witness::seen>(), deadline), callers * each);
}

/// Who waits for each call lets the turn go idle again and again, just when another's call comes in.
TEST_F(ActorIncoming, CallsOneByOneOfManyThreadsMeetATurnThatGoesIdle) {
  constexpr int each = 1'000;
  auto a = spawn<witness>();
  std::atomic<int> wrong{0};
  on_all_callers([&](int caller) {
    for (int i = 0; i < each; ++i) wrong += get(a.call<&witness::see>(caller, i), deadline) ? 0 : 1;
  });
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(get(a.call<&witness::seen>(), deadline), callers * each);
}

/// Every call runs, or fails with what ended the actor; and from some call on all of a caller's fail.
TEST_F(ActorIncoming, AKillAmongCallsOfManyThreadsLosesNone) {
  constexpr int each = 50;
  for (int round = 0; round < 40; ++round) {
    auto a = spawn<witness>({.name = "victim"});
    std::atomic<int> made{0};
    std::atomic<int> wrong{0};
    on_all_callers([&](int caller) {
      std::vector<object_ref<bool>> refs;
      for (int i = 0; i < each; ++i) {
        refs.push_back(a.call<&witness::see>(caller, i));
        if (++made == round * callers) kill(a);  // at another place in each round
      }
      bool failed = false;
      for (const auto& ref : refs) {
        const auto settled = glint::try_get(ref, deadline);
        const bool ran = settled && settled->has_value();
        const bool stopped = settled && !ran && settled->error().code() == errc::actor_stopped;
        if (!(ran ? ***settled && !failed : stopped)) ++wrong;
        failed = failed || stopped;
      }
    });
    kill(a);
    EXPECT_EQ(wrong.load(), 0) << "in round " << round;
    expect_failed(a.call<&witness::seen>(), errc::actor_stopped, "seen on actor victim", "killed by the program");
  }
}

/// The last handle goes while calls come in: all run, then the object is destroyed.
TEST_F(ActorIncoming, TheLastHandleGoesAfterCallsThatAreOnTheirWay) {
  for (int round = 0; round < 100; ++round) {
    std::vector<object_ref<int>> refs(callers);
    {
      auto a = spawn<worker_actor>();
      on_all_callers([&refs, &a](int caller) {
        const auto mine = a;
        for (int i = 0; i < 10; ++i) refs.at(static_cast<std::size_t>(caller)) = mine.call<&worker_actor::add>(1);
      });
    }
    int most = 0;
    for (const auto& ref : refs) most = std::max(most, get(ref, deadline));
    EXPECT_EQ(most, callers * 10);
  }
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

class forgiving {
 public:
  std::vector<int> note(int who) {
    notes_.push_back(who);
    return notes_;
  }
  std::vector<int> fail_first(int who, const shared_event& inside, const shared_event& go) {
    (*inside)->set();
    (*go)->wait();
    if (note(who).size() == 1) throw std::runtime_error("the first time");
    return notes_;
  }

 private:
  std::vector<int> notes_;
};

/// Though those that wait have come in already.
TEST_F(ActorIncoming, ACallThatIsMadeAgainComesFirst) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<forgiving>();
  auto again = a.call<&forgiving::fail_first>({.max_task_retries = 1, .retry_on = glint::retry_on<std::runtime_error>},
                                              1, inside, go);
  (*inside)->wait();
  auto next = a.call<&forgiving::note>(2);
  (*go)->set();
  EXPECT_EQ(get(again, deadline), (std::vector<int>{1, 1}));
  EXPECT_EQ(get(next, deadline), (std::vector<int>{1, 1, 2}));
}

class keeper {
 public:
  int count() { return ++calls_; }
  int take(const actor_handle<keeper>&) { return ++calls_; }

 private:
  counted_object counted_;
  int calls_ = 0;
};

/// The last handle goes with the call itself, which may be over, and the actor with it, before `call` has returned.
TEST_F(ActorIncoming, ACallMayTakeTheLastHandleWithIt) {
  for (int round = 0; round < 500; ++round) {
    auto a = spawn<keeper>();
    auto before = a.call<&keeper::count>();  // so that a turn is at work
    auto last = a.call<&keeper::take>(std::move(a));
    EXPECT_EQ(get(last, deadline), 2);
    EXPECT_EQ(get(before, deadline), 1);
  }
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

/// One CPU slot.
class ActorIncomingOnOneSlot : public actor_case {
 protected:
  ActorIncomingOnOneSlot() : actor_case(small_node(1, 0)) {}
};

using shared_flag = glint::local_only<std::shared_ptr<std::atomic<bool>>>;
constexpr int calls_max = 10'000;

/// Calls itself until another has had the slot, or it is too late.
class restless {
 public:
  int go_on(const actor_handle<restless>& self, const shared_event& inside, const shared_event& go,
            const shared_flag& other_ran) {
    (*inside)->set();
    (*go)->wait();
    if (++calls_ < calls_max && !(*other_ran)->load()) (void)self.call<&restless::go_on>(self, inside, go, other_ran);
    return calls_;
  }
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
};

/// Though its next call is never in the mailbox when one ends, but on its way to it.
TEST_F(ActorIncomingOnOneSlot, AnActorThatCallsItselfLetsOthersHaveTheSlot) {
  const auto inside = make_event();
  const auto go = make_event();
  const shared_flag other_ran(std::make_shared<std::atomic<bool>>(false));
  auto a = spawn<restless>();
  auto first = a.call<&restless::go_on>(a, inside, go, other_ran);
  (*inside)->wait();
  auto other = submit<[](const shared_flag& ran) { (*ran)->store(true); }>(other_ran);
  (*go)->set();
  get(other, deadline);
  EXPECT_EQ(get(first, deadline), 1);
  EXPECT_LT(get(a.call<&restless::calls>(), deadline), calls_max);
}

}  // namespace
}  // namespace glint_test
