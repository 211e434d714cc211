// SPDX-License-Identifier: Apache-2.0
#include "resource_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "resource_ledger_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using testing::ElementsAre;

TEST_F(ResourceLedger, GrantsAtOnceWhatIsFreeAndTakesItBackOnce) {
  auto& a = make({.gpu_units = gpu / 2, .memory_bytes = 600, .custom = {{"licence", one}, {"tape", one / 4}}});
  ASSERT_TRUE(a.ask());
  EXPECT_EQ(ledger.free(),
            (resource_ledger::state{
                .memory_bytes = 400, .custom = {one, one - one / 4}, .device_units = {gpu / 2, gpu}, .waiting = 0}));
  resource_share moved = std::move(a.share);
  a.share.reset();
  EXPECT_NE(ledger.free(), full) << "a share that was moved out of holds nothing";
  moved = resource_share();
  EXPECT_EQ(ledger.free(), full);
  moved.reset();
  EXPECT_EQ(ledger.free(), full);
}

TEST_F(ResourceLedger, GrantsInOrderOfArrival) {
  auto& first = make({.custom = {{"licence", 2 * one}}});
  auto& second = make({.custom = {{"licence", 2 * one}}});
  auto& third = make({.custom = {{"licence", one}}});
  auto& fourth = make({.custom = {{"licence", one}}});
  ASSERT_TRUE(first.ask());
  EXPECT_FALSE(second.ask());
  EXPECT_FALSE(third.ask());
  EXPECT_FALSE(fourth.ask());
  first.share.reset();
  EXPECT_TRUE(second.has());
  EXPECT_FALSE(third.has());
  second.share.reset();
  EXPECT_TRUE(third.has() && fourth.has());
}

TEST_F(ResourceLedger, ALargeRequestIsNotOvertakenBySmallOnes) {
  auto& small = make({.custom = {{"licence", one}}});
  auto& large = make({.custom = {{"licence", 2 * one}}});
  auto& late = make({.custom = {{"licence", one}}});
  ASSERT_TRUE(small.ask());
  EXPECT_FALSE(large.ask());
  EXPECT_FALSE(late.ask()) << "one licence is free, and the large request waits for it";
  small.share.reset();
  EXPECT_TRUE(large.has());
  EXPECT_FALSE(late.has());
}

TEST_F(ResourceLedger, WhoNeedsNothingOfWhatAnotherWaitsForPasses) {
  auto& holder = make({.custom = {{"licence", 2 * one}}});
  auto& waits = make({.gpu_units = gpu, .memory_bytes = 900, .custom = {{"licence", one}}});
  ASSERT_TRUE(holder.ask());
  EXPECT_FALSE(waits.ask());
  auto& passes = make({.gpu_units = 2 * gpu, .memory_bytes = 500, .custom = {{"tape", one}}});
  EXPECT_TRUE(passes.ask()) << "the other waits for licences only";
}

/// It lacked a licence, and a younger one took the memory meanwhile: from now on it waits for memory, too, and nobody
/// takes that any more.
TEST_F(ResourceLedger, AWaitingRequestComesToWaitForWhatWasTakenMeanwhile) {
  auto& licences = make({.custom = {{"licence", 2 * one}}});
  auto& waits = make({.memory_bytes = 600, .custom = {{"licence", one}}});
  auto& memory = make({.memory_bytes = 500});
  auto& more_memory = make({.memory_bytes = 400});
  auto& licence = make({.custom = {{"licence", one}}});
  ASSERT_TRUE(licences.ask());
  EXPECT_FALSE(waits.ask());
  EXPECT_TRUE(memory.ask());
  licences.share.reset();
  EXPECT_FALSE(waits.has()) << "now it lacks memory";
  EXPECT_FALSE(more_memory.ask()) << "there is enough, but an older one waits for it";
  EXPECT_FALSE(licence.ask()) << "what it once waited for is kept for it";
  memory.share.reset();
  EXPECT_TRUE(waits.has());
  EXPECT_TRUE(more_memory.has()) << "400 of 1000 are left";
  EXPECT_TRUE(licence.has());
}

