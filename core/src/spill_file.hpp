// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>

namespace glint::detail {

/// Bytes in a file without a name, mapped: read from there page by page when somebody looks, and let go of by the
/// system when memory is short. The file goes with its mapping, whatever ends the process. What is written to the
/// mapping stays in memory. Thread-safe but for the bytes.
class spill_file final : public ref_counted {
 public:
  /// Writes the pieces into a new file in `directory`. Blocks for as long as that takes. Errors: io_error, whose text
  /// has the directory and what the system says.
  [[nodiscard]] static result<intrusive_ptr<spill_file>> write(const std::string& directory,
                                                               const std::vector<std::span<const std::byte>>& pieces);
  /// Where a piece begins, aligned to a page.
  [[nodiscard]] void* piece(std::size_t i) const noexcept { return base_ + offsets_[i]; }

 private:
  spill_file() = default;
  ~spill_file() override;

  std::byte* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<std::size_t> offsets_;
};

}  // namespace glint::detail
