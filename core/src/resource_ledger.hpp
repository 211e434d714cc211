// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/base/mutex.hpp>
#include <glint/core/detail/resource_share.hpp>
#include "claim_queue.hpp"
#include "resource_request.hpp"
#include "timer_service.hpp"
#include "waiting_reports.hpp"

namespace glint::detail {

class resource_ledger;

/// What a node has, besides CPU slots.
struct resource_totals {
  std::uint64_t memory_bytes = 0;
  std::vector<std::pair<std::string, std::uint64_t>> custom = {};  ///< Units by name.
  int devices = 0;
};

/// A request in the ledger's own terms.
struct resource_demand {
  struct part {
    std::uint32_t pool = 0;  ///< 0: memory, in bytes; from 1: custom resources, in units.
    std::uint64_t amount = 0;
  };
  std::vector<part> parts = {};
  std::int32_t gpu_units = 0;
};

/// A place in the ledger of someone who asks: a task, an actor. May be used again once it was granted or withdrawn.
class resource_claim {
 public:
  explicit resource_claim(resource_demand demand);
  resource_claim(const resource_claim&) = delete;
  resource_claim& operator=(const resource_claim&) = delete;
  /// Precondition: does not wait, and is not about to be told.
  virtual ~resource_claim();

  /// All that was asked for is there. Called once a request, by whoever asked or gave something back, with no lock
  /// held. May destroy the claim.
  virtual void granted(resource_share share) noexcept = 0;
  /// Instead of `granted`: the ledger has stopped, or fewer devices are left than were asked for (device_lost).
  virtual void refused(const error& why) noexcept = 0;
  /// Who asks, for reports. Called under the ledger's lock while it waits: must be quick, and run no user code.
  [[nodiscard]] virtual std::string subject() const = 0;

  int wanted_device = -1;  ///< Taken if it has room; set before a request.
  int bound_device = -1;   ///< Must be among those taken; set before a request.

 private:
  friend class resource_ledger;
  friend class claim_queue;
  struct waiting_hook : report_hook {
    resource_claim* claim = nullptr;
  };
  // All guarded by the ledger's lock.
  const resource_demand demand_;
  std::uint64_t order_ = 0;
  std::vector<claim_hook> hooks_;  // one a part, then one for devices
  waiting_hook waiting_;
  // Made before it is needed, as granting allocates nothing; null for one that is told that it is hopeless.
  std::unique_ptr<resource_share::held> share_;
  resource_claim* next_told_ = nullptr;
};

/// Who has which share of the node's devices, memory and custom resources, and who waits for which. Thread-safe.
///
/// A request is granted as a whole or not at all. If it cannot be now, it waits for each resource that it lacks: one of
/// which too little is free, or for which an older request waits. Whenever it is looked at again it may come to wait
/// for more, never for less. Nobody takes of a resource for which an older request waits; who needs none of those
/// passes. So utilization is lost only on resources that are truly short.
///
/// Nobody starves: nothing is taken away from the oldest of those that wait, of what it waits for; so all that is given
/// back of these stays until there is enough. Then it is granted, or waits for one resource more, which happens at most
/// once a resource. Then the next one is the oldest. Nobody holds a part while it waits, so no two wait for each other.
///
/// Devices: a share of one (up to all of it) is taken of the device that holds most of the arguments, else where most
/// is free. More than one are whole devices, at once. Those that ask for a device wait in one queue; but one that is
/// bound to a device (an actor's) waits for that device only, and lets others pass to other devices.
///
/// Cost: one lock a request and one a release, O(parts); a release looks at the first in the queue of each resource
/// that it gives back, O(devices) for devices, and at nobody else unless that one is granted. Withdrawal is O(parts).
/// No allocation while granting. A leaf in the order of locks, the timers' excepted.
class resource_ledger {
 public:
  /// Requests that have waited for `report_after` are logged as warnings; zero: never. `timers` must outlive the
  /// ledger.
  resource_ledger(const resource_totals& totals, timer_service& timers, clock::duration report_after);
  resource_ledger(const resource_ledger&) = delete;
  resource_ledger& operator=(const resource_ledger&) = delete;
  ~resource_ledger();

  /// What the request asks for that the node does not have, each with how much it has; empty if it has all.
  [[nodiscard]] std::vector<std::string> shortages(const resource_request& request) const;
  /// Precondition: no shortages.
  [[nodiscard]] resource_demand demand_of(const resource_request& request) const;

  /// Grants now or later. The claim may be gone when this returns, unless the caller keeps it. Precondition: it does
  /// not wait.
  void request(resource_claim& claim) noexcept;
  /// True: the claim waited, does not any more, and is not told. False: it does not wait: it was never requested, or
  /// `granted` or `refused` was called, is being called or will be. Others may be granted by this.
  bool withdraw(resource_claim& claim) noexcept;
  /// Takes at once what nobody waits for; empty if there is not enough.
  [[nodiscard]] resource_share try_take(const resource_demand& demand);
  /// The device is lost: nobody is given a share of it any more, but who is bound to it (an actor, which finds that out
  /// by itself and moves). Those who ask for more devices than are left are refused. Idempotent.
  void retire(int device) noexcept;
  /// Refuses those who wait, and whoever asks later.
  void stop(const error& why) noexcept;

