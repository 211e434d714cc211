// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/device.hpp>

namespace glint::gpu {

class event_pool;

/// An event on loan from a pool; goes back at the last reference, so that nobody records an event anew while somebody
/// may still wait for it or query it. Thread-safe as native_event is.
class pooled_event final : public ref_counted {
 public:
  pooled_event(intrusive_ptr<event_pool> pool, std::unique_ptr<native_event> native) noexcept;
  [[nodiscard]] native_event& native() const noexcept { return *native_; }

 private:
  ~pooled_event() override;

  intrusive_ptr<event_pool> pool_;
  std::unique_ptr<native_event> native_;
};

/// The events of a device that nobody uses now: creating one stalls for milliseconds on some drivers. Grows to the most
/// events that were ever in use at once, and gives none back to the driver. Thread-safe; a leaf of the lock order.
class event_pool final : public ref_counted {
 public:
  explicit event_pool(intrusive_ptr<gpu::device> device) noexcept : device_(std::move(device)) {}

  /// The event used last that is free, else a new one. Errors: those of the device.
  [[nodiscard]] result<intrusive_ptr<pooled_event>> acquire();

  /// Events made so far, and those of them that nobody uses.
  [[nodiscard]] std::size_t created();
  [[nodiscard]] std::size_t available();

 private:
  friend class pooled_event;
  void give_back(std::unique_ptr<native_event> event) noexcept;

  intrusive_ptr<gpu::device> device_;  // declared first: events go before their device
  mutex mutex_;
  std::vector<std::unique_ptr<native_event>> free_ GLINT_GUARDED_BY(mutex_);  // capacity for all that were made
  std::size_t created_ GLINT_GUARDED_BY(mutex_) = 0;
};

}  // namespace glint::gpu
