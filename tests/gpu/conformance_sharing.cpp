// SPDX-License-Identifier: Apache-2.0
//
// What every backend must say of memory across devices and processes. That it is shared takes two of them:
// peers_test.cpp, slab_handle_test.cpp.
#include "conformance.hpp"

namespace glint::gpu::testing {
namespace {

constexpr std::size_t page = 4096;

TEST_P(Conformance, ReachesItself) {
  EXPECT_TRUE(must(device_->reach(*device_)));
}

TEST_P(Conformance, ASlabIsExportedAndNotOpenedByItsOwnProcess) {
  const slab memory(device_, page);
  const auto handle = must(device_->export_slab(memory.at()));
  const auto refused = device_->open_slab(handle);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument) << refused.error().describe();
  const auto s = stream();  // the refusal is nobody else's
  upload(*s, memory.at(), pattern(page, 3));
  EXPECT_EQ(download(*s, memory.at(), page), pattern(page, 3));
}

TEST_P(Conformance, ExportsOnlyMemoryOfItsOwn) {
  int host = 0;
  const auto refused = device_->export_slab(&host);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument) << refused.error().describe();
}

}  // namespace
}  // namespace glint::gpu::testing
