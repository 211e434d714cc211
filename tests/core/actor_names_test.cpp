// SPDX-License-Identifier: Apache-2.0
// Actors that are found by their names.
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::get_actor;
using glint::kill;
using glint::spawn;
using glint::submit;

using ActorNames = actor_case;

struct other_actor {
  int value() const { return 2; }
};

TEST_F(ActorNames, AnActorIsFoundByItsNameAndIsTheSame) {
  EXPECT_FALSE(get_actor<worker_actor>("hits").has_value());
  auto a = spawn<worker_actor>({.name = "hits"}, 5);
  auto found = get_actor<worker_actor>("hits");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, a);
  EXPECT_EQ(get(found->call<&worker_actor::add>(1), deadline), 6);
  EXPECT_EQ(get(submit<[] { return get(get_actor<worker_actor>("hits")->call<&worker_actor::sum>()); }>(), deadline), 6)
      << "from a task";
}

TEST_F(ActorNames, NamespacesAreApart) {
  auto here = spawn<worker_actor>({.name = "hits"}, 1);
  auto there = spawn<worker_actor>({.name = "hits", .actor_namespace = "there"}, 2);
  EXPECT_EQ(*get_actor<worker_actor>("hits"), here);
  EXPECT_EQ(*get_actor<worker_actor>("hits", "there"), there);
  EXPECT_FALSE(get_actor<worker_actor>("hits", "elsewhere").has_value());
}

TEST_F(ActorNames, ATakenNameThrowsAndNamesIt) {
  auto a = spawn<worker_actor>({.name = "hits"}, 1);
  const auto refused = error_thrown_by([] { (void)spawn<worker_actor>({.name = "hits"}, 2); });
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code(), errc::name_taken);
  EXPECT_EQ(refused->subject(), "actor hits");
  EXPECT_THAT(refused->message(), testing::HasSubstr("worker_actor"));
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), 1) << "the one that has it is not disturbed";
}

TEST_F(ActorNames, ANameOfAnotherTypeIsAnError) {
  auto a = spawn<worker_actor>({.name = "hits"});
  for (const auto& failure : {error_thrown_by([] { (void)get_actor<other_actor>("hits"); }), error_thrown_by([] {
                                (void)spawn<other_actor>({.name = "hits", .get_if_exists = true});
                              })}) {
    ASSERT_TRUE(failure.has_value());
    EXPECT_EQ(failure->code(), errc::invalid_argument);
    EXPECT_EQ(failure->subject(), "actor hits");
    EXPECT_THAT(failure->message(), testing::HasSubstr("worker_actor"));
    EXPECT_THAT(failure->message(), testing::HasSubstr("other_actor"));
  }
}

TEST_F(ActorNames, AnActorWithoutANameIsNotFoundByItsType) {
  auto a = spawn<other_actor>();
  auto b = spawn<other_actor>();
  EXPECT_FALSE(get_actor<other_actor>(glint::type_name<other_actor>()).has_value());
  EXPECT_EQ(get(b.call<&other_actor::value>(), deadline), 2);
}

TEST_F(ActorNames, ANameIsFreeAtOnceAfterKill) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>({.name = "hits"});
  (void)a.call<&worker_actor::hold>(inside, go);
  (*inside)->wait();
  kill(a);
  EXPECT_FALSE(get_actor<worker_actor>("hits").has_value()) << "though its body still runs";
  auto b = spawn<worker_actor>({.name = "hits"}, 4);
  EXPECT_NE(a, b);
  EXPECT_EQ(*get_actor<worker_actor>("hits"), b);
  (*go)->set();
  EXPECT_TRUE(eventually([] { return objects_alive == 1; }));
  EXPECT_EQ(*get_actor<worker_actor>("hits"), b) << "the end of the first is not the second's";
}

TEST_F(ActorNames, ANameIsFreeAtOnceAfterTheLastHandle) {
  for (int i = 0; i < 200; ++i) {
    auto a = spawn<worker_actor>({.name = "hits"}, i);
    (void)a.call<&worker_actor::add>(1);
  }
  EXPECT_FALSE(get_actor<worker_actor>("hits").has_value());
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorNames, ANameIsFreeAfterAConstructorThatThrew) {
  struct unbuildable {
    unbuildable() { throw std::length_error("too long"); }
    int value() const { return 1; }
  };
  auto a = spawn<unbuildable>({.name = "ruin"});
  expect_failure(a.call<&unbuildable::value>(), errc::actor_failed, "value on actor ruin", "ruin",
                 errc::user_exception);
  EXPECT_FALSE(get_actor<unbuildable>("ruin").has_value());
  auto b = spawn<worker_actor>({.name = "ruin"}, 1);
  EXPECT_EQ(get(b.call<&worker_actor::sum>(), deadline), 1);
}

