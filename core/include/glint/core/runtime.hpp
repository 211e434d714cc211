// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glint/base/config.hpp>
#include <glint/gpu/device.hpp>

namespace glint {

/// What a driver is given of the command line: the program's name and what is left after Glint took its own
/// `--glint-...` arguments.
struct arguments {
  std::string program;
  std::vector<std::string> values;
};

/// Makes this process a node: worker threads, devices, the store. `settings` are used as they are (see load_config).
/// Throws already_running, invalid_configuration, no_device, or what a device refused with.
void init(const config& settings = {});

/// Ends the runtime: queued and waiting work fails with `shutdown`, whoever waits is woken, running bodies are waited
/// for, actors are destroyed, and every object is failed and emptied; refs and handles that are left are harmless. A
/// tensor that was copied out of `get` stays valid. Does nothing without a runtime. Must not be called by a task, an
/// actor, or while another thread still uses a value that `get` gave.
void shutdown();

/// True between `init` and `shutdown`.
[[nodiscard]] bool is_running() noexcept;

/// Reads the configuration from GLINT_* variables and `--glint-...` arguments, inits, calls `driver`, shuts down, and
/// gives what main should return: the driver's result, 2 for a wrong configuration, 1 when an exception escaped (each
/// with a message on standard error). `--glint-help` prints the settings and returns 0.
int run(int argc, char** argv, int (*driver)(arguments), const config& defaults = {});

/// What this node has.
struct node_info {
  int cpus = 0;                           ///< CPU slots.
  std::vector<gpu::device_info> devices;  ///< By index.
  std::uint64_t memory_bytes = 0;         ///< Host memory to share out.
  resource_amounts resources;             ///< Custom resources in all, in order of their names.
};
/// Thread-safe. Throws not_running.
[[nodiscard]] node_info this_node();

/// What the runtime has done since `init`.
struct runtime_statistics {
  std::uint64_t tasks = 0;                   ///< Bodies of tasks that ran.
  std::uint64_t actor_calls = 0;             ///< Bodies of constructors and methods that ran.
  std::uint64_t failed = 0;                  ///< Results that failed.
  std::uint64_t retries = 0;                 ///< Further attempts at tasks.
  std::uint64_t puts = 0;                    ///< Objects made by put.
  std::uint64_t states_saved = 0;            ///< Of actors; see spawn.
  std::uint64_t device_bytes_allocated = 0;  ///< Bytes taken from devices' memory by tensors.
  std::uint64_t bytes_to_devices = 0;        ///< Copied from host memory.
  std::uint64_t bytes_from_devices = 0;      ///< Copied to host memory.
  std::uint64_t bytes_pinned = 0;            ///< What crossed by page-locked host memory: nobody waited.
  std::uint64_t bytes_pageable = 0;          ///< By other: CUDA's driver may have let the caller wait.
  std::uint64_t events_on_devices = 0;       ///< Recorded in their streams.
  std::uint64_t bytes_spilled = 0;           ///< Of objects that left a device for the host, to make room.
  std::uint64_t bytes_written_to_files = 0;  ///< Of these, what then went on to files.
  std::uint64_t bytes_dropped = 0;           ///< Of copies on devices that were given up to make room.
};
/// Thread-safe; counts of work in flight may lag. Throws not_running.
[[nodiscard]] runtime_statistics statistics();

}  // namespace glint
