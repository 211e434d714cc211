// SPDX-License-Identifier: Apache-2.0
#include <glint/core/batch.hpp>

#include <algorithm>
#include <string>

namespace glint::detail {

void get_all(std::span<const intrusive_ptr<store::entry>> entries, const deadline& until) {
  if (const std::size_t missing = wait_all(entries, until); missing > 0) {
    const auto first = std::ranges::find_if(entries, [](const auto& e) { return !e->settled(); });
    const auto& named = first == entries.end() ? entries.front() : *first;  // it may have come meanwhile
    throw exception(error(errc::timeout, std::to_string(missing) + " of " + std::to_string(entries.size()) +
                                             " objects were not ready in time")
                        .with_subject("object of type " + named->type().name()));
  }
  for (const auto& e : entries) {
    if (e->level() == store::readiness::failed) throw_failure(*e);
  }
}

void require_last(std::span<const intrusive_ptr<store::entry>> entries) {
  for (const auto& e : entries) {
    // Two users are the ref and the list that is asked about.
    if (e->use_count() == 2) continue;
    throw exception(error(errc::not_copyable, "others hold the object, and its type cannot be copied")
                        .with_subject("object of type " + e->type().name()));
  }
}

}  // namespace glint::detail
