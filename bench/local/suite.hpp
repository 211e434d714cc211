// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/measure.hpp"
#include "harness/suite.hpp"

/// The local path: what tasks, actors and objects cost within one process. The rows of each file, without their peers.
namespace glint_bench {

[[nodiscard]] std::vector<row> task_rows(const suite_options& options);
[[nodiscard]] std::vector<row> actor_rows(const suite_options& options);
[[nodiscard]] std::vector<row> object_rows(const suite_options& options);
[[nodiscard]] std::vector<row> metg_rows(const suite_options& options);
/// tasks.queued_bytes: measured in child processes, so it has to be made before the first thread is.
[[nodiscard]] row queued_bytes_row(const suite_options& options);

}  // namespace glint_bench
