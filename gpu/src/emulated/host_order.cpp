// SPDX-License-Identifier: Apache-2.0
#include "host_order.hpp"

#if GLINT_TSAN

#include <utility>

#include "event.hpp"

namespace glint::gpu {
namespace {

thread_local bool queries_order = true;

/// Takes what `from` holds to `to` by way of `courier`, past the calling thread. Not instrumented: the accesses of this
/// function would be booked on the courier.
__attribute__((noinline, no_sanitize("thread"))) void carry(void* courier, void* from, void* to) noexcept {
  void* const self = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(courier, __tsan_switch_to_fiber_no_sync);
  __tsan_acquire(from);
  __tsan_release(to);
  __tsan_switch_to_fiber(self, __tsan_switch_to_fiber_no_sync);
}

}  // namespace

bool emulated::queries_order_this_thread() noexcept {
  return queries_order;
}

namespace detail {

unordered_queries::unordered_queries() noexcept : before_(std::exchange(queries_order, false)) {}
unordered_queries::~unordered_queries() {
  queries_order = before_;
}

completion_order::~completion_order() {
  if (courier_ != nullptr) __tsan_destroy_fiber(courier_);
}

void completion_order::learn(native_event& event) noexcept {
  auto* const e = dynamic_cast<emulated::emulated_event*>(&event);
  if (e == nullptr) return;
  const auto m = e->newest();
  if (!m || !m->done()) return;
  if (courier_ == nullptr) courier_ = __tsan_create_fiber(0);
  carry(courier_, m.get(), this);
}

void completion_order::order_me() const noexcept {
  emulated::tsan_acquire(this);
}

}  // namespace detail
}  // namespace glint::gpu

#endif  // GLINT_TSAN