TEST_F(ActorNames, GetIfExistsHasOneWinnerAmongManyCallers) {
  constexpr int callers = 8;
  for (int round = 0; round < 20; ++round) {
    std::latch together(callers);
    std::vector<actor_handle<worker_actor>> handles(callers);
    std::vector<int> sums(callers);
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < callers; ++t) {
        threads.emplace_back([&, t] {
          together.arrive_and_wait();
          auto& mine = handles[static_cast<std::size_t>(t)];
          mine = spawn<worker_actor>({.name = "one", .get_if_exists = true}, 100 + t);
          sums[static_cast<std::size_t>(t)] = get(mine.call<&worker_actor::sum>(), deadline);
        });
      }
    }
    for (const auto& h : handles) EXPECT_EQ(h, handles[0]);
    for (const int s : sums) EXPECT_EQ(s, sums[0]) << "one constructor ran";
    handles.clear();
    EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
  }
}

struct keeps_tracked {
  explicit keeps_tracked(const tracked& t) : value(t.value) {}
  int get_value() const { return value; }
  int value;
};

TEST_F(ActorNames, GetIfExistsLeavesTheLosersArgumentsAlone) {
  auto a = spawn<keeps_tracked>({.name = "one", .get_if_exists = true}, tracked(1));
  EXPECT_EQ(get(a.call<&keeps_tracked::get_value>(), deadline), 1);
  tracked mine(2);
  tracked::reset();
  auto b = spawn<keeps_tracked>({.name = "one", .get_if_exists = true}, std::move(mine));
  EXPECT_EQ(a, b);
  EXPECT_EQ(mine.value, 2) << "not moved from";
  EXPECT_EQ(tracked::copies + tracked::moves, 0);
  auto late = glint::object_ref<tracked>{};
  auto c = spawn<keeps_tracked>({.name = "one", .get_if_exists = true}, late);
  EXPECT_EQ(a, c) << "not even looked at";
}

TEST_F(ActorNames, GetIfExistsWithoutANameThrows) {
  EXPECT_EQ(thrown_by([] { (void)spawn<worker_actor>({.get_if_exists = true}); }), errc::invalid_argument);
}

TEST_F(ActorNames, ADetachedActorLivesWithoutHandlesUntilItIsKilled) {
  (void)get(spawn<worker_actor>({.name = "daemon", .detached = true}, 3).call<&worker_actor::add>(1), deadline);
  auto found = get_actor<worker_actor>("daemon");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(get(found->call<&worker_actor::sum>(), deadline), 4);
  kill(*found);
  EXPECT_FALSE(get_actor<worker_actor>("daemon").has_value());
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorNames, ADetachedActorLivesUntilShutdown) {
  (void)get(spawn<worker_actor>({.name = "daemon", .detached = true}).call<&worker_actor::add>(1), deadline);
  EXPECT_EQ(objects_alive.load(), 1);
  glint::shutdown();
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
  EXPECT_FALSE(get_actor<worker_actor>("daemon").has_value());
}

TEST_F(ActorNames, ADetachedActorThatFailedOrLeftIsGone) {
  struct unbuildable {
    unbuildable() { throw std::length_error("too long"); }
    int value() const { return 1; }
  };
  auto ruin = spawn<unbuildable>({.name = "ruin", .detached = true});
  expect_failure(ruin.call<&unbuildable::value>(), errc::actor_failed, "actor ruin");
  auto leaver = spawn<worker_actor>({.name = "leaver", .detached = true});
  EXPECT_EQ(get(leaver.call<&worker_actor::leave>(1), deadline), 1);
  EXPECT_FALSE(get_actor<unbuildable>("ruin").has_value());
  EXPECT_FALSE(get_actor<worker_actor>("leaver").has_value());
}

struct throws_when_copied {
  throws_when_copied() = default;
  throws_when_copied(const throws_when_copied&) { throw std::bad_alloc(); }
  template <class Archive>
  void serialize(Archive&) {}
};
struct takes_it {
  explicit takes_it(const throws_when_copied&) {}
};

TEST_F(ActorNames, ASpawnThatThrewLeavesTheNameFree) {
  const throws_when_copied argument;
  EXPECT_THROW((void)spawn<takes_it>({.name = "hits"}, argument), std::bad_alloc);
  EXPECT_FALSE(get_actor<takes_it>("hits").has_value());
  auto a = spawn<worker_actor>({.name = "hits"}, 1);
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), 1);
}

TEST_F(ActorNames, TheNamesOfANamespaceAreListed) {
  using names = std::vector<std::string>;
  EXPECT_EQ(glint::list_named_actors(), names());
  auto b = spawn<worker_actor>({.name = "b"});
  auto a = spawn<worker_actor>({.name = "a"});
  auto unnamed = spawn<worker_actor>();
  auto there = spawn<other_actor>({.name = "c", .actor_namespace = "there"});
  EXPECT_EQ(glint::list_named_actors(), (names{"a", "b"})) << "sorted, and those of this namespace only";
  EXPECT_EQ(glint::list_named_actors("there"), names{"c"});
  EXPECT_EQ(glint::list_named_actors("elsewhere"), names());
  kill(a);
  EXPECT_EQ(glint::list_named_actors(), names{"b"}) << "a name is free at once";
  b = {};
  EXPECT_EQ(glint::list_named_actors(), names()) << "nobody can reach it any more";
  EXPECT_EQ(get(submit<[] { return glint::list_named_actors("there").size(); }>(), deadline), 1u) << "from a task";
  glint::shutdown();
  EXPECT_EQ(thrown_by([] { (void)glint::list_named_actors(); }), errc::not_running);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
