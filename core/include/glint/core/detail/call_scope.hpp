// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glint::detail {

class runtime;

/// Keeps the runtime from going away during one call of the public functions. Throws not_running if there is none, or
/// if it is shutting down. Cost: two atomic operations on a word of this thread's shard.
class call_scope {
 public:
  call_scope();
  ~call_scope();
  call_scope(const call_scope&) = delete;
  call_scope& operator=(const call_scope&) = delete;
  [[nodiscard]] runtime& get() const noexcept { return *runtime_; }

 private:
  runtime* runtime_;
};

/// A call scope that does not throw: false where there is no runtime.
class soft_call_scope {
 public:
  soft_call_scope() noexcept;
  ~soft_call_scope();
  soft_call_scope(const soft_call_scope&) = delete;
  soft_call_scope& operator=(const soft_call_scope&) = delete;
  [[nodiscard]] explicit operator bool() const noexcept { return runtime_ != nullptr; }
  /// Precondition: there is one.
  [[nodiscard]] runtime& get() const noexcept { return *runtime_; }

 private:
  runtime* runtime_;
};

}  // namespace glint::detail
