// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace glint::detail {

/// Host memory that this process may use, bytes: the machine's, or what its control group is limited to, if that is
/// less. 0 if the system does not say.
[[nodiscard]] std::uint64_t machine_memory_bytes();

}  // namespace glint::detail
