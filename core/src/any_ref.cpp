// SPDX-License-Identifier: Apache-2.0
#include <glint/core/any_ref.hpp>

namespace glint {

void any_ref::throw_other_type(const std::string& wanted) const {
  throw exception(error(errc::invalid_argument, "the ref is to an object of type " + type_name() + ", not " + wanted)
                      .with_subject("object of type " + type_name()));
}

}  // namespace glint
