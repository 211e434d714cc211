// SPDX-License-Identifier: Apache-2.0
#include <glint/core/detail/variant_task.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <new>

#include <glint/base/log.hpp>
#include <glint/gpu/storage.hpp>
#include "placement.hpp"
#include "runtime.hpp"
#include "variant_model.hpp"

namespace glint::detail {
namespace {

double seconds_between(clock::time_point from, clock::time_point to) noexcept {
  return std::chrono::duration<double>(to - from).count();
}

transfer_way way_between(memory_place from, memory_place to) noexcept {
  if (to.is_host()) return transfer_way::to_host;
  return from.is_host() ? transfer_way::to_device : transfer_way::between_devices;
}

/// A measurement that finds no memory is lost.
template <class Add>
void measured(runtime& owner, Add add) noexcept {
  try {
    add(owner.variants());
    owner.variants().note_change();
  } catch (const std::bad_alloc&) {
    log(log_level::warning, "no memory to keep the time of a variant");
  }
}

/// Told when the copies for a task have run.
class copies_listener final : public gpu::point_listener {
 public:
  copies_listener(runtime& owner, transfer_way way, std::uint64_t bytes, clock::time_point since) noexcept
      : runtime_(owner), way_(way), bytes_(bytes), since_(since) {}
  void point_reached(const error* failure) noexcept override {
    const double seconds = seconds_between(since_, runtime_.timers().now());
    if (!failure) measured(runtime_, [&](variant_model& model) { model.add_transfer(way_, bytes_, seconds); });
    delete this;
  }

 private:
  runtime& runtime_;
  const transfer_way way_;
  const std::uint64_t bytes_;
  const clock::time_point since_;
};

}  // namespace

variant_task::variant_task(const variant_traits& set, runtime& owner) noexcept : task_base(set, owner), set_(set) {}

std::string variant_task::subject() const {
  std::string text = task_base::subject();
  const task_traits& now = traits();  // `stop` may ask while it chooses
  if (&now != &set_ && !settings().name.empty()) text += " (" + now.name() + ")";
  return text;
}

variant_history& variant_task::history() const {
  return owner().variants().history(set_.key(), set_.variants.size(), [this] {
    std::vector<std::string> names;
    for (const task_traits& v : set_.variants) names.push_back(v.name());
    return names;
  });
}

std::uint64_t variant_task::argument_bytes() const {
  std::uint64_t bytes = given_bytes_;
  for (auto* a = arguments(); a; a = a->next()) {
    store::entry& e = a->object();
    bytes += e.type().bytes;
    if (e.type().held_bytes) bytes += e.type().held_bytes(e.value());
    for_each_tensor_of(e, [&bytes](const tensor_base& t) { bytes += t.empty_handle() ? 0 : t.bytes(); });
  }
  return bytes;
}

/// As `placement::bring_arguments` will do it.
variant_task::distances variant_task::distances_to(memory_place place) const {
  distances from{};
  for (auto* a = arguments(); a; a = a->next()) {
    store::entry& e = a->object();
    if (!e.type().contains_tensors || (!a->owns() && e.cached_copy(place))) continue;
    for_each_tensor_of(e, [&](const tensor_base& t) {
      if (!t.empty_handle() && t.place() != place)
        from[static_cast<std::size_t>(way_between(t.place(), place))] += t.bytes();
    });
  }
  return from;
}

double variant_task::transfer_s(const distances& from) const {
  double seconds = 0;
  for (std::size_t way = 0; way < from.size(); ++way) {
    seconds += owner().variants().transfer_s(static_cast<transfer_way>(way), from[way]);
  }
  return seconds;
}

variant_task::target variant_task::nearest_device() const {
  target best;
  double best_s = 0;
  for (const auto& d : owner().platform().devices()) {
    if (d->found_lost() || (device && device != d)) continue;
    const distances from = distances_to(memory_place{d->index()});
    const double seconds = transfer_s(from);
    if (best.device) best.fixed = best.fixed || seconds != best_s;
    if (best.device && seconds >= best_s) continue;
    best.device = d.get();
    best.from = from;
    best_s = seconds;
  }
  return best;
}

/// True when it may be placed; false: it waits once more, and may have run to its end already.
bool variant_task::choose() noexcept {
  if (choices_ != attempt() + 1) {
    placement::pin_arguments(*this);  // they stay where they are while it looks
    pick();
    placement::unpin_arguments(*this);
    if (!arguments_there()) {
      await_arguments(store::readiness::ready);
      return false;
    }
  }
  placed_at_ = owner().timers().now();
  return true;
}

void variant_task::pick() {
  const target near = nearest_device();
  const distances to_host = distances_to(memory_place::host());
  std::vector<variant_candidate> candidates;
  bool any = false;
  if (choices_ > 0) history().failed(chosen_, bytes_);
  bytes_ = argument_bytes();
  const bool fits = near.device && bytes_ <= near.device->device().info().capacity_bytes &&
                    settings().gpu_memory_bytes <= near.device->device().info().capacity_bytes - bytes_;
  for (const task_traits& v : set_.variants) {
    const bool possible = v.on_device ? fits : !only_on_device_;
    candidates.push_back({possible, transfer_s(v.on_device ? near.from : to_host)});
    any = any || possible;
  }
  // None has a device: as a task of a device, it will fail and say so.
  for (std::size_t i = 0; !any && i < candidates.size(); ++i) candidates[i].possible = set_.variants[i].on_device;
  const bool others = std::ranges::count_if(candidates, &variant_candidate::possible) > (candidates[chosen_].possible);
  if (choices_ > 0 && others) candidates[chosen_].possible = false;  // it has failed

  chosen_ = history().choose(bytes_, candidates);
  choices_ = attempt() + 1;
  become(set_.variants[chosen_]);
  if (on_device() && near.fixed && !has_claim()) device = intrusive_ptr<gpu::device_context>(near.device);

  const distances& from = on_device() ? near.from : to_host;
  const auto ways = std::ranges::count_if(from, [](std::uint64_t bytes) { return bytes > 0; });
  learns_transfer_ = ways == 1 && !has_claim();
  if (learns_transfer_) {
    const auto way = std::ranges::find_if(from, [](std::uint64_t bytes) { return bytes > 0; });
    moved_way_ = static_cast<transfer_way>(way - from.begin());
    moved_bytes_ = *way;
  }
}

/// Arguments that had to move are where they must be, or, on a device, their copies are enqueued.
void variant_task::runnable() noexcept {
  if (std::exchange(learns_transfer_, false) && !stop_requested() && !has_failed()) learn_transfer();
  task_base::runnable();
}

/// What had to wait for room says nothing of copies.
void variant_task::learn_transfer() noexcept {
  if (asked_for_room() && memory().waited) return;
  const gpu::stream_point* last = nullptr;
  for (auto* a = arguments(); a; a = a->next()) {
    store::entry& e = a->object();
    if (!on_device() || e.level() != store::readiness::issued) continue;
    if (e.issued_at().stream != device->transfer_stream()) continue;
    if (!last || e.issued_at().sequence > last->sequence) last = &e.issued_at();
  }
  auto* done = new copies_listener(owner(), moved_way_, moved_bytes_, placed_at_);  // deletes itself
  if (last) {
    last->stream->notify(last->sequence, *done);
  } else {
    done->point_reached(nullptr);
  }
}

/// From the point where a body began to enqueue to that where it ended. Deletes itself when both are reached and the
/// body has returned.
class variant_timing::span_on_device {
 public:
  span_on_device(variant_task& task, clock::time_point begin)
      : runtime_(task.owner()), history_(task.history()), variant_(task.chosen()), bytes_(task.bytes_), began_(begin) {}

