// SPDX-License-Identifier: Apache-2.0
#include <glint/core/when.hpp>

namespace glint::detail {

object_ref<std::size_t> start_any(object_list objects) {
  const call_scope scope;
  if (objects.empty()) {
    throw exception(error(errc::invalid_argument, "the first of no refs never comes").with_subject("when_any"));
  }
  for (const auto& object : objects) require_ref(object);
  return ref_access::make<std::size_t>(combine<std::size_t, any_of>(std::move(objects)));
}

}  // namespace glint::detail
