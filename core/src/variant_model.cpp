// SPDX-License-Identifier: Apache-2.0
#include "variant_model.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <glint/base/assert.hpp>

namespace glint::detail {
namespace {

constexpr double unmeasured_latency_s = 10e-6;
constexpr double unmeasured_bytes_per_s = 10e9;

}  // namespace

/// What one variant would take, as far as it is known.
struct variant_history::offer {
  std::size_t variant;
  turns* here;
  bool trusted;
  std::optional<double> total_s;      ///< Body and transfers.
  std::optional<double> predicted_s;  ///< The same, by other sizes alone.
  double transfer_s;
};

variant_history::variant_history(std::string key, std::vector<std::string> names)
    : key_(std::move(key)), names_(std::move(names)), variants_(names_.size()) {}

std::vector<variant_history::offer> variant_history::offers(int size_class,
                                                            std::span<const variant_candidate> candidates) {
  std::vector<offer> made;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].possible) continue;
    one_variant& v = variants_[i];
    turns& here = v.by_class[size_class];
    const auto with_transfer = [&](std::optional<double> body_s) {
      return body_s ? std::optional(*body_s + candidates[i].transfer_s) : std::nullopt;
    };
    made.push_back({.variant = i,
                    .here = &here,
                    .trusted = v.times.trusted(size_class) && !here.failed,
                    .total_s = here.failed ? std::nullopt : with_transfer(v.times.estimate(size_class)),
                    .predicted_s = here.failed ? std::nullopt : with_transfer(v.times.predict(size_class)),
                    .transfer_s = candidates[i].transfer_s});
  }
  return made;
}

std::size_t variant_history::choose(std::uint64_t bytes, std::span<const variant_candidate> candidates) {
  const int size_class = size_class_of(bytes);
  const lock_guard guard(mutex_);
  GLINT_ASSERT(candidates.size() == variants_.size(), "as many candidates as variants");
  auto all = offers(size_class, candidates);
  GLINT_ASSERT(!all.empty(), "no variant could run");

  std::size_t best = 0;
  const auto sooner = [](const offer& a, const offer& b) {
    if (a.total_s && b.total_s) return *a.total_s < *b.total_s;
    if (a.total_s.has_value() != b.total_s.has_value()) return a.total_s.has_value();
    return a.here->tries < b.here->tries;
  };
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (sooner(all[i], all[best])) best = i;
  }
  choose_for_trial(all, best);

  const double spent = all[best].total_s.value_or(all[best].transfer_s);
  for (offer& o : all) o.here->spent_elsewhere += spent;
  all[best].here->spent_elsewhere = 0;
  ++all[best].here->tries;
  return all[best].variant;
}

/// Instead of the best one, one that has to be calibrated or that it is time to try again, if there is one.
void variant_history::choose_for_trial(std::vector<offer>& offers, std::size_t& best) noexcept {
  const std::optional<double> least = offers[best].total_s;
  std::optional<std::size_t> chosen;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const offer& o = offers[i];
    if (o.trusted || o.here->tries >= calibration) continue;
    // Not by its own first times, which may have paid for warming up; but its transfers alone may say so.
    const double at_least = o.predicted_s.value_or(o.transfer_s);
    if (least && i != best && at_least > hopeless * *least) continue;
    if (!chosen || o.here->tries < offers[*chosen].here->tries) chosen = i;
  }
  if (!chosen && least) {
    for (std::size_t i = 0; i < offers.size(); ++i) {
      if (i == best) continue;
      const double more = offers[i].total_s.value_or(std::max(unknown_factor * *least, offers[i].transfer_s)) - *least;
      if (offers[i].here->spent_elsewhere < trial_every * more || offers[i].here->spent_elsewhere == 0) continue;
      if (!chosen || offers[i].here->tries < offers[*chosen].here->tries) chosen = i;
    }
  }
  if (chosen) best = *chosen;
}

void variant_history::add(std::size_t variant, std::uint64_t bytes, double seconds) {
  const lock_guard guard(mutex_);
  const int size_class = size_class_of(bytes);
  variants_[variant].times.add(size_class, seconds);
  variants_[variant].by_class[size_class].failed = false;
}

void variant_history::failed(std::size_t variant, std::uint64_t bytes) {
  const lock_guard guard(mutex_);
  variants_[variant].by_class[size_class_of(bytes)].failed = true;
}

void variant_history::assume(std::size_t variant, int size_class, double seconds, std::uint64_t count) {
  const lock_guard guard(mutex_);
  variants_[variant].times.assume(size_class, seconds, count);
}

void variant_history::for_each(const std::function<void(std::size_t, int, const measured_times&)>& visit) const {
  const lock_guard guard(mutex_);
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    for (const auto& [size_class, times] : variants_[i].times.classes()) visit(i, size_class, times);
  }
}

std::string_view to_string(transfer_way way) noexcept {
  switch (way) {
    case transfer_way::to_device:
      return "to device";
    case transfer_way::to_host:
      return "to host";
    case transfer_way::between_devices:
      return "between devices";
  }
  return "unknown";
}

variant_model::~variant_model() {
  for (auto* h = sets_.load(); h;) delete std::exchange(h, h->next_);
}

variant_history* variant_model::find(std::string_view key, std::size_t count) const noexcept {
  for (auto* h = sets_.load(std::memory_order_acquire); h; h = h->next_) {
    if (h->names_.size() == count && h->key_ == key) return h;
  }
  return nullptr;
}

variant_history& variant_model::history(std::string_view key, std::size_t count,
                                        const std::function<std::vector<std::string>()>& names) {
  if (auto* known = find(key, count)) return *known;
  const lock_guard guard(growing_);
  if (auto* known = find(key, count)) return *known;
  auto made = std::make_unique<variant_history>(std::string(key), names());
  made->next_ = sets_.load(std::memory_order_relaxed);
  sets_.store(made.get(), std::memory_order_release);  // with `find`
  return *made.release();
}

double variant_model::transfer_s(transfer_way way, std::uint64_t bytes) const {
  if (bytes == 0) return 0;
  const lock_guard guard(transfers_mutex_);
  const auto learned = transfers_[static_cast<std::size_t>(way)].estimate(size_class_of(bytes));
  return learned.value_or(unmeasured_latency_s + static_cast<double>(bytes) / unmeasured_bytes_per_s);
}

void variant_model::add_transfer(transfer_way way, std::uint64_t bytes, double seconds) {
  const lock_guard guard(transfers_mutex_);
  transfers_[static_cast<std::size_t>(way)].add(size_class_of(bytes), seconds);
  note_change();
}

void variant_model::assume_transfer(transfer_way way, int size_class, double seconds, std::uint64_t count) {
  const lock_guard guard(transfers_mutex_);
  transfers_[static_cast<std::size_t>(way)].assume(size_class, seconds, count);
}

void variant_model::for_each(const std::function<void(const variant_history&)>& visit) const {
  for (auto* h = sets_.load(std::memory_order_acquire); h; h = h->next_) visit(*h);
}

void variant_model::for_each_transfer(
    const std::function<void(transfer_way, int, const measured_times&)>& visit) const {
  const lock_guard guard(transfers_mutex_);
  for (std::size_t way = 0; way < transfer_ways; ++way) {
    for (const auto& [size_class, times] : transfers_[way].classes()) {
      visit(static_cast<transfer_way>(way), size_class, times);
    }
  }
}

}  // namespace glint::detail