/// The older one gets in before a younger one that waits for the memory already.
TEST_F(ResourceLedger, TheOlderGoesFirstAlsoWhereItCameLater) {
  auto& licences = make({.custom = {{"licence", 2 * one}}});
  auto& old = make({.memory_bytes = 600, .custom = {{"licence", one}}});
  auto& memory = make({.memory_bytes = 1000});
  auto& young = make({.memory_bytes = 700});
  ASSERT_TRUE(licences.ask());
  EXPECT_FALSE(old.ask());
  ASSERT_TRUE(memory.ask());
  EXPECT_FALSE(young.ask());
  licences.share.reset();
  memory.share.reset();
  EXPECT_TRUE(old.has());
  EXPECT_FALSE(young.has());
}

TEST_F(ResourceLedger, NothingIsHeldWhileSomethingLacks) {
  auto& a = make({.custom = {{"licence", 2 * one}}});
  auto& b = make({.custom = {{"tape", one}}});
  ASSERT_TRUE(a.ask() && b.ask());
  auto& both = make({.memory_bytes = 1000, .custom = {{"licence", 2 * one}, {"tape", one}}});
  auto& both_too = make({.memory_bytes = 1000, .custom = {{"tape", one}, {"licence", 2 * one}}});
  EXPECT_FALSE(both.ask() || both_too.ask());
  EXPECT_EQ(ledger.free().memory_bytes, 1000u);
  a.share.reset();
  EXPECT_EQ(ledger.free().custom, (std::vector<std::uint64_t>{2 * one, 0}));
  b.share.reset();
  EXPECT_TRUE(both.has());
  both.share.reset();
  EXPECT_TRUE(both_too.has());
}

TEST_F(ResourceLedger, AWithdrawnRequestLetsThoseBehindItGo) {
  auto& holder = make({.memory_bytes = 500, .custom = {{"licence", one}}});
  auto& waits = make({.memory_bytes = 1000, .custom = {{"licence", 2 * one}}});
  auto& behind = make({.memory_bytes = 500});
  auto& behind_too = make({.custom = {{"licence", one}}});
  ASSERT_TRUE(holder.ask());
  EXPECT_FALSE(waits.ask() || behind.ask() || behind_too.ask());
  EXPECT_TRUE(ledger.withdraw(waits));
  EXPECT_FALSE(ledger.withdraw(waits));
  EXPECT_TRUE(behind.has() && behind_too.has());
  EXPECT_FALSE(ledger.withdraw(behind)) << "it is granted";
  EXPECT_EQ(waits.grants, 0);
  for (client* c : {&holder, &behind, &behind_too}) c->share.reset();
  EXPECT_TRUE(waits.ask()) << "a claim may be used again";
}

TEST_F(ResourceLedger, SharesOfOneDeviceGoWhereTheyAreWantedElseWhereMostIsFree) {
  auto& a = make({.gpu_units = gpu / 2});
  auto& b = make({.gpu_units = gpu / 4});
  auto& wants_0 = make({.gpu_units = gpu / 2});
  wants_0.wanted_device = 0;
  auto& wants_full = make({.gpu_units = gpu / 2});
  wants_full.wanted_device = 0;
  ASSERT_TRUE(a.ask() && b.ask() && wants_0.ask() && wants_full.ask());
  EXPECT_THAT(a.share.devices(), ElementsAre(0));
  EXPECT_THAT(b.share.devices(), ElementsAre(1));
  EXPECT_THAT(wants_0.share.devices(), ElementsAre(0));
  EXPECT_THAT(wants_full.share.devices(), ElementsAre(1));
}

