// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Which emulated device of this process an address belongs to, or whether it is page-locked. Lock-free, as a signal
/// handler asks too, and so does each copy that touches memory not its device's own.
namespace glint::gpu::emulated {

/// Whose a range is.
struct range_owner {
  std::uint64_t device_id = 0;  ///< Of emulated_device::id; 0: nobody's, e.g. the host's.
  int device_index = 0;
};

/// The id of page-locked host memory.
inline constexpr std::uint64_t page_locked = ~std::uint64_t{0};

/// Beyond 1,024 live ranges one is not known: copies take it for the host's.
void add_range(const void* base, std::size_t bytes, range_owner owner) noexcept;
/// Before the range is unmapped; nothing if it is not known.
void remove_range(const void* base) noexcept;
/// Cost: a walk over as many ranges as ever lived at once.
[[nodiscard]] range_owner owner_of(const void* at) noexcept;

}  // namespace glint::gpu::emulated
