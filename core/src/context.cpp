// SPDX-License-Identifier: Apache-2.0
#include "context.hpp"

#include <atomic>

#include <glint/core/actor.hpp>

namespace glint::detail {
namespace {

thread_local std::uint64_t caller = 0;  // 0: none given yet
thread_local bool inside_body = false;
thread_local std::uint64_t thread_caller = 0;  // of the thread itself, outside of all bodies

}  // namespace

/// Ids come in blocks of a thread, so that no word is shared by those who need one for each task.
std::uint64_t next_caller_id() noexcept {
  constexpr std::uint64_t block = 1024;
  static constinit std::atomic<std::uint64_t> next_block{1};
  thread_local std::uint64_t next = 0;
  thread_local std::uint64_t end = 0;
  if (next == end) {
    next = next_block.fetch_add(1, std::memory_order_relaxed) * block;
    end = next + block;
  }
  return next++;
}

std::uint64_t current_caller() noexcept {
  std::uint64_t& mine = inside_body ? caller : thread_caller;
  if (mine == 0) mine = next_caller_id();
  return mine;
}

caller_scope::caller_scope(std::uint64_t id) noexcept : before_(caller), inside_before_(inside_body) {
  caller = id;
  inside_body = true;
}

caller_scope::~caller_scope() {
  caller = before_;
  inside_body = inside_before_;
}

}  // namespace glint::detail