TEST_F(ResourceLedger, SeveralDevicesAreWholeAndComeAllAtOnce) {
  auto& part = make({.gpu_units = gpu / 4});
  part.wanted_device = 1;
  auto& both = make({.gpu_units = 2 * gpu});
  both.wanted_device = 1;
  auto& half = make({.gpu_units = gpu / 2});
  ASSERT_TRUE(part.ask());
  EXPECT_FALSE(both.ask());
  EXPECT_FALSE(half.ask()) << "a device is free, and kept for the one that waits for both";
  EXPECT_THAT(ledger.free().device_units, ElementsAre(gpu, gpu - gpu / 4)) << "nothing is held meanwhile";
  part.share.reset();
  ASSERT_TRUE(both.has());
  EXPECT_THAT(both.share.devices(), ElementsAre(1, 0)) << "the one that is wanted first";
  EXPECT_FALSE(half.has());
}

TEST_F(ResourceLedger, WhoIsBoundToADeviceLetsOthersPassToOtherDevices) {
  auto& holder = make({.gpu_units = gpu});
  ASSERT_TRUE(holder.ask());
  auto& bound = make({.gpu_units = gpu / 2});
  bound.bound_device = 0;
  EXPECT_FALSE(bound.ask());
  auto& other = make({.gpu_units = gpu});
  EXPECT_TRUE(other.ask()) << "device 1";
  auto& any = make({.gpu_units = gpu / 2});
  auto& bound_late = make({.gpu_units = gpu / 2});
  bound_late.bound_device = 1;
  EXPECT_FALSE(any.ask() || bound_late.ask());
  other.share.reset();
  EXPECT_THAT(any.share.devices(), ElementsAre(1));
  EXPECT_THAT(bound_late.share.devices(), ElementsAre(1)) << "the other half, once the older one had its own";
  EXPECT_FALSE(bound.has());
  holder.share.reset();
  EXPECT_THAT(bound.share.devices(), ElementsAre(0));
}

TEST_F(ResourceLedger, NobodyTakesOfADeviceThatAnOlderOneIsBoundTo) {
  auto& holder = make({.gpu_units = gpu / 4});
  ASSERT_TRUE(holder.ask());
  auto& bound = make({.gpu_units = gpu});
  bound.bound_device = 0;
  EXPECT_FALSE(bound.ask());
  auto& wants = make({.gpu_units = gpu / 4});
  wants.wanted_device = 0;
  ASSERT_TRUE(wants.ask());
  EXPECT_THAT(wants.share.devices(), ElementsAre(1)) << "device 0 has room, and is kept";
  auto& bound_late = make({.gpu_units = gpu / 4});
  bound_late.bound_device = 0;
  auto& any = make({.gpu_units = gpu});
  EXPECT_FALSE(bound_late.ask() || any.ask());
  auto& both = make({.gpu_units = 2 * gpu});
  both.bound_device = 1;
  EXPECT_FALSE(both.ask());
  holder.share.reset();
  EXPECT_TRUE(bound.has());
  wants.share.reset();
  EXPECT_THAT(any.share.devices(), ElementsAre(1));
  bound.share.reset();
  EXPECT_TRUE(bound_late.has());
  any.share.reset();
  EXPECT_FALSE(both.has());
  bound_late.share.reset();
  EXPECT_THAT(both.share.devices(), ElementsAre(1, 0));
}

TEST_F(ResourceLedger, WhatIsTakenAtOnceOvertakesNobody) {
  auto& holder = make({.custom = {{"licence", one}}});
  auto& waits = make({.custom = {{"licence", 2 * one}}});
  ASSERT_TRUE(holder.ask());
  const resource_demand licence = ledger.demand_of({.custom = {{"licence", one}}});
  {
    const resource_share taken = ledger.try_take(licence);
    EXPECT_TRUE(taken);
    EXPECT_FALSE(ledger.try_take(licence));
  }
  EXPECT_FALSE(waits.ask());
  EXPECT_FALSE(ledger.try_take(licence)) << "one is free, and kept for who waits";
  EXPECT_EQ(ledger.free().waiting, 1u);
  ASSERT_TRUE(ledger.withdraw(waits));
}

