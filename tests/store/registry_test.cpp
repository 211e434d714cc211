// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

#include <atomic>
#include <thread>

namespace glint::store::test {
namespace {

const error why(errc::shutdown, "the runtime was shut down");

TEST(Registry, CountsLiveEntriesOfAllThreads) {
  const auto before = registry::count();
  {
    const auto mine = make_object(1);
    intrusive_ptr<typed_entry<int>> others;
    std::jthread([&] { others = make_object(2); }).join();
    EXPECT_EQ(registry::count(), before + 2);
  }
  EXPECT_EQ(registry::count(), before);
}

TEST(Registry, AnEntryMayGoOnAnotherThread) {
  const auto before = registry::count();
  auto a = make_object(1);
  auto b = make_object(2);
  const auto c = make_object(3);
  std::jthread([&] { b.reset(); }).join();
  std::jthread([&] { a.reset(); }).join();
  EXPECT_EQ(registry::count(), before + 1);
}

TEST(Registry, FailUnsettledFailsWhatIsPendingOrIssued) {
  const auto pending = make_object(1);
  const auto issued = make_object(1);
  issued->publish_issued({});
  const auto ready = make_object(std::string("x"));
  ready->publish_ready();
  const auto failed = make_object(1);
  failed->fail(boom());
  registry::fail_unsettled(why);
  EXPECT_EQ(pending->failure().code(), errc::shutdown);
  EXPECT_EQ(issued->failure().code(), errc::shutdown);
  EXPECT_EQ(ready->get(), "x");
  EXPECT_EQ(failed->failure().code(), errc::user_exception);
}

TEST(Registry, FailUnsettledNamesTheObject) {
  const auto pending = make_object(1);
  registry::fail_unsettled(why);
  EXPECT_EQ(pending->failure().subject(), "object of type int");
}

TEST(Registry, FailUnsettledTellsWhoWaits) {
  std::vector<std::string> told;
  const auto pending = make_object(1);
  noting w(readiness::ready, "w", told);
  EXPECT_TRUE(pending->add(w));
  registry::fail_unsettled(why);
  EXPECT_EQ(w.told, readiness::failed);
}

TEST(Registry, EmptyAllEmptiesAndForgets) {
  const auto pending = make_object(1);
  auto ready = make_object(std::string(100, 'x'));
  ready->publish_ready();
  registry::empty_all(why);
  EXPECT_EQ(registry::count(), 0u);
  EXPECT_EQ(pending->failure().code(), errc::shutdown);
  EXPECT_EQ(ready->failure().code(), errc::shutdown);
  EXPECT_EQ(ready->failure().subject(), "object of type " + ready->type().name());
  EXPECT_FALSE(ready->has_value());
  ready.reset();
  const auto next = make_object(2);
  EXPECT_EQ(registry::count(), 1u);
}

TEST(Registry, EmptyingMayDropOtherEntries) {
  const auto outer = make_object(std::vector<intrusive_ptr<entry>>{make_object(1), make_object(std::string("x"))});
  outer->publish_ready();
  registry::empty_all(why);
  EXPECT_EQ(registry::count(), 0u);
}

TEST(Registry, FailUnsettledBesideThreadsThatMakeAndDrop) {
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      std::vector<intrusive_ptr<typed_entry<int>>> mine;
      for (int i = 0; !stop.load(); ++i) {
        mine.push_back(make_object(i));
        mine.back()->publish_ready();
        if (mine.size() > 20) mine.clear();
      }
    });
  }
  for (int i = 0; i < 300; ++i) registry::fail_unsettled(why);
  stop = true;
  threads.clear();
  EXPECT_EQ(registry::count(), 0u);
}

}  // namespace
}  // namespace glint::store::test
