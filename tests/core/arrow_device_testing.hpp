// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/core/arrow_device.hpp>
#include "../gpu/fixture.hpp"
#include "arrow_testing.hpp"

/// What tests of Arrow's C device data interface share.
namespace glint_test {

/// A device that says it is CUDA's, and does nothing until told to; two streams.
class arrow_device_test : public glint::gpu::test::by_hand {
 protected:
  arrow_device_test() : by_hand({.capacity_bytes = 1 << 20, .index = 3, .backend = glint::gpu::backend_kind::cuda}) {}

  template <class T>
  [[nodiscard]] glint::tensor<T> written_on(glint::gpu::stream& s, const glint::tensor<T>& host) {
    return glint::tensor<T>::cast(host.copy_to(context.get(), s).value());
  }
  /// The event that `sync_event` points to, as a consumer borrows it.
  [[nodiscard]] std::unique_ptr<glint::gpu::native_event> event_of(const ArrowDeviceArray& array) {
    return fake->borrow_event(*static_cast<void**>(array.sync_event)).value();
  }

  glint::gpu::test::fake_device& device() { return *fake; }
  glint::intrusive_ptr<glint::gpu::stream> a = new_stream();
  glint::intrusive_ptr<glint::gpu::stream> b = new_stream();
};

inline constexpr glint::gpu::platform_options emulated_devices{
    .backend = glint::gpu::platform_options::choice::emulated,
    .emulated_devices = 2,
    .emulated_capacity_bytes = std::size_t{4} << 20};

/// What was exported, released at the end unless it went on.
struct device_exported {
  ArrowSchema schema{};
  ArrowDeviceArray out{};
  template <class Value>
  explicit device_exported(const Value& value) {
    glint::export_arrow_device(value, &schema, &out);
  }
  device_exported(const device_exported&) = delete;
  device_exported& operator=(const device_exported&) = delete;
  ~device_exported() {
    if (schema.release) schema.release(&schema);
    if (out.array.release) out.array.release(&out.array);
  }
};

/// Expects `act` to throw invalid_argument of the given subject and text.
template <class Act>
void expect_refused(const char* subject, const char* why, Act&& act) {
  try {
    act();
    ADD_FAILURE() << "not refused: " << why;
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), glint::errc::invalid_argument);
    EXPECT_EQ(e.error().subject(), subject);
    EXPECT_EQ(e.error().message(), why);
  }
}

}  // namespace glint_test
