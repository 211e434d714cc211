// SPDX-License-Identifier: Apache-2.0
// Bytes from elsewhere hold nothing that is shared.
#include <memory>

#include <glint/core/exchange.hpp>

#include "wrong.hpp"

using owned = std::unique_ptr<int>;
using shared = std::shared_ptr<int>;

auto object(std::span<const std::byte> bytes) {
  return glint::import_bytes<WRONG(owned, shared)>(bytes);
}
