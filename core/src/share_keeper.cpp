// SPDX-License-Identifier: Apache-2.0
#include "share_keeper.hpp"

#include <utility>

namespace glint::detail {
namespace {

/// Owns itself until the point is reached, or given up.
class share_until final : public gpu::point_listener {
 public:
  explicit share_until(resource_share share) noexcept : share_(std::move(share)) {}
  void point_reached(const error*) noexcept override { delete this; }

 private:
  resource_share share_;
};

/// Owns itself until the object is settled, which its producer or shutdown makes sure of.
class share_keeper final : public store::waiter {
 public:
  share_keeper(resource_share share, store::entry& object) noexcept
      : waiter(store::readiness::ready), share_(std::move(share)), object_(&object) {}
  void level_reached(store::entry&) noexcept override { delete this; }

 private:
  resource_share share_;
  hold_ptr<store::entry> object_;
};

}  // namespace

void give_back_after(resource_share share, store::entry* object) noexcept {
  if (!share || !object || object->settled()) return;
  auto* keeper = new share_keeper(std::move(share), *object);
  if (!object->add(*keeper)) keeper->level_reached(*object);
}

void give_back_after(resource_share share, const gpu::stream_point& point) noexcept {
  if (share && !point.empty()) point.stream->notify(point.sequence, *new share_until(std::move(share)));
}

}  // namespace glint::detail
