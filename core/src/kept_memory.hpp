// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <glint/base/config.hpp>

namespace glint::detail {

/// How much free host memory the process keeps while a node runs: Glint's own blocks, and malloc's if asked for. Of the
/// process, as malloc is: there is one at a time.
class kept_memory {
 public:
  explicit kept_memory(const config& settings) noexcept;
  ~kept_memory();
  kept_memory(const kept_memory&) = delete;
  kept_memory& operator=(const kept_memory&) = delete;

 private:
  const bool malloc_keeps_;
};

}  // namespace glint::detail
