// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "device_testing.hpp"

/// What every backend of `device` must do, written once (conformance.cpp). A backend's file instantiates the suite:
/// `INSTANTIATE_TEST_SUITE_P(emulated, Conformance, ::testing::Values(backend_under_test{...}), backend_name);`
namespace glint::gpu::testing {

struct backend_under_test {
  std::string name;
  /// Makes device 0, with at least 8 MiB.
  std::function<result<intrusive_ptr<device>>()> make;
  in_order_function in_order;
  /// Waits until everything enqueued on the stream has run; fails the test otherwise.
  std::function<void(native_stream&)> finish;
  /// Host memory whose copies never make the enqueuer wait: pinned, on CUDA.
  std::function<std::shared_ptr<std::byte[]>(std::size_t)> allocate_host;
  /// Why the suite cannot run here; empty when it can.
  std::function<std::string()> skip_reason;
};

inline std::ostream& operator<<(std::ostream& out, const backend_under_test& b) {
  return out << b.name;
}
inline std::string backend_name(const ::testing::TestParamInfo<backend_under_test>& info) {
  return info.param.name;
}

/// Host memory for copies that are enqueued behind a gate.
class host_buffer {
 public:
  host_buffer(const backend_under_test& backend, const bytes& contents)
      : size_(contents.size()), at_(backend.allocate_host(size_)) {
    std::copy(contents.begin(), contents.end(), at_.get());
  }
  [[nodiscard]] std::byte* data() const noexcept { return at_.get(); }
  [[nodiscard]] bytes contents() const { return bytes(at_.get(), at_.get() + size_); }

 private:
  std::size_t size_;
  std::shared_ptr<std::byte[]> at_;
};

class Conformance : public ::testing::TestWithParam<backend_under_test> {
 protected:
  void SetUp() override {
    if (const auto reason = GetParam().skip_reason(); !reason.empty()) GTEST_SKIP() << reason;
    device_ = must(GetParam().make());
  }

  [[nodiscard]] std::unique_ptr<native_stream> stream() { return must(device_->create_stream()); }
  [[nodiscard]] std::unique_ptr<native_event> event() { return must(device_->create_event()); }
  void finish(native_stream& s) { GetParam().finish(s); }
  [[nodiscard]] host_buffer host(const bytes& contents) { return host_buffer(GetParam(), contents); }
  [[nodiscard]] bool done(native_event& e) { return must(e.query()); }

  /// Puts `from` into device memory and waits.
  void upload(native_stream& s, void* to, const bytes& from) {
    must(s.copy(to, from.data(), from.size()));
    finish(s);
  }
  /// Reads device memory behind everything on `s`.
  [[nodiscard]] bytes download(native_stream& s, const void* from, std::size_t size) {
    bytes out = poison(size);
    must(s.copy(out.data(), from, size));
    finish(s);
    return out;
  }

  intrusive_ptr<device> device_;
};

}  // namespace glint::gpu::testing
