// SPDX-License-Identifier: Apache-2.0
#include <glint/core/metadata.hpp>

#include <glint/base/ids.hpp>
#include "runtime.hpp"

namespace glint {
namespace {

object_state state_of(store::readiness level) noexcept {
  switch (level) {
    case store::readiness::pending:
      return object_state::pending;
    case store::readiness::issued:
      return object_state::issued;
    case store::readiness::ready:
      return object_state::ready;
    case store::readiness::failed:
      break;
  }
  return object_state::failed;
}

void describe_tensors(store::entry& e, object_metadata& about) {
  if (!e.type().contains_tensors) return;
  e.type().visit_tensors(e.value(), {[](void* context, tensor_base& t) {
                                       if (t.empty_handle()) return;
                                       auto& to = *static_cast<object_metadata*>(context);
                                       to.tensors.push_back({t.dtype(), t.shape(), t.place(), t.bytes()});
                                       to.bytes += t.bytes();
                                     },
                                     &about});
}

}  // namespace

std::string_view to_string(object_state state) noexcept {
  switch (state) {
    case object_state::pending:
      return "pending";
    case object_state::issued:
      return "issued";
    case object_state::ready:
      return "ready";
    case object_state::failed:
      return "failed";
  }
  return "unknown";
}

object_metadata metadata(const any_ref& ref) {
  const auto& entry = detail::entry_of(ref);
  detail::require_ref(entry);
  const store::type_descriptor& type = entry->type();
  object_metadata about{.type_name = type.name(),
                        .format = "native",
                        .encoding = type.serializable ? std::string(export_format) : std::string(),
                        .tensors = {},
                        .created = entry->created(),
                        .owner = detail::node_index.load(std::memory_order_relaxed)};  // its refs never leave the node
  // Values are emptied by shutdown, which waits for whoever is inside; without a runtime no value is there.
  const detail::soft_call_scope running;
  about.state = state_of(entry->level());
  if (about.state == object_state::failed) {
    about.failure = entry->failure();
  } else if (running && about.state != object_state::pending) {
    (void)entry->pin();
    about.bytes = type.bytes;
    if (type.held_bytes) about.bytes += type.held_bytes(entry->value());
    describe_tensors(*entry, about);
    entry->unpin_unused();
  }
  return about;
}

}  // namespace glint
