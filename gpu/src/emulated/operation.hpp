// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <glint/base/unique_function.hpp>

namespace glint::gpu::emulated {

/// A piece of work on a stream. Made by the enqueuing host thread; run and destroyed in the stream's context, so that
/// what a closure owns is given back in stream order too. Budget: one allocation an operation.
class operation {
 public:
  operation() = default;
  operation(const operation&) = delete;
  operation& operator=(const operation&) = delete;
  virtual ~operation() = default;
  virtual void run() = 0;
};

class copy_operation final : public operation {
 public:
  copy_operation(void* to, const void* from, std::size_t bytes) : to_(to), from_(from), bytes_(bytes) {}
  void run() override;

 private:
  void* const to_;
  const void* const from_;
  const std::size_t bytes_;
};

class fill_operation final : public operation {
 public:
  fill_operation(void* to, std::byte value, std::size_t bytes) : to_(to), bytes_(bytes), value_(value) {}
  void run() override;

 private:
  void* const to_;
  const std::size_t bytes_;
  const std::byte value_;
};

class kernel_operation final : public operation {
 public:
  explicit kernel_operation(unique_function<void()> kernel) : kernel_(std::move(kernel)) {}
  void run() override { kernel_(); }

 private:
  unique_function<void()> kernel_;
};

/// Stands for work that a test ordered to fail; keeps it, to be destroyed where it would have run.
class failing_operation final : public operation {
 public:
  explicit failing_operation(std::unique_ptr<operation> work) : work_(std::move(work)) {}
  [[noreturn]] void run() override;

 private:
  std::unique_ptr<operation> work_;
};

}  // namespace glint::gpu::emulated