  /// What is free and who waits, for tests and reports.
  struct state {
    std::uint64_t memory_bytes = 0;
    std::vector<std::uint64_t> custom = {};       ///< Units, in the order of the totals.
    std::vector<std::int32_t> device_units = {};  ///< By index.
    std::size_t waiting = 0;
    friend bool operator==(const state&, const state&) = default;
  };
  [[nodiscard]] state free() const;

 private:
  friend class resource_share;
  struct pool {
    std::uint64_t total = 0;
    std::uint64_t free = 0;
    std::uint32_t holders = 0;
    claim_queue queue = {};
    bool dirty = false;
  };
  struct device {
    std::int32_t free = units_per_one;
    std::uint32_t holders = 0;
    bool retired = false;
    claim_queue queue = {};  // of claims bound to it
  };
  /// Claims to be told, in order.
  struct told_list {
    resource_claim* first = nullptr;
    resource_claim* last = nullptr;
    void push_back(resource_claim& claim) noexcept;
    resource_claim* pop_front() noexcept;
  };
  struct silent_claim;
  struct reporter final : wait_reporter {
    reporter(resource_ledger& l, timer_service& timers, clock::duration after) noexcept
        : wait_reporter(timers, after, l.mutex_), ledger(l) {}
    std::string who(const report_hook& hook) const override { return claim_of(hook).subject(); }
    std::string what(const report_hook& hook) const override { return ledger.describe(claim_of(hook)); }
    resource_ledger& ledger;
  };
  [[nodiscard]] static const resource_claim& claim_of(const report_hook& hook) noexcept {
    return *static_cast<const resource_claim::waiting_hook&>(hook).claim;
  }

  void release(const resource_share::held& share) noexcept;
  [[nodiscard]] static std::unique_ptr<resource_share::held> make_share(const resource_demand& demand);
  [[nodiscard]] bool lacks(const resource_claim& claim, const resource_demand::part& part) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool usable(int device, const resource_claim& claim) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] bool choose_devices(const resource_claim& claim, std::vector<int>& chosen) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] int most_free(const resource_claim& claim) const GLINT_REQUIRES(mutex_);
  /// Takes all, or joins the queues of what is lacking, if it is to wait.
  [[nodiscard]] bool grant(resource_claim& claim, bool wait) noexcept GLINT_REQUIRES(mutex_);
  void join(claim_queue& queue, claim_hook& hook) noexcept GLINT_REQUIRES(mutex_);
  void leave(resource_claim& claim) noexcept GLINT_REQUIRES(mutex_);
  void mark(pool& p) noexcept GLINT_REQUIRES(mutex_);
  /// Grants what can be, after changes of the resources that are marked.
  [[nodiscard]] told_list serve() noexcept GLINT_REQUIRES(mutex_);
  void serve_pool(pool& p, told_list& told) noexcept GLINT_REQUIRES(mutex_);
  void serve_devices(told_list& told) noexcept GLINT_REQUIRES(mutex_);
  /// Whether fewer devices are left than it asks for. If so it is to be told that, not granted.
  [[nodiscard]] bool hopeless(const resource_claim& claim) const noexcept GLINT_REQUIRES(mutex_);
  [[nodiscard]] int devices_left() const noexcept GLINT_REQUIRES(mutex_) {
    return static_cast<int>(devices_.size()) - devices_retired_;
  }
  [[nodiscard]] resource_claim* first_for_devices(std::uint64_t after) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] claim_queue& device_queue(const resource_claim& claim) GLINT_REQUIRES(mutex_);
  static void tell(told_list told) noexcept;

  [[nodiscard]] const std::string& name_of(std::uint32_t index) const noexcept;
  [[nodiscard]] std::string describe(const resource_claim& claim) const GLINT_REQUIRES(mutex_);
  [[nodiscard]] std::string describe_devices(const resource_claim& claim) const GLINT_REQUIRES(mutex_);

  const resource_totals totals_;
  mutable mutex mutex_;
  std::vector<pool> pools_ GLINT_GUARDED_BY(mutex_);
  std::vector<pool*> dirty_ GLINT_GUARDED_BY(mutex_);  // reserved for all
  bool devices_dirty_ GLINT_GUARDED_BY(mutex_) = false;
  std::vector<device> devices_ GLINT_GUARDED_BY(mutex_);
  int devices_retired_ GLINT_GUARDED_BY(mutex_) = 0;
  claim_queue device_queue_ GLINT_GUARDED_BY(mutex_);  // of claims that take any device
  std::uint64_t arrivals_ GLINT_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ GLINT_GUARDED_BY(mutex_) = 0;
  std::optional<error> stopped_ GLINT_GUARDED_BY(mutex_);
  reporter reports_ GLINT_GUARDED_BY(mutex_);
};

struct resource_share::held {
  resource_ledger* ledger = nullptr;  ///< Null until it was granted.
  resource_demand demand = {};
  std::vector<int> devices = {};
};

}  // namespace glint::detail
