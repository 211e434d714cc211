// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "fixture.hpp"
#include "resource_ledger.hpp"

namespace glint_test {

using glint::detail::resource_claim;
using glint::detail::resource_demand;
using glint::detail::resource_ledger;
using glint::detail::resource_request;
using glint::detail::resource_share;
using glint::detail::resource_totals;
using glint::detail::timer_service;

inline constexpr std::uint64_t one = glint::detail::units_per_one;
inline constexpr auto gpu = static_cast<std::int32_t>(one);

/// Who asks: notes what it is told.
class client final : public resource_claim {
 public:
  client(resource_ledger& ledger, const resource_request& wish, std::string name = "client")
      : resource_claim(ledger.demand_of(wish)), request(wish), name_(std::move(name)), ledger_(ledger) {}
  ~client() override { (void)ledger_.withdraw(*this); }
  void granted(resource_share got) noexcept override {
    share = std::move(got);
    ++grants;
    if (on_grant) on_grant();
  }
  void refused(const glint::error& why) noexcept override { refusal = why; }
  std::string subject() const override { return name_; }

  bool ask() {
    ledger_.request(*this);
    return has();
  }
  [[nodiscard]] bool has() const { return static_cast<bool>(share); }

  const resource_request request;
  resource_share share;
  int grants = 0;
  int number = 0;  ///< In order of arrival, where that matters.
  std::optional<glint::error> refusal;
  std::function<void()> on_grant;

 private:
  std::string name_;
  resource_ledger& ledger_;
};

/// A node of 1,000 bytes, 2 licences, 1 tape and 2 devices.
class ResourceLedger : public testing::Test {
 protected:
  client& make(const resource_request& request, const std::string& name = "client") {
    return clients_.emplace_back(ledger, request, name);
  }
  void TearDown() override {
    clients_.clear();
    EXPECT_EQ(ledger.free(), full);
  }

  glint::manual_clock clock;
  timer_service timers{clock};
  const resource_totals totals{.memory_bytes = 1000, .custom = {{"licence", 2 * one}, {"tape", one}}, .devices = 2};
  resource_ledger ledger{totals, timers, std::chrono::seconds(10)};
  const resource_ledger::state full{
      .memory_bytes = 1000, .custom = {2 * one, one}, .device_units = {gpu, gpu}, .waiting = 0};

 private:
  std::deque<client> clients_;
};

}  // namespace glint_test
