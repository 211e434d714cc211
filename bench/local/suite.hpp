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
/// Measured in child processes, so these come before the first thread is made.
[[nodiscard]] row queued_bytes_row(const suite_options& options);
/// What a task costs when 10 million are queued, and 1 million: takes minutes and 4 GB, so only
/// `--only=tasks.queued_10m` has it.
inline constexpr const char* long_queue_name = "tasks.queued_10m";
[[nodiscard]] row long_queue_row(const suite_options& options);

}  // namespace glint_bench
