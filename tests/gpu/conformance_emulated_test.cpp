// SPDX-License-Identifier: Apache-2.0
#include "conformance.hpp"
#include "emulated_testing.hpp"

namespace glint::gpu::testing {
namespace {

const backend_under_test emulated{
    .name = "emulated",
    .make = [] { return make_emulated_device({.index = 0, .capacity_bytes = std::size_t{8} << 20}); },
    .in_order = enqueue_in_order,
    .finish = [](native_stream& s) { finish(s, enqueue_in_order); },
    .allocate_host = [](std::size_t size) { return std::make_shared<std::byte[]>(size); },
    .skip_reason = [] { return std::string(); },
};

INSTANTIATE_TEST_SUITE_P(emulated, Conformance, ::testing::Values(emulated), backend_name);

}  // namespace
}  // namespace glint::gpu::testing
