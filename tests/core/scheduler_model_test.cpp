// SPDX-License-Identifier: Apache-2.0
#include "scheduler_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

/// All interleavings, up to a number of preemptions, of workers that look, doze, sleep and wake each other, where items
/// come in batches, where a single item of a lane is left to its owner for a moment, and where users' threads help: no
/// work is left while a thread sleeps, and none is run twice.
namespace {

using interleavings::program;
using scheduler_model::body;
using ::testing::StartsWith;

/// What a thread is, and of which lane, or with how many items.
struct part {
  enum class role {
    nobody,
    worker,        ///< Of lane `number`.
    from_outside,  ///< Submits so many items.
    helper,        ///< The same, and runs the last of them itself, if it can.
    busy_body,     ///< Submits so many on lane 0, and goes on for ever.
    short_body,    ///< The same, but ends, and its thread is lane 0's worker.
  };
  role what = role::nobody;
  int number = 0;
};
using role = part::role;

struct scenario {
  const char* name;
  int lanes = 2;
  bool spins = true;
  int there = 0;  ///< So many items are there before the threads begin.
  std::array<body, 4> items;
  std::array<part, 3> threads;
  int preemptions = 2;
};
constexpr body for_ever{};
constexpr body returns{.returns = true};
constexpr part worker_0{role::worker, 0};
constexpr part worker_1{role::worker, 1};
constexpr part worker_2{role::worker, 2};

constexpr part busy(int items) {
  return {role::busy_body, items};
}
constexpr part outside(int items) {
  return {role::from_outside, items};
}
constexpr part helper(int items) {
  return {role::helper, items};
}

constexpr scenario batch{.name = "items from outside, taken together",
                         .there = 1,
                         .items = {returns, for_ever, for_ever},
                         .threads = {outside(2), worker_0, worker_1}};
constexpr scenario two_of_a_body{.name = "a body submits two, and goes on",
                                 .lanes = 3,
                                 .items = {for_ever, for_ever},
                                 .threads = {busy(2), worker_1, worker_2}};
constexpr scenario one_of_a_body{
    .name = "a body submits one, and goes on", .items = {for_ever}, .threads = {busy(1), worker_1}, .preemptions = 4};
constexpr scenario taken_by_owner{.name = "a body submits one, and ends",
                                  .items = {returns},
                                  .threads = {part{role::short_body, 1}, worker_1},
                                  .preemptions = 3};
constexpr scenario helped{.name = "a user's thread helps while others submit",
                          .lanes = 1,
                          .items = {returns, returns},
                          .threads = {helper(1), outside(1), worker_0}};
constexpr scenario helped_asleep{.name = "the same, and nobody spins",
                                 .lanes = 1,
                                 .spins = false,
                                 .items = {returns, returns},
                                 .threads = {helper(1), outside(1), worker_0}};
constexpr scenario helped_younger{.name = "a user's thread helps with the younger of two",
                                  .items = {for_ever, for_ever},
                                  .threads = {helper(2), worker_0, worker_1}};
constexpr scenario helper_goes_on{.name = "what a user's thread runs submits one, and goes on",
                                  .items = {body{.submits = 1}, for_ever},
                                  .threads = {helper(1), worker_0, worker_1}};
constexpr scenario record{.name = "a map's record",
                          .lanes = 3,
                          .there = 1,
                          .items = {body{.calls = 3}},
                          .threads = {worker_0, worker_1, worker_2}};
constexpr scenario record_asleep{.name = "a map's record, and nobody spins",
                                 .lanes = 3,
                                 .spins = false,
                                 .there = 1,
                                 .items = {body{.calls = 3}},
                                 .threads = {worker_0, worker_1, worker_2}};
constexpr std::array scenarios{batch,         two_of_a_body,  one_of_a_body,  taken_by_owner, helped,
                               helped_asleep, helped_younger, helper_goes_on, record,         record_asleep};

template <class Rules>
void play(scheduler_model::node<Rules>& node, part p) {
  switch (p.what) {
    case role::worker:
      return node.work(p.number);
    case role::from_outside:
      return node.submit_from_outside(p.number);
    case role::helper:
      node.submit_from_outside(p.number - 1);
      return node.submit_and_help();
    default:
      node.be_body(0, {.submits = p.number});
      if (p.what == role::short_body) node.work(0);
  }
}

template <class Rules>
interleavings::report explore(const scenario& s) {
  std::unique_ptr<scheduler_model::node<Rules>> n;
  return interleavings::explore(
      [&](program& p) {
        n.reset();
        n = std::make_unique<scheduler_model::node<Rules>>(s.lanes, s.spins, s.items);
        n->submit_from_outside(s.there);
        for (const part& t : s.threads) {
          if (t.what != role::nobody) p.thread([&n, t] { play(*n, t); });
        }
        p.finally([&n] { n->settle(); });
      },
      {.preemptions = s.preemptions, .may_end_waiting = true});
}

TEST(scheduler_model_test, NoWorkIsLeftWhileAThreadSleepsAndNoneIsRunTwice) {
  for (const scenario& s : scenarios) {
    const auto report = explore<scheduler_model::rules>(s);
    EXPECT_FALSE(report.failure) << s.name << ": " << *report.failure;
    EXPECT_TRUE(report.complete) << s.name;
    EXPECT_GT(report.executions, 100u) << s.name << ": too few to mean anything";
  }
}

/// What goes wrong first with these rules in a scenario.
template <class Rules>
std::string failure_of(const scenario& s) {
  return explore<Rules>(s).failure.value_or("nothing");
}
using scheduler_model::rules;
struct forgets_more : rules {
  static constexpr bool woken_sees_to_more = false;
};
struct silent_batch : rules {
  static constexpr bool batch_is_told_of = false;
};
struct never_robs_one : rules {
  static constexpr bool takes_what_is_stale = false;
};
struct relies_on_nobody : rules {
  static constexpr bool wakes_if_nobody_looks = false;
};
struct leaves_single_at_last : rules {
  static constexpr bool last_look_sees_single = false;
};
struct trusts_helpers : rules {
  static constexpr bool last_look_trusts_helpers = true;
};
struct turns_away : rules {
  static constexpr bool turned_away_wakes = false;
};
struct leaves_behind : rules {
  static constexpr bool helper_looks_behind = false;
};
struct leaves_in_lanes : rules {
  static constexpr bool behind_in_lanes = false;
};
struct keeps_the_record : rules {
  static constexpr bool record_is_put_back = false;
};

TEST(scheduler_model_test, EachRuleIsNeeded) {
  constexpr auto left = "work is left, and every thread sleeps";
  EXPECT_THAT(failure_of<forgets_more>(two_of_a_body), StartsWith(left));
  EXPECT_THAT(failure_of<silent_batch>(batch), StartsWith(left));
  EXPECT_THAT(failure_of<never_robs_one>(one_of_a_body), StartsWith("a worker looks again and again"));
  EXPECT_THAT(failure_of<relies_on_nobody>(one_of_a_body), StartsWith(left));
  EXPECT_THAT(failure_of<leaves_single_at_last>(one_of_a_body), StartsWith(left));
  EXPECT_THAT(failure_of<trusts_helpers>(helped_asleep), StartsWith(left));
  EXPECT_THAT(failure_of<turns_away>(helper_goes_on), StartsWith(left));
  EXPECT_THAT(failure_of<leaves_behind>(helped), StartsWith(left));
  EXPECT_THAT(failure_of<leaves_in_lanes>(helped_younger), StartsWith(left));
  EXPECT_THAT(failure_of<keeps_the_record>(record), StartsWith(left));
}

}  // namespace
