// SPDX-License-Identifier: Apache-2.0
#include "escape_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

/// All interleavings, up to a number of preemptions, of a local count that reaches zero and a ref that escapes or comes
/// home: an object is destroyed once, not while anybody here or elsewhere has a ref, and in the end always; it has one
/// id; and a ref that comes home is never refused.
namespace {

using interleavings::check;
using interleavings::program;
using ::testing::StartsWith;

/// What the threads do beside the control loop.
struct cast {
  const char* name;
  std::uint64_t users;
  std::uint64_t holds;
  const char* first;  ///< Each letter a step: 's'end, 'r'ead, 'd'rop, 'a'wait a ref that comes home, 'u'nhold.
  const char* second;
  int comes_home;
  int preemptions = 2;
};
constexpr cast two_send{"two send at once", 2, 0, "srd", "srd", 0};
constexpr cast one_sends{"one sends, the other lets go without having looked", 2, 0, "srd", "rd", 0, 3};
constexpr cast comes_home{"it comes home", 1, 0, "srd", "ard", 1};
constexpr cast sent_again{"it comes home, and is sent again", 1, 0, "srd", "arsd", 1};
constexpr cast home_twice{"it comes home twice", 1, 0, "srd", "ardard", 2};
constexpr cast with_producer{"it comes home while its producer is on its way out", 1, 1, "srdard", "u", 1};
constexpr std::array casts{two_send, one_sends, comes_home, sent_again, home_twice, with_producer};

template <class Rules>
class play {
 public:
  play(const cast& c, program& p) : node_(c.users, c.holds, c.comes_home) {
    p.thread([this, &c] { act(c.first); });
    p.thread([this, &c] { act(c.second); });
    p.thread([this] { node_.run_control(); });
  }
  void settle() { check(node_.object.gone, "nobody has a ref, and the object is there"); }

 private:
  void act(const char* script) {
    for (; *script != '\0'; ++script) {
      switch (*script) {
        case 's':
          node_.send();
          break;
        case 'r':
          node_.read();
          break;
        case 'd':
          node_.drop();
          break;
        case 'a':
          node_.await_arrival();
          break;
        default:
          node_.unhold();
      }
    }
  }
  escape_model::node<Rules> node_;
};

template <class Rules>
interleavings::report explore(const cast& c) {
  std::unique_ptr<play<Rules>> current;
  return interleavings::explore(
      [&](program& p) {
        current.reset();
        current = std::make_unique<play<Rules>>(c, p);
        p.finally([&current] { current->settle(); });
      },
      {.preemptions = c.preemptions});
}

TEST(escape_model_test, AnObjectIsFreedOnceByTheControlLoopWhenNobodyHasARef) {
  for (const cast& c : casts) {
    const auto report = explore<escape_model::rules>(c);
    EXPECT_FALSE(report.failure) << c.name << ": " << *report.failure;
    EXPECT_TRUE(report.complete) << c.name;
    EXPECT_GT(report.executions, 1'000u) << c.name << ": too few to mean anything";
  }
}

/// What goes wrong first with these rules in a scenario.
template <class Rules>
std::string failure_of(const cast& c) {
  return explore<Rules>(c).failure.value_or("nothing");
}
struct two_records : escape_model::rules {
  static constexpr bool one_record = false;
};
struct id_before_row : escape_model::rules {
  static constexpr bool row_before_id = false;
};
struct looks_before : escape_model::rules {
  static constexpr bool told_by_the_word = false;
};
struct anybody_frees : escape_model::rules {
  static constexpr bool control_frees = false;
};
struct trusts_reports : escape_model::rules {
  static constexpr bool checks_again = false;
};
struct counts_users_only : escape_model::rules {
  static constexpr bool counts_reports = false;
};

TEST(escape_model_test, EachRuleIsNeeded) {
  EXPECT_THAT(failure_of<two_records>(two_send), StartsWith("one object has two ids"));
  EXPECT_THAT(failure_of<id_before_row>(comes_home), StartsWith("a ref that came home was refused"));
  EXPECT_THAT(failure_of<looks_before>(one_sends), StartsWith("all threads that have not ended wait"));
  EXPECT_THAT(failure_of<anybody_frees>(comes_home), StartsWith("a data race"));
  EXPECT_THAT(failure_of<trusts_reports>(comes_home), StartsWith("freed while the other node has a ref"));
  EXPECT_THAT(failure_of<counts_users_only>(comes_home), StartsWith("an object was touched that is gone"));
}

constexpr auto relaxed = std::memory_order_relaxed;
struct relaxed_publish : escape_model::rules {
  static constexpr auto publish = relaxed;
};
struct relaxed_find : escape_model::rules {
  static constexpr auto find = relaxed;
};
struct relaxed_drop : escape_model::rules {
  static constexpr auto drop = relaxed;
};
struct relaxed_last : escape_model::rules {
  static constexpr auto last = relaxed;
};
struct relaxed_report : escape_model::rules {
  static constexpr auto report = relaxed;
};
struct relaxed_listen : escape_model::rules {
  static constexpr auto listen = relaxed;
};

TEST(escape_model_test, EachWeakerOrderIsCaught) {
  EXPECT_THAT(failure_of<relaxed_publish>(two_send), StartsWith("a data race"));
  EXPECT_THAT(failure_of<relaxed_find>(two_send), StartsWith("a data race"));
  EXPECT_THAT(failure_of<relaxed_drop>(one_sends), StartsWith("a data race"));
  EXPECT_THAT(failure_of<relaxed_last>(one_sends), StartsWith("a data race"));
  EXPECT_THAT(failure_of<relaxed_report>(comes_home), StartsWith("freed while somebody here has a ref"));
  EXPECT_THAT(failure_of<relaxed_listen>(comes_home), StartsWith("freed while somebody here has a ref"));
}

}  // namespace
