// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace glint::detail {

/// Who calls: a task, an actor, or a thread of the user's. Calls of one caller to one actor keep their order.
[[nodiscard]] std::uint64_t current_caller() noexcept;

/// Makes the body that runs in this scope the caller; nests. `caller` 0: a task, which gets an id when it first needs
/// one.
class caller_scope {
 public:
  explicit caller_scope(std::uint64_t caller) noexcept;
  ~caller_scope();
  caller_scope(const caller_scope&) = delete;
  caller_scope& operator=(const caller_scope&) = delete;

 private:
  std::uint64_t before_;
  bool inside_before_;
};

}  // namespace glint::detail
