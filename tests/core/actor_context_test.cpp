// SPDX-License-Identifier: Apache-2.0
// What a method knows of itself: this_task in every attempt.
#include <array>
#include <mutex>
#include <vector>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::co_task;
using glint::errc;
using glint::get;
using glint::kill;
using glint::object_ref;
using glint::spawn;
using glint::submit;
using glint::task_info;

using ActorContext = actor_case;

/// What each attempt said of itself, and events to hold it.
struct attempts {
  std::array<event, 4> inside;
  std::array<event, 4> go;

  /// Returns how many came before.
  std::size_t enter(const task_info& info) {
    const std::lock_guard lock(mutex);
    seen.push_back(info);
    return seen.size() - 1;
  }
  std::vector<task_info> all() {
    const std::lock_guard lock(mutex);
    return seen;
  }

  std::mutex mutex;
  std::vector<task_info> seen;
};
using shared_attempts = glint::local_only<std::shared_ptr<attempts>>;
shared_attempts make_attempts() {
  return shared_attempts(std::make_shared<attempts>());
}

class witness {
 public:
  witness() : at_birth_(glint::this_task()) {}
  int work(const shared_attempts& log) {
    const std::size_t before = (*log)->enter(glint::this_task());
    (*log)->inside.at(before).set();
    (*log)->go.at(before).wait();
    return static_cast<int>(before);
  }
  /// Says it again after each wait.
  co_task<int> wait(shared_attempts log, object_ref<int> gate) {
    const std::size_t before = (*log)->enter(glint::this_task());
    (*log)->inside.at(before).set();
    const int value = co_await gate;
    (*log)->enter(glint::this_task());
    co_return value;
  }
  int note(const shared_attempts& log) const { return static_cast<int>((*log)->enter(glint::this_task())); }
  int restarts_at_birth() const { return static_cast<int>(at_birth_.actor_restarts); }

 private:
  task_info at_birth_;
  counted_object counted_;
};

/// The same call of the same actor; the n-th attempt in the n-th object.
void expect_attempts(const std::vector<task_info>& seen, std::size_t count, const std::string& method) {
  ASSERT_EQ(seen.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_NE(seen[i].id.value, 0u);
    EXPECT_EQ(seen[i].id, seen[0].id) << "attempt " << i;
    EXPECT_EQ(seen[i].actor, seen[0].actor);
    EXPECT_EQ(seen[i].attempt, i);
    EXPECT_EQ(seen[i].actor_restarts, i);
    EXPECT_THAT(seen[i].name, testing::HasSubstr(method));
    EXPECT_EQ(seen[i].actor_name, "bird");
  }
}

TEST_F(ActorContext, EachAttemptHasTheSameIdAndItsNumber) {
  auto a = spawn<witness>({.name = "bird", .max_restarts = 2, .max_task_retries = 2});
  const auto log = make_attempts();
  auto call = a.call<&witness::work>(log);
  for (std::size_t attempt = 0; attempt < 2; ++attempt) {
    (*log)->inside[attempt].wait();
    kill(a, {.restart = true});
    (*log)->go[attempt].set();
  }
  (*log)->inside[2].wait();
  (*log)->go[2].set();
  EXPECT_EQ(get(call, deadline), 2);
  expect_attempts((*log)->all(), 3, "witness::work");
  EXPECT_EQ(get(a.call<&witness::restarts_at_birth>(), deadline), 2) << "the constructor is told, too";
}

TEST_F(ActorContext, EachAttemptOfACoroutineHasTheSameIdAndItsNumber) {
  auto a = spawn<witness>({.name = "bird", .max_restarts = 2, .max_task_retries = 2});
  const auto log = make_attempts();
  const auto go = make_event();
  auto gate = submit<after>({.cpus = 0}, go, 7);
  auto call = a.call<&witness::wait>(log, gate);
  for (std::size_t attempt = 0; attempt < 2; ++attempt) {
    (*log)->inside[attempt].wait();
    kill(a, {.restart = true});  // ends it where it waits
  }
  (*log)->inside[2].wait();
  (*go)->set();
  EXPECT_EQ(get(call, deadline), 7);
  auto seen = (*log)->all();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[3].id, seen[2].id) << "the same after a wait";
  EXPECT_EQ(seen[3].attempt, 2u);
  seen.pop_back();
  expect_attempts(seen, 3, "witness::wait");
}

TEST_F(ActorContext, CallsHaveIdsOfTheirOwn) {
  auto a = spawn<witness>({.max_restarts = 1});
  const auto log = make_attempts();
  EXPECT_EQ(get(a.call<&witness::note>(log), deadline), 0);
  EXPECT_EQ(get(a.call<&witness::note>(log), deadline), 1);
  EXPECT_EQ(get(a.call<&witness::note>({.max_task_retries = 3}, log), deadline), 2);
  EXPECT_EQ(get(a.call<&witness::note>({.max_task_retries = 3}, log), deadline), 3);
  const auto seen = (*log)->all();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].attempt, 0u);
    EXPECT_EQ(seen[i].actor_restarts, 0u);
    for (std::size_t k = 0; k < i; ++k) EXPECT_NE(seen[i].id, seen[k].id);
  }
}

TEST_F(ActorContext, ANamedActorSaysItsNamespace) {
  const auto log = make_attempts();
  auto named = spawn<witness>({.name = "hits", .actor_namespace = "room"});
  auto unnamed = spawn<witness>({.actor_namespace = "room"});
  get(named.call<&witness::note>(log), deadline);
  get(unnamed.call<&witness::note>(log), deadline);
  const auto seen = (*log)->all();
  EXPECT_EQ(seen[0].actor_name, "hits");
  EXPECT_EQ(seen[0].actor_namespace, "room");
  EXPECT_EQ(seen[1].actor_namespace, "") << "it is not to be found there";
}

}  // namespace
}  // namespace glint_test
