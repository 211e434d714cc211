// SPDX-License-Identifier: Apache-2.0
#include "device_completion.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "runtime.hpp"

namespace glint::detail {

namespace {

/// A body that enqueued nothing has no part in what its streams did before: a failure there is a stranger's. (Tensors
/// that it returns may be made by that, though.)
void leave_out_strangers(const std::vector<hold_ptr<store::entry>>& results, gpu::stream_point& at,
                         device_origin& from) {
  if (std::ranges::any_of(results, [](const auto& r) { return r->type().contains_tensors; })) return;
  if (at.sequence == from.begin) at = {};
  std::erase_if(from.sides, [](const gpu_context::side& s) { return s.point.sequence == s.begin; });
}

}  // namespace

void device_completion::start(std::vector<hold_ptr<store::entry>> results, gpu::stream_point at, device_origin from) {
  leave_out_strangers(results, at, from);
  auto* self = new device_completion(std::move(results), std::move(at), std::move(from));
  for (auto& object : self->from_.inputs) {
    if (object->level() != store::readiness::ready) {
      self->inputs_.push_back(std::make_unique<input>(*self, std::move(object)));
    }
  }
  // One part more than there are, so that it cannot be done before all are watched.
  self->parts_.store(self->inputs_.size() + self->from_.sides.size() + 2);
  for (auto& i : self->inputs_) i->watch();
  for (auto& side : self->from_.sides) side.point.stream->notify(side.point.sequence, *self);
  if (self->at_.empty()) {
    self->part_done();
  } else {
    // Nobody can ask for what is not issued yet, nor for a share.
    const device_origin& f = self->from_;
    const bool issued = !f.outcome && !(f.task && f.task->settings().retry_enqueued);
    const bool patient = f.continues && !f.share && issued;
    self->at_.stream->notify(self->at_.sequence, *self, patient ? gpu::urgency::batched : gpu::urgency::at_once);
  }
  self->part_done();
}

void device_completion::input::watch() noexcept {
  if (!object_->add(*this)) level_reached(*object_);
}

void device_completion::input::level_reached(store::entry& e) noexcept {
  if (e.level() == store::readiness::failed) {
    // As in a task's arguments: what shutdown ended stays that.
    const errc code = e.failure().code() == errc::shutdown ? errc::shutdown : errc::dependency_failed;
    owner_.record(error(code, "an object that it was made from failed").with_cause(e.failure()));
  }
  owner_.part_done();
}

// What failed stands in the stream's memory, by operations: the event may have covered other work too.
void device_completion::point_reached(const error*) noexcept {
  part_done();
}

void device_completion::record(error e) noexcept {
  const spin_guard guard(failure_mutex_);
  if (!failure_) failure_ = e.with_subject(from_.subject);
}

void device_completion::look_for_failure(std::uint64_t begin, const gpu::stream_point& end) noexcept {
  // Who enqueued nothing, and yet gives tensors, has them of what was enqueued before.
  auto failed = begin == end.sequence ? end.failure() : end.stream->failure_between(begin, end.sequence);
  if (failed) record(*std::move(failed));
}

void device_completion::look_for_failures() noexcept {
  if (!at_.empty()) look_for_failure(from_.begin, at_);
  for (const auto& side : from_.sides) look_for_failure(side.begin, side.point);
  for (const gpu::stream_point& point : from_.writes_before) {
    if (auto failed = point.failure()) {
      record(error(errc::dependency_failed, "what made a tensor that it read failed").with_cause(*std::move(failed)));
    }
  }
}

void device_completion::part_done() noexcept {
  if (parts_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  look_for_failures();
  if (failure_ && from_.owner && failure_->code() == errc::device_lost) from_.owner->look_for_lost_devices();
  from_.share.reset();
  runtime* const told = from_.device >= 0 ? from_.owner : nullptr;
  const int device = from_.device;
  tell_results();
  delete this;
  if (told) told->admission().work_ended(device);
}

/// The task may be gone afterwards.
void device_completion::tell_results() noexcept {
  if (from_.task && from_.task->settings().retry_enqueued) return from_.task->work_done(std::move(failure_));
  for (const auto& result : results_) {
    if (failure_) {
      result->fail(*failure_);
    } else {
      result->publish_ready();
    }
  }
  if (from_.outcome) {
    if (failure_) {
      from_.outcome->fail(*failure_);
    } else {
      from_.outcome->publish_ready();
    }
  }
  if (from_.task) from_.task->finish();
}

}  // namespace glint::detail
