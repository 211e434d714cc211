// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include <glint/gpu/detail/emulated_thread.hpp>
#include <glint/gpu/detail/kernel_launch.hpp>

#include "shared_memory.hpp"
#include "thread_stack.hpp"

namespace glint::gpu::emulated {

/// Runs the blocks of one grid, one after the other, and the threads of a block in turns.
///
/// Threads are calls in a loop, on the stack of whoever runs the block, until one of them has to wait. Its frames then
/// stay where they are, and the loop goes on, with the next thread, on another stack. So a kernel without barriers
/// needs no stack besides its caller's, and one in which all threads wait has one a thread. Once all threads have
/// begun, those that may go on do, first come, first served; who ends his thread looks for more to do on the same
/// stack. When nobody can go on and somebody waits, the kernel's barriers diverge.
///
/// A thread that cannot go on ends by an exception, so that what its frames hold is given back. Thread-owned: it runs
/// on one thread of the operating system, and stays there.
class kernel_run {
 public:
  explicit kernel_run(const grid_run& grid);
  ~kernel_run();
  kernel_run(const kernel_run&) = delete;
  kernel_run& operator=(const kernel_run&) = delete;

  /// Throws std::runtime_error for the first failure of a thread; blocks after that one are not run.
  void all_blocks();

  void wait_for_block(const std::source_location& site);
  [[nodiscard]] const warp_values& exchange_in_warp(std::uint64_t mine, const char* what, unsigned& count,
                                                    const std::source_location& site);
  [[nodiscard]] unsigned current_thread() const noexcept { return current_; }
  [[nodiscard]] shared_memory_of_block& shared() noexcept { return shared_; }

 private:
  /// Threads that wait for each other: a block or a warp.
  struct group {
    unsigned first = 0;
    unsigned size = 0;
    unsigned arrived = 0;
    const char* what = "";  ///< What the first to arrive called, and where.
    std::source_location site{};
  };
  struct warp {
    group lanes;
    unsigned exchanges = 0;               ///< Completed ones: their parity picks the buffer.
    std::array<warp_values, 2> values{};  ///< Who is ahead writes into the other than is being read.
  };
  /// A thread that waits, or is to go on.
  struct waiter {
    thread_stack* stack = nullptr;
    const char* what = nullptr;  ///< Null: it does not wait.
    std::source_location site{};
  };
  /// Ends a thread of a kernel that has failed.
  struct thread_ends {};

  void block(const index3& at);
  [[nodiscard]] thread_stack* work();
  static void serve(void* self) noexcept;
  void run_thread();
  void wait(group& all, const char* what, const std::source_location& site);
  void suspend(const char* what, const std::source_location& site);
  void make_ready(unsigned thread) noexcept;
  void leave(thread_stack& to) noexcept;
  [[nodiscard]] thread_stack& free_stack();
  [[nodiscard]] thread_stack& take_ready() noexcept;
  void fail(const std::string& what);
  void fail_thread(const std::string& what);
  [[nodiscard]] std::string divergence() const;
  [[nodiscard]] index3 coordinates_of(unsigned thread) const noexcept;

  const grid_run& grid_;
  const unsigned count_;  ///< Threads of a block.
  shared_memory_of_block shared_;
  group everybody_;
  std::vector<warp> warps_;  ///< Made when a warp first exchanges; so are the next two at the first wait.
  std::vector<waiter> waiters_;
  std::vector<unsigned> ready_;  ///< A ring with room for all threads.
  unsigned ready_first_ = 0;
  unsigned ready_count_ = 0;
  unsigned waiting_ = 0;
  unsigned begun_ = 0;    ///< Threads of this block.
  unsigned current_ = 0;  ///< The thread that runs.
  index3 next_{};         ///< Coordinates of the next one to begin.
  std::string failure_;   ///< Empty: none.
  thread_stack own_;
  thread_stack* running_ = &own_;
  std::vector<thread_stack*> idle_;  ///< Their last thread has ended.
};

}  // namespace glint::gpu::emulated