  void begin(gpu::stream& stream) noexcept {
    sequence_ = stream.now().sequence;
    stream.notify(sequence_, first_);
  }
  /// The body has returned.
  void end(gpu::stream& stream) noexcept {
    returned_ = runtime_.timers().now();
    const std::uint64_t reached = stream.now().sequence;
    if (reached > sequence_) {
      stream.notify(reached, second_);
    } else {
      second_.point_reached(nullptr);
    }
    part_done();
  }
  /// It threw.
  void give_up() noexcept {
    failed_.store(true);
    part_done(2);
  }

 private:
  class point final : public gpu::point_listener {
   public:
    explicit point(span_on_device& owner) noexcept : owner_(owner) {}
    void point_reached(const error* failure) noexcept override {
      seen = owner_.runtime_.timers().now();
      if (failure) owner_.failed_.store(true);
      owner_.part_done();
    }
    clock::time_point seen{};

   private:
    span_on_device& owner_;
  };

  void part_done(int count = 1) noexcept {
    if (parts_.fetch_sub(count, std::memory_order_acq_rel) != count) return;
    if (!failed_.load()) {
      const double on_stream = seconds_between(std::max(began_, first_.seen), second_.seen);
      const double seconds = std::max(on_stream, seconds_between(began_, returned_));
      measured(runtime_, [&](variant_model&) { history_.add(variant_, bytes_, seconds); });
    }
    delete this;
  }

  runtime& runtime_;
  variant_history& history_;
  const std::size_t variant_;
  const std::uint64_t bytes_;
  const clock::time_point began_;
  clock::time_point returned_{};
  std::uint64_t sequence_ = 0;
  point first_{*this};
  point second_{*this};
  std::atomic<bool> failed_{false};
  std::atomic<int> parts_{3};  // the two points, and the body
};

variant_timing::variant_timing(variant_task& task, gpu_context* gpu)
    : task_(task), gpu_(gpu), exceptions_(std::uncaught_exceptions()), begin_(task.owner().timers().now()) {
  if (!gpu_) return;
  span_ = new span_on_device(task_, begin_);
  span_->begin(gpu_->stream());
}

variant_timing::~variant_timing() {
  const bool threw = std::uncaught_exceptions() > exceptions_;
  if (span_) {
    threw ? span_->give_up() : span_->end(gpu_->stream());
    return;
  }
  if (threw) return;
  const double seconds = seconds_between(begin_, task_.owner().timers().now());
  measured(task_.owner(), [&](variant_model&) { task_.history().add(task_.chosen(), task_.bytes_, seconds); });
}

}  // namespace glint::detail
