// SPDX-License-Identifier: Apache-2.0
#include "waiting_reports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "resource_ledger_fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// Collects log lines while it lives.
class log_lines {
 public:
  log_lines() {
    glint::set_log_sink(
        [](void* self, glint::log_level level, std::string_view text) {
          auto& lines = *static_cast<log_lines*>(self);
          const std::lock_guard lock(lines.mutex_);
          EXPECT_EQ(level, glint::log_level::warning);
          lines.lines_.emplace_back(text);
        },
        this);
  }
  ~log_lines() { glint::set_log_sink(nullptr); }
  [[nodiscard]] std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Moves the time, and returns when all timers that are due were called.
void advance(glint::manual_clock& clock, timer_service& timers, glint::clock::duration by) {
  struct last final : glint::detail::timer {
    void expired() noexcept override { called.set(); }
    event called;
  } settled;
  clock.advance(by);
  ASSERT_TRUE(timers.schedule(settled, timers.now()));
  settled.called.wait();
  timers.cancel_and_wait(settled);
}

TEST_F(ResourceLedger, ALongWaitIsReportedAtGrowingIntervals) {
  log_lines log;
  auto& holder = make({.gpu_units = gpu / 4, .memory_bytes = 300, .custom = {{"licence", one}}}, "task holder");
  auto& large = make({.gpu_units = 2 * gpu, .memory_bytes = 800, .custom = {{"licence", one}}}, "task large");
  ASSERT_TRUE(holder.ask());
  EXPECT_FALSE(large.ask());
  advance(clock, timers, 9'999ms);
  EXPECT_TRUE(log.take().empty());
  advance(clock, timers, 1ms);
  EXPECT_THAT(log.take(),
              ElementsAre("task large has waited 10.0 s for 800 bytes memory (700 bytes of 1000 bytes free, "
                          "held by 1), 2 gpus (free: 0.75 of device 0, 1 of device 1; shares held: 1)"));
  auto& behind = make({.memory_bytes = 1}, "task behind");
  EXPECT_FALSE(behind.ask());
  advance(clock, timers, 10s);
  EXPECT_THAT(log.take(), ElementsAre("task behind has waited 10.0 s for 1 bytes memory (700 bytes of 1000 bytes free, "
                                      "held by 1, others asked before)"));
  advance(clock, timers, 10s);
  EXPECT_THAT(log.take(), ElementsAre(HasSubstr("task large has waited 30.0 s"))) << "20 s after the first";
  EXPECT_TRUE(ledger.withdraw(large));
  EXPECT_TRUE(behind.has());
  advance(clock, timers, 1h);
  EXPECT_TRUE(log.take().empty()) << "nobody waits any more";
}

TEST_F(ResourceLedger, ManyLongWaitsAreReportedInFewLines) {
  log_lines log;
  auto& holder = make({.custom = {{"tape", one}}});
  ASSERT_TRUE(holder.ask());
  std::vector<client*> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(&make({.custom = {{"tape", one}}}, "task " + std::to_string(i)));
  for (client* c : waiting) EXPECT_FALSE(c->ask());
  advance(clock, timers, 10s);
  const auto lines = log.take();
  ASSERT_EQ(lines.size(), 9u);
  EXPECT_THAT(lines.front(), HasSubstr("task 0 has waited"));
  EXPECT_EQ(lines.back(), "92 more requests have waited as long");
  for (client* c : waiting) EXPECT_TRUE(ledger.withdraw(*c));
}

TEST(ResourceLedgerReports, NobodyIsReportedWhereThatIsOff) {
  log_lines log;
  glint::manual_clock clock;
  timer_service timers(clock);
  resource_ledger ledger({.memory_bytes = 1}, timers, 0s);
  client holder(ledger, {.memory_bytes = 1});
  client waits(ledger, {.memory_bytes = 1});
  EXPECT_TRUE(holder.ask());
  EXPECT_FALSE(waits.ask());
  EXPECT_FALSE(timers.started());
  advance(clock, timers, 24h);
  EXPECT_TRUE(log.take().empty());
  EXPECT_TRUE(ledger.withdraw(waits));
}

}  // namespace
}  // namespace glint_test
