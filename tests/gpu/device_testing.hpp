// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <glint/base/result.hpp>
#include <glint/gpu/device.hpp>
#include "../support/event.hpp"

/// What tests of devices share. Nothing here sleeps or polls: a stream is held by a gate, and what is
/// waited for is an event, no longer than the deadline.
namespace glint::gpu::testing {

using bytes = std::vector<std::byte>;
/// Runs a host function in the order of a stream: `enqueue` on the emulated device, the driver's host function on CUDA
/// (where one that waits may hold up those of other streams: so one gate at a time, and no other host function).
using in_order_function = std::function<result<void>(native_stream&, unique_function<void()>)>;

inline bytes pattern(std::size_t size, unsigned seed) {
  bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>((i * 31 + seed * 17 + i / 251) & 0xff);
  return out;
}
/// Contents that no test writes on purpose where it checks: an output that was not written is seen.
inline bytes poison(std::size_t size) {
  return bytes(size, std::byte{0xa5});
}

/// The value, or a failed test that says why and throws.
template <class T>
T must(result<T> r) {
  if (!r) {
    ADD_FAILURE() << r.error().describe();
    throw std::runtime_error(r.error().describe());
  }
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

/// A slab of a device that is given back at the end; the test sees to it that no work uses it by then.
class slab {
 public:
  slab(intrusive_ptr<device> d, std::size_t size)
      : device_(std::move(d)), size_(size), at_(must(device_->reserve(size))) {}
  ~slab() { device_->unreserve(at_, size_); }
  slab(const slab&) = delete;
  slab& operator=(const slab&) = delete;
  [[nodiscard]] void* at(std::size_t offset = 0) const noexcept { return static_cast<std::byte*>(at_) + offset; }

 private:
  intrusive_ptr<device> device_;
  std::size_t size_;
  void* at_;
};

/// Holds a stream until it is opened, at the latest when it is destroyed.
class gate {
 public:
  gate(native_stream& s, const in_order_function& in_order) {
    must(in_order(s, [opened = opened_] { EXPECT_TRUE(opened->comes()) << "nobody opened the gate"; }));
  }
  ~gate() { open(); }
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  void open() { opened_->set(); }

 private:
  // Shared with the stream, which may still be leaving `wait` when the gate is gone.
  std::shared_ptr<glint_test::event> opened_ = std::make_shared<glint_test::event>();
};

/// Waits until everything enqueued on a stream of an emulated device has run.
inline void finish(native_stream& s, const in_order_function& in_order) {
  const auto reached = std::make_shared<glint_test::event>();
  must(in_order(s, [reached] { reached->set(); }));
  reached->wait();
}

}  // namespace glint::gpu::testing
