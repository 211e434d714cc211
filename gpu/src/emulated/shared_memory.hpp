// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace glint::gpu::emulated {

/// The shared memory of a grid's blocks, of which one runs at a time: each piece is an allocation of its own, so that
/// AddressSanitizer sees who leaves it. Thread-owned.
class shared_memory_of_block {
 public:
  explicit shared_memory_of_block(std::size_t dynamic_bytes);
  /// Overwrites all of it: a block must not find what the one before it left.
  void begin_block() noexcept;
  /// The piece of `key`, made when it is first asked for. Cost: a walk over the kernel's pieces.
  [[nodiscard]] void* of(const void* key, std::size_t bytes);
  [[nodiscard]] void* dynamic() const noexcept { return dynamic_.data.get(); }  ///< Null if there is none.

 private:
  static constexpr std::size_t alignment = 64;
  struct deleter {
    void operator()(std::byte* at) const noexcept;
  };
  struct piece {
    piece(const void* of, std::size_t size);
    void fill() const noexcept;
    const void* key;
    std::size_t bytes;
    std::unique_ptr<std::byte, deleter> data;
  };
  piece dynamic_;
  std::vector<piece> pieces_;
};

}  // namespace glint::gpu::emulated
