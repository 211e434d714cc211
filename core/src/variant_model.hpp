// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glint/base/mutex.hpp>
#include "time_by_size.hpp"

namespace glint::detail {

/// What a choice is made from, besides the sizes and the times that were measured.
struct variant_candidate {
  bool possible = true;   ///< It could run now.
  double transfer_s = 0;  ///< To bring the arguments to where it would run.
};

/// The variants of one set, how long they took by size, and the choice between them.
///
/// The one whose time, with its transfers, is estimated the least is taken (the heterogeneous earliest finish time of
/// Topcuoglu, Hariri and Wu, 2002, for one task: what waits in queues is not counted). Two exceptions:
///  - Calibration. A variant is tried `calibration` times at a class of sizes before its estimate there is trusted,
///    unless other sizes say that it would take more than `hopeless` times as long as the best.
///  - Trials. A variant that takes longer by d is tried again once at least `trial_every` * d was spent, at this class,
///    on the others since it was last tried. One that failed whenever it was tried counts as `unknown_factor` times the
///    best.
///
/// So, of k variants, trials add at most (k - 1) / trial_every to what the calls at a class take in all, and
/// calibration `calibration` * (k - 1) calls: both by what was believed when they were chosen; a belief that is wrong
/// costs the calls that it takes to correct it. One that was too short is corrected within the measurements that
/// measured_times asks for; one that was too long by a factor f, after about trial_every * f calls of the best for each
/// of these. Many calls that are chosen before any has run are shared out evenly.
///
/// Thread-safe; no clock of its own: times are given.
class variant_history {
 public:
  static constexpr std::uint32_t calibration = 3;
  static constexpr double trial_every = 16;
  static constexpr double hopeless = 4;
  static constexpr double unknown_factor = 4;

  /// `key` names the set between runs, `names` the variants to people.
  variant_history(std::string key, std::vector<std::string> names);
  variant_history(const variant_history&) = delete;
  variant_history& operator=(const variant_history&) = delete;

  [[nodiscard]] const std::string& key() const noexcept { return key_; }
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  /// Which one is to run on arguments of so many bytes. Precondition: as many candidates as variants, one at least
  /// possible. Cost: a lock of the set's own, linear in variants and in the classes of sizes that were seen.
  [[nodiscard]] std::size_t choose(std::uint64_t bytes, std::span<const variant_candidate> candidates);
  /// It took so long, its transfers apart.
  void add(std::size_t variant, std::uint64_t bytes, double seconds);
  /// It was tried on so many bytes, and failed: what other sizes say of it does not count there until it ends well.
  void failed(std::size_t variant, std::uint64_t bytes);
  /// As time_by_size::assume.
  void assume(std::size_t variant, int size_class, double seconds, std::uint64_t count);

  /// Calls `visit(variant, class, times)` for all that was measured, under the set's lock.
  void for_each(const std::function<void(std::size_t, int, const measured_times&)>& visit) const;

 private:
  friend class variant_model;
  /// What choices at a class of sizes have to know of one variant.
  struct turns {
    std::uint32_t tries = 0;     ///< In this run.
    bool failed = false;         ///< And never ended well since.
    double spent_elsewhere = 0;  ///< Since it was last tried, seconds of the others.
  };
  struct one_variant {
    time_by_size times;
    std::map<int, turns> by_class;
  };
  struct offer;

  [[nodiscard]] std::vector<offer> offers(int size_class, std::span<const variant_candidate> candidates)
      GLINT_REQUIRES(mutex_);
  static void choose_for_trial(std::vector<offer>& offers, std::size_t& best) noexcept;

  const std::string key_;
  const std::vector<std::string> names_;
  mutable mutex mutex_;  // a leaf
  std::vector<one_variant> variants_ GLINT_GUARDED_BY(mutex_);
  variant_history* next_ = nullptr;  // of the model's list; written before it is in it
};

/// Between which kinds of memory.
enum class transfer_way : std::uint8_t { to_device, to_host, between_devices };
inline constexpr std::size_t transfer_ways = 3;
[[nodiscard]] std::string_view to_string(transfer_way way) noexcept;

/// All that is known of variants and of transfers. Thread-safe. Sets are added and never go, so finding one takes no
/// lock.
class variant_model {
 public:
  variant_model() = default;
  variant_model(const variant_model&) = delete;
  variant_model& operator=(const variant_model&) = delete;
  ~variant_model();

  /// The history of the set of `count` variants, made, with names that are asked for, if there is none. Cost: linear in
  /// the sets of the program; a lock for a new one.
  [[nodiscard]] variant_history& history(std::string_view key, std::size_t count,
                                         const std::function<std::vector<std::string>()>& names);

  /// Estimated by size as a variant's times are; while nothing was measured, 10 us and 10 GB/s.
  [[nodiscard]] double transfer_s(transfer_way way, std::uint64_t bytes) const;
  void add_transfer(transfer_way way, std::uint64_t bytes, double seconds);
  void assume_transfer(transfer_way way, int size_class, double seconds, std::uint64_t count);

  void for_each(const std::function<void(const variant_history&)>& visit) const;
  void for_each_transfer(const std::function<void(transfer_way, int, const measured_times&)>& visit) const;

  /// Whether anything was measured.
  [[nodiscard]] bool changed() const noexcept { return changed_.load(std::memory_order_relaxed); }
  void note_change() noexcept { changed_.store(true, std::memory_order_relaxed); }

  /// All of it as a table to read; empty if there is nothing.
  [[nodiscard]] std::string report() const;

 private:
  [[nodiscard]] variant_history* find(std::string_view key, std::size_t count) const noexcept;

  std::atomic<variant_history*> sets_{nullptr};  // the newest; owned
  mutex growing_;
  mutable mutex transfers_mutex_;  // a leaf
  std::array<time_by_size, transfer_ways> transfers_ GLINT_GUARDED_BY(transfers_mutex_);
  std::atomic<bool> changed_{false};
};

}  // namespace glint::detail
