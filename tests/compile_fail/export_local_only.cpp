// SPDX-License-Identifier: Apache-2.0
// What may not leave its process cannot become bytes.
#include <optional>

#include <glint/core/exchange.hpp>

#include "wrong.hpp"

using may_leave = std::optional<int>;
using may_not = glint::local_only<int>;
glint::object_ref<WRONG(may_leave, may_not)> ref();

auto bytes() {
  return glint::export_bytes(ref());
}
