// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/measure.hpp"
#include "harness/suite.hpp"

/// Work on a device, a GPU or an emulated one: what the runtime costs beside the same calls by hand.
namespace glint_bench {

[[nodiscard]] std::vector<row> chain_rows(const suite_options& options);
[[nodiscard]] std::vector<row> copy_rows(const suite_options& options);
[[nodiscard]] std::vector<row> memory_rows(const suite_options& options);

}  // namespace glint_bench
