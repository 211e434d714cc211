// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <glint/gpu/dlpack.hpp>
#include <glint/gpu/dlpack_abi.hpp>

#include "fixture.hpp"

/// What tests of the exchange with other libraries share.
namespace glint::gpu::test {

/// A device that says it is CUDA's, and does nothing until told to.
class interop : public by_hand {
 protected:
  interop() : by_hand({.capacity_bytes = std::size_t{1} << 20, .index = 3, .backend = backend_kind::cuda}) {}

  /// A tensor on the device whose elements `s` has yet to write.
  [[nodiscard]] tensor_base written_on(stream& s, const tensor_base& host) {
    return host.copy_to(context.get(), s).value();
  }
  [[nodiscard]] std::size_t in_use() const { return context->memory().read_usage().in_use_bytes; }
  [[nodiscard]] static std::intptr_t value_of(const stream& s) { return reinterpret_cast<std::intptr_t>(s.handle()); }

  intrusive_ptr<stream> a = new_stream();
  intrusive_ptr<stream> b = new_stream();
};

/// Another library with an array that it lends: a structure of either version, and how often it was given back.
template <class Managed>
class lending_library {
 public:
  lending_library() {
    Managed* m = &lent_;
    if constexpr (requires { m->version; }) m->version = {1, 3};  // a younger minor version is fine
    m->manager_ctx = this;
    m->deleter = [](Managed* given_back) { ++static_cast<lending_library*>(given_back->manager_ctx)->given_back_; };
    m->dl_tensor = {.data = elements.data(),
                    .device = {kDLCPU, 0},
                    .ndim = 2,
                    .dtype = {kDLFloat, 32, 1},
                    .shape = shape.data(),
                    .strides = nullptr,
                    .byte_offset = 0};
  }
  lending_library(const lending_library&) = delete;
  lending_library& operator=(const lending_library&) = delete;

  [[nodiscard]] Managed* managed() noexcept { return &lent_; }
  [[nodiscard]] DLTensor& described() noexcept { return lent_.dl_tensor; }
  [[nodiscard]] int given_back() const noexcept { return given_back_.load(); }

  alignas(8) std::array<float, 6> elements{1, 2, 3, 4, 5, 6};
  std::vector<std::int64_t> shape{2, 3};
  std::vector<std::int64_t> strides{3, 1};

 private:
  Managed lent_{};
  std::atomic<int> given_back_{0};
};

}  // namespace glint::gpu::test
