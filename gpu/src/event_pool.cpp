// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/event_pool.hpp>

#include <utility>

namespace glint::gpu {

pooled_event::pooled_event(intrusive_ptr<event_pool> pool, std::unique_ptr<native_event> native) noexcept
    : pool_(std::move(pool)), native_(std::move(native)) {}

pooled_event::~pooled_event() {
  pool_->give_back(std::move(native_));
}

result<intrusive_ptr<pooled_event>> event_pool::acquire() {
  std::unique_ptr<native_event> native;
  {
    const lock_guard lock(mutex_);
    if (!free_.empty()) {
      native = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!native) {
    auto made = device_->create_event();
    if (!made) return fail(std::move(made).error());
    native = std::move(*made);
    const lock_guard lock(mutex_);
    free_.reserve(++created_);  // so that giving back never allocates
  }
  return make_intrusive<pooled_event>(intrusive_ptr<event_pool>(this), std::move(native));
}

void event_pool::give_back(std::unique_ptr<native_event> event) noexcept {
  const lock_guard lock(mutex_);
  GLINT_ASSERT(free_.size() < free_.capacity(), "more events given back than made", created_);
  free_.push_back(std::move(event));
}

std::size_t event_pool::created() {
  const lock_guard lock(mutex_);
  return created_;
}

std::size_t event_pool::available() {
  const lock_guard lock(mutex_);
  return free_.size();
}

}  // namespace glint::gpu
