// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/backends.hpp>

#include "device_testing.hpp"

/// What tests of the emulated device share.
namespace glint::gpu::testing {

inline result<void> enqueue_in_order(native_stream& s, unique_function<void()> f) {
  return s.enqueue(std::move(f));
}

class emulated_fixture : public ::testing::Test {
 protected:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t capacity = 64 * page;

  [[nodiscard]] std::unique_ptr<native_stream> stream() { return must(device_->create_stream()); }
  [[nodiscard]] std::unique_ptr<native_event> event() { return must(device_->create_event()); }
  void finish(native_stream& s) { testing::finish(s, enqueue_in_order); }

  intrusive_ptr<device> device_ = must(make_emulated_device({.index = 3, .capacity_bytes = capacity}));
  emulated_faults& faults_ = *faults_of(*device_);
};

}  // namespace glint::gpu::testing
