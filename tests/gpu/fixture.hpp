// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/event_pool.hpp>
#include <glint/gpu/platform.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>

#include "fake_device.hpp"

namespace glint::gpu::test {

inline constexpr std::chrono::seconds deadline{20};

/// Yields until `condition` holds; false when the deadline passed.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Notes what it was told.
struct told final : point_listener {
  int calls = 0;
  std::optional<errc> failure;
  void point_reached(const error* f) noexcept override {
    ++calls;
    if (f) failure = f->code();
  }
};

/// The code of the glint::exception that `act` throws, if it throws one.
template <class Act>
std::optional<errc> thrown_by(Act&& act) {
  try {
    act();
  } catch (const exception& e) {
    return e.code();
  }
  return std::nullopt;
}

/// A device context over a fake device, and a poller that polls only when told to: no threads.
class by_hand : public ::testing::Test {
 protected:
  explicit by_hand(fake_device::options o = {}) : fake(make_intrusive<fake_device>(o)) {
    context = device_context::create(fake, poller).value();
  }
  /// What the test left enqueued runs, and is noticed.
  ~by_hand() override { settle(); }

  void settle() {
    for (bool more = true; more;) {
      more = fake->run();
      more |= poller->poll_once();
    }
  }
  [[nodiscard]] intrusive_ptr<stream> new_stream() { return context->create_stream().value(); }
  /// Enqueues a kernel that does nothing and returns the point behind it.
  static stream_point work_on(stream& s) {
    EXPECT_TRUE(s.enqueue([] {}));
    return s.now();
  }
  /// A listener that lives until everything has settled.
  told& listener() { return listeners_.emplace_back(); }
  static void fail_on(stream& s) {
    EXPECT_TRUE(s.enqueue([] { throw std::runtime_error("boom"); }));
  }

  intrusive_ptr<fake_device> fake;
  intrusive_ptr<gpu::poller> poller = make_intrusive<gpu::poller>(poller::mode::by_hand);
  intrusive_ptr<device_context> context;

 private:
  std::deque<told> listeners_;
};

}  // namespace glint::gpu::test
