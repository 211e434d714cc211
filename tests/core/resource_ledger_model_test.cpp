// SPDX-License-Identifier: Apache-2.0
// The ledger against its promises, with requests, releases and withdrawals at random.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "resource_ledger_fixture.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;

resource_request random_request(std::mt19937_64& random) {
  resource_request r;
  constexpr std::int32_t shares[] = {gpu / 4, gpu / 2, gpu, 2 * gpu, 3 * gpu};
  if (random() % 2 == 0) r.gpu_units = shares[random() % 5];
  if (random() % 3 == 0) r.memory_bytes = 1 + random() % 1000;
  if (random() % 2 == 0) r.custom.emplace_back("licence", 1 + random() % (2 * one));
  if (random() % 3 == 0) r.custom.emplace_back("tape", one);
  if (r.empty()) r.memory_bytes = 1;
  return r;
}

/// What must be free, from what each holds.
class accounts {
 public:
  explicit accounts(const resource_totals& totals)
      : free{.memory_bytes = totals.memory_bytes,
             .device_units = std::vector<std::int32_t>(static_cast<std::size_t>(totals.devices), gpu)} {
    for (const auto& [name, units] : totals.custom) free.custom.push_back(units);
    names_ = totals.custom;
  }
  void take(const client& who) { change(who, false); }
  void give_back(const client& who) { change(who, true); }
  /// Whether there is as much as `r` asks for.
  [[nodiscard]] bool enough_for(const resource_request& r) const {
    if (r.memory_bytes > free.memory_bytes) return false;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (amount(r, i) > free.custom[i]) return false;
    }
    const auto each = std::min(r.gpu_units, gpu);
    const auto with_room = std::ranges::count_if(free.device_units, [&](std::int32_t f) { return f >= each; });
    return r.gpu_units == 0 || with_room >= std::max(1, r.gpu_units / gpu);
  }
  [[nodiscard]] std::uint64_t amount(const resource_request& r, std::size_t i) const {
    for (const auto& [name, units] : r.custom) {
      if (name == names_[i].first) return units;
    }
    return 0;
  }
  /// Whether both ask for some of one resource.
  [[nodiscard]] bool compete(const resource_request& a, const resource_request& b) const {
    bool both = (a.memory_bytes > 0 && b.memory_bytes > 0) || (a.gpu_units > 0 && b.gpu_units > 0);
    for (std::size_t i = 0; i < names_.size(); ++i) both = both || (amount(a, i) > 0 && amount(b, i) > 0);
    return both;
  }
  /// Whether `b` asks for all that `a` asks for, and more.
  [[nodiscard]] bool covers(const resource_request& a, const resource_request& b) const {
    bool all = a.memory_bytes <= b.memory_bytes && a.gpu_units <= b.gpu_units;
    for (std::size_t i = 0; i < names_.size(); ++i) all = all && amount(a, i) <= amount(b, i);
    return all;
  }

  resource_ledger::state free;

 private:
  void change(const client& who, bool back) {
    const auto move = [back](auto& pool, auto units) { pool = back ? pool + units : pool - units; };
    move(free.memory_bytes, who.request.memory_bytes);
    for (std::size_t i = 0; i < names_.size(); ++i) move(free.custom[i], amount(who.request, i));
    for (const int d : who.share.devices()) {
      move(free.device_units[static_cast<std::size_t>(d)], std::min(who.request.gpu_units, gpu));
    }
  }
  std::vector<std::pair<std::string, std::uint64_t>> names_;
};