TEST_F(ResourceLedger, SaysAllThatIsMissingAndHowMuchThereIs) {
  EXPECT_TRUE(ledger.shortages({.gpu_units = 2 * gpu, .memory_bytes = 1000, .custom = {{"licence", 2 * one}}}).empty());
  EXPECT_THAT(
      ledger.shortages(
          {.gpu_units = 3 * gpu, .memory_bytes = 2048, .custom = {{"licence", 2 * one + 1}, {"robot", one / 2}}}),
      ElementsAre("3 gpus (this node has 2)", "2KiB memory (this node has 1000 bytes)",
                  "2.0001 licence (this node has 2)", "0.5 robot (this node has none)"));
}

TEST_F(ResourceLedger, AThousandThatFailAtOnceNeedNoDeepStack) {
  auto& holder = make({.custom = {{"tape", one}}});
  ASSERT_TRUE(holder.ask());
  int deepest = 0;
  int depth = 0;
  std::vector<client*> waiting;
  for (int i = 0; i < 1000; ++i) {
    client& c = make({.custom = {{"tape", one}}});
    c.on_grant = [&c, &depth, &deepest] {
      deepest = std::max(deepest, ++depth);
      c.share.reset();  // as a task that fails when it is granted
      --depth;
    };
    EXPECT_FALSE(c.ask());
    waiting.push_back(&c);
  }
  holder.share.reset();
  for (client* c : waiting) EXPECT_EQ(c->grants, 1);
  EXPECT_EQ(deepest, 1);
}

TEST_F(ResourceLedger, StopRefusesWhoWaitsAndWhoComesAndStillTakesBack) {
  auto& holder = make({.custom = {{"tape", one}}});
  auto& waits = make({.memory_bytes = 1, .custom = {{"tape", one}}});
  auto& late = make({.memory_bytes = 1});
  ASSERT_TRUE(holder.ask());
  EXPECT_FALSE(waits.ask());
  ledger.stop(glint::error(errc::shutdown, "the runtime was shut down"));
  ASSERT_TRUE(waits.refusal.has_value());
  EXPECT_EQ(waits.refusal->code(), errc::shutdown);
  EXPECT_FALSE(ledger.withdraw(waits));
  EXPECT_FALSE(late.ask());
  ASSERT_TRUE(late.refusal.has_value());
  EXPECT_EQ(late.refusal->code(), errc::shutdown);
  EXPECT_FALSE(ledger.try_take(ledger.demand_of({.memory_bytes = 1})));
  holder.share.reset();
  EXPECT_EQ(waits.grants, 0);
}

/// Small requests that come again as soon as they have given back, of two resources in turn, so that there is never a
/// moment in which all of both is free by itself.
TEST_F(ResourceLedger, ALargeRequestIsNotStarvedByManySmallOnes) {
  std::deque<client> small;
  std::vector<client*> holding;
  const auto next = [&](bool memory) {
    client& c = small.emplace_back(
        ledger, memory ? resource_request{.memory_bytes = 500} : resource_request{.custom = {{"licence", one}}});
    (void)c.ask();
    return &c;
  };
  for (int i = 0; i < 4; ++i) holding.push_back(next(i % 2 == 0));
  auto& large = make({.memory_bytes = 1000, .custom = {{"licence", 2 * one}}});
  EXPECT_FALSE(large.ask());
  int rounds = 0;
  for (; rounds < 100 && !large.has(); ++rounds) {
    auto& oldest = holding[static_cast<std::size_t>(rounds) % holding.size()];
    oldest->share.reset();
    oldest = next(rounds % 2 == 0);
  }
  EXPECT_LE(rounds, 4) << "all that held something when it came have given it back";
  large.share.reset();
}

}  // namespace
}  // namespace glint_test