/// Requests, releases and withdrawals at random. After each: what is free and what is held make up the total; nobody
/// waits for whom there is enough and with whom nobody older competes; nobody has what an older one waits for who asked
/// for no more. In the end all had their turn.
TEST(ResourceLedgerModel, KeepsItsPromisesAtEachStep) {
  std::mt19937_64 random(test_seed());
  const resource_totals totals{.memory_bytes = 1000, .custom = {{"licence", 2 * one}, {"tape", one}}, .devices = 3};
  for (int round = 0; round < 30; ++round) {
    glint::manual_clock clock;
    timer_service timers(clock);
    resource_ledger ledger(totals, timers, 0s);
    accounts books(totals);
    std::deque<client> all;
    std::vector<client*> waiting;  // in order of arrival
    std::vector<client*> holding;
    std::vector<client*> granted;
    const auto look = [&] {
      granted.clear();
      for (client* c : waiting) {
        if (c->has()) granted.push_back(c);
      }
      std::erase_if(waiting, [](client* c) { return c->has(); });
      for (client* c : granted) books.take(*c);
      holding.insert(holding.end(), granted.begin(), granted.end());
    };
    const auto check = [&] {
      books.free.waiting = waiting.size();
      ASSERT_EQ(ledger.free(), books.free);
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        const resource_request& mine = waiting[i]->request;
        const bool blocked = std::any_of(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(i),
                                         [&](client* older) { return books.compete(older->request, mine); });
        ASSERT_TRUE(blocked || !books.enough_for(mine)) << "one was forgotten";
        for (client* got : granted) {
          ASSERT_FALSE(got->number > waiting[i]->number && books.covers(mine, got->request)) << "one was overtaken";
        }
      }
    };
    const auto give_back = [&](std::size_t i) {
      client& c = *holding[i];
      holding.erase(holding.begin() + static_cast<std::ptrdiff_t>(i));
      books.give_back(c);
      c.share.reset();
    };
    for (int step = 0; step < 400; ++step) {
      const auto what = random() % 10;
      if (what < 5) {
        client& c = all.emplace_back(ledger, random_request(random));
        c.number = step;
        waiting.push_back(&c);
        (void)c.ask();
      } else if (what < 9 && !holding.empty()) {
        give_back(random() % holding.size());
      } else if (!waiting.empty()) {
        const auto i = random() % waiting.size();
        ASSERT_TRUE(ledger.withdraw(*waiting[i]));
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(i));
      }
      look();
      ASSERT_NO_FATAL_FAILURE(check()) << "round " << round << ", step " << step;
    }
    while (!holding.empty()) {
      give_back(random() % holding.size());
      look();
      ASSERT_NO_FATAL_FAILURE(check()) << "round " << round << ", at the end";
    }
    EXPECT_TRUE(waiting.empty()) << "somebody starved";
    for (const client& c : all) EXPECT_LE(c.grants, 1);
  }
}

/// Requests, withdrawals and releases on several threads: everyone is granted or withdrawn, never both, and all is free
/// in the end.
TEST(ResourceLedgerModel, WithdrawalsRaceWithGrants) {
  const auto seed = test_seed();
  timer_service timers;
  const resource_totals totals{.memory_bytes = 1000, .custom = {{"licence", 2 * one}, {"tape", one}}, .devices = 3};
  resource_ledger ledger(totals, timers, 1ms);
  glint::set_log_level(glint::log_level::error);

  struct racer final : resource_claim {
    racer(resource_ledger& l, const resource_request& r) : resource_claim(l.demand_of(r)) {}
    void granted(resource_share got) noexcept override {
      got.reset();
      grants.fetch_add(1);
    }
    void refused(const glint::error&) noexcept override {}
    std::string subject() const override { return "racer"; }
    std::atomic<int> grants{0};
    bool withdrawn = false;
  };
  std::vector<std::deque<racer>> racers(3);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < racers.size(); ++t) {
    threads.emplace_back([&, t] {
      std::mt19937_64 random(seed + t);
      std::vector<resource_share> held;
      for (int i = 0; i < 3000; ++i) {
        racer& r = racers[t].emplace_back(ledger, random_request(random));
        ledger.request(r);
        if (random() % 2 == 0) held.push_back(ledger.try_take(ledger.demand_of(random_request(random))));
        if (random() % 3 == 0) r.withdrawn = ledger.withdraw(r);
        if (held.size() > 3) held.clear();
      }
    });
  }
  for (auto& t : threads) t.join();
  // Told after the release that granted them, by the thread that released.
  for (auto& mine : racers) {
    for (racer& r : mine) ASSERT_EQ(r.grants.load() + (r.withdrawn ? 1 : 0), 1);
  }
  const resource_ledger::state full{
      .memory_bytes = 1000, .custom = {2 * one, one}, .device_units = {gpu, gpu, gpu}, .waiting = 0};
  EXPECT_EQ(ledger.free(), full);
  glint::set_log_level(glint::log_level::warning);
}

}  // namespace
}  // namespace glint_test
