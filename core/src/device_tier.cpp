// SPDX-License-Identifier: Apache-2.0
#include "device_tier.hpp"

#include <algorithm>
#include <utility>

#include <glint/base/log.hpp>
#include <glint/gpu/device_memory.hpp>
#include <glint/gpu/storage.hpp>
#include "placement.hpp"

namespace glint::detail {
namespace {

/// What a transfer costs before its first byte, in bytes that could be transferred meanwhile: 10 us at 10 GB/s.
constexpr double transfer_overhead_bytes = 100e3;

/// The tensors of an object that lie on a device.
std::vector<tensor_base*> tensors_on(store::entry& object, int device) {
  std::vector<tensor_base*> found;
  for_each_tensor_of(object, [&](tensor_base& t) {
    if (!t.empty_handle() && t.place() == memory_place{device}) found.push_back(&t);
  });
  return found;
}

/// Whether these handles of one storage's are all that there are, and it is ours to free.
bool only_handles_of(const tensor_base& t, const std::vector<tensor_base*>& tensors) {
  const auto same = [&](const tensor_base* other) { return other->storage() == t.storage(); };
  const auto handles = static_cast<std::uint32_t>(std::ranges::count_if(tensors, same));
  return !t.storage()->is_lent() && t.storage()->use_count() == handles;
}

bool only_handles(const std::vector<tensor_base*>& tensors) {
  return std::ranges::all_of(tensors, [&](const tensor_base* t) { return only_handles_of(*t, tensors); });
}

/// Bytes that are free as soon as these handles go: now, and when the last uses are over.
device_tier::room room_behind(const std::vector<tensor_base*>& tensors) {
  device_tier::room room;
  std::vector<const gpu::storage*> counted;
  for (const tensor_base* t : tensors) {
    if (std::ranges::find(counted, t->storage()) != counted.end() || !only_handles_of(*t, tensors)) continue;
    counted.push_back(t->storage());
    const auto uses = t->storage()->uses();
    const bool over = std::ranges::all_of(uses, [](const auto& p) { return p.stream->known_reached(p.sequence); });
    (over ? room.freed : room.coming) += t->storage()->bytes();
  }
  return room;
}

std::size_t bytes_on(store::entry& object, int device) {
  std::size_t bytes = 0;
  for (const tensor_base* t : tensors_on(object, device)) bytes += t->storage()->bytes();
  return bytes;
}

/// Gives an object the tensors of its copy on the host for those on a device, and returns these; none if somebody else
/// has handles of them, or they were moved out.
std::vector<tensor_base> exchange_tensors(store::entry& object, store::entry& copy, int device) {
  std::vector<tensor_base> left;
  const auto tensors = tensors_on(object, device);
  if (tensors.empty() || !only_handles(tensors)) return left;
  std::vector<tensor_base> arrived;
  for_each_tensor_of(copy, [&arrived](tensor_base& t) { arrived.push_back(t); });
  std::size_t i = 0;
  for_each_tensor_of(object, [&](tensor_base& t) {
    const tensor_base& on_host = arrived[i++];
    if (!t.empty_handle() && t.place() == memory_place{device}) left.push_back(std::exchange(t, on_host));
  });
  return left;
}

bool has_host_copy(store::entry& object) {
  const auto copy = object.cached_copy(memory_place::host());
  return copy && copy->level() == store::readiness::ready;
}

}  // namespace

/// Waits for the copy of an object that leaves, and moves it then. Owns itself until then.
class device_tier::departure final : public store::waiter {
 public:
  departure(device_tier& tier, resident leaving, intrusive_ptr<store::entry> copy, int device) noexcept
      : waiter(store::readiness::ready),
        tier_(tier),
        owner_(&tier.owner_),
        leaving_(std::move(leaving)),
        copy_(std::move(copy)),
        device_(device) {}

  void start() noexcept {
    if (!copy_->add(*this)) level_reached(*copy_);
  }

  void level_reached(store::entry&) noexcept override {
    if (copy_->level() == store::readiness::ready) {
      tier_.move_to_host(leaving_, *copy_, device_);
    } else {
      tier_.stays(*leaving_.object, device_);
    }
    leaving_.object->where()->end_leaving();
    tier_.leaving_[static_cast<std::size_t>(device_)].fetch_sub(leaving_.bytes);
    const auto owner = std::move(owner_);
    device_tier& tier = tier_;
    const int device = device_;
    delete this;
    tier.listener_.room_changed(device);
  }

 private:
  device_tier& tier_;
  intrusive_ptr<ref_counted> owner_;
  resident leaving_;
  intrusive_ptr<store::entry> copy_;
  int device_;
};

device_tier::device_tier(const gpu::platform& platform, room_listener& listener, ref_counted& owner, disk_tier& below)
    : listener_(listener), owner_(owner), below_(below), leaving_(platform.devices().size()) {
  for (const auto& device : platform.devices()) {
    contexts_.push_back(device.get());
    lists_.push_back(make_intrusive<store::resident_list>());
  }
}

/// One that has tensors on several devices is listed with the first of them.
void device_tier::add(store::entry& object) noexcept {
  if (!object.type().contains_tensors) return;
  object.track();
  int device = -1;
  for_each_tensor_of(object, [&](tensor_base& t) {
    // A tensor may be of a device of a runtime before this one.
    if (device < 0 && !t.empty_handle() && std::ranges::find(contexts_, t.storage()->context()) != contexts_.end()) {
      device = t.place().device;
    }
  });
  if (device >= 0) lists_[static_cast<std::size_t>(device)]->add(object, bytes_on(object, device));
}

void device_tier::add_on_host(store::entry& object) noexcept {
  if (!object.type().contains_tensors || !object.pin()) return;
  std::size_t bytes = 0;
  for_each_tensor_of(object, [&bytes](const tensor_base& t) { bytes += t.empty_handle() ? 0 : t.bytes(); });
  object.unpin_unused();
  below_.add(object, bytes);
}

std::vector<device_tier::resident> device_tier::victims(int device) const {
  struct candidate {
    int group;
    double score;  // the highest goes first
    resident who;
  };
  std::vector<candidate> candidates;
  auto found = lists_[static_cast<std::size_t>(device)]->unpinned();
  std::uint64_t now = 0;
  for (const resident& r : found) now = std::max(now, r.last_use + 1);
  for (resident& r : found) {
    if (r.object->level() != store::readiness::ready) continue;
    const auto bytes = static_cast<double>(r.bytes);
    const double score = static_cast<double>(now - r.last_use) * bytes / (bytes + transfer_overhead_bytes);
    const int group = r.secondary ? 0 : has_host_copy(*r.object) ? 1 : 2;
    candidates.push_back({group, score, std::move(r)});
  }
  std::ranges::sort(candidates, [](const candidate& a, const candidate& b) {
    return a.group != b.group ? a.group < b.group : a.score > b.score;
  });
  std::vector<resident> ordered;
  for (candidate& c : candidates) ordered.push_back(std::move(c.who));
  return ordered;
}

device_tier::room device_tier::make_room(gpu::device_context& context, std::size_t bytes, when needed) noexcept {
  const int device = context.index();
  room made{.coming = leaving_bytes(device)};
  if (needed == when::soon && made.coming >= bytes) return made;
  for (const resident& victim : victims(device)) {
    // Who cannot wait goes on for as long as victims leave at once, which come first.
    const bool at_once = needed == when::at_once && (victim.secondary || has_host_copy(*victim.object));
    if (made.freed + (at_once ? 0 : made.coming) >= bytes) break;
    const room more = victim.secondary ? drop(victim, device) : spill(victim, context);
    made.freed += more.freed;
    made.coming += more.coming;
  }
  return made;
}

/// Nobody can pin it once it is marked, so its value is gone for everybody before it is destroyed, which may be the
/// user's code.
device_tier::room device_tier::drop(const resident& copy, int device) noexcept {
  store::residency& where = *copy.object->where();
  if (!where.try_move()) return {};
  if (copy.object->level() != store::readiness::ready) {
    where.end_move(store::residency::moved::kept);
    return {};
  }
  where.end_move(store::residency::moved::dropped);
  lists_[static_cast<std::size_t>(device)]->remove(where);
  const room made = room_behind(tensors_on(*copy.object, device));
  copy.object->discard();
  dropped_.fetch_add(copy.bytes, std::memory_order_relaxed);
  return made;
}

/// One that others hold handles of stays: its memory would, too. Everybody else is kept from the value while it is
/// cloned, not while its tensors are copied.
device_tier::room device_tier::spill(const resident& victim, gpu::device_context& context) noexcept {
  store::entry& object = *victim.object;
  store::residency& where = *object.where();
  if (!object.type().clone || !where.begin_leaving()) return {};
  auto copy = object.cached_copy(memory_place::host());
  if (!copy && where.try_move()) {
    const auto tensors = tensors_on(object, context.index());
    const bool goes = object.level() == store::readiness::ready && !tensors.empty() && only_handles(tensors);
    auto clone = goes ? placement::clone_of(object) : nullptr;
    where.end_move(store::residency::moved::kept);
    if (clone) copy = placement::send_to_host(object, std::move(clone));
  }
  const room made = copy ? leave_for(victim, copy, context.index()) : room{};
  if (made.coming == 0) where.end_leaving();
  return made;
}

device_tier::room device_tier::leave_for(const resident& victim, const intrusive_ptr<store::entry>& copy,
                                         int device) noexcept {
  store::entry& object = *victim.object;
  if (copy->level() == store::readiness::ready) return {.freed = move_to_host(victim, *copy, device).freed};
  if (copy->level() == store::readiness::failed) {
    stays(object, device);
    return {};
  }
  leaving_[static_cast<std::size_t>(device)].fetch_add(victim.bytes);
  object.hold();
  resident leaving{.object = hold_ptr<store::entry>(&object, adopt), .bytes = victim.bytes};
  (new departure(*this, std::move(leaving), copy, device))->start();
  return {.coming = victim.bytes};
}

/// The object's tensors on the device become those of its copy. Not when it has come to be used meanwhile: then the
/// copy stays beside it, and it leaves at once the next time.
device_tier::room device_tier::move_to_host(const resident& victim, store::entry& copy, int device) noexcept {
  store::entry& object = *victim.object;
  if (!copy.pin()) return {};
  std::vector<tensor_base> left;  // freed when nobody has to wait for that
  if (object.where()->try_move()) {
    if (object.level() == store::readiness::ready) left = exchange_tensors(object, copy, device);
    object.where()->end_move(store::residency::moved::kept);
  }
  copy.unpin_unused();
  if (left.empty()) return {};
  lists_[static_cast<std::size_t>(device)]->remove(*object.where());
  object.forget_copy(memory_place::host());
  below_.add(object, victim.bytes);
  spilled_.fetch_add(victim.bytes, std::memory_order_relaxed);
  std::vector<tensor_base*> going;
  for (tensor_base& t : left) going.push_back(&t);
  return room_behind(going);
}

/// What cannot be copied once is not tried again: the first in the queue would wait for it for ever.
void device_tier::stays(store::entry& object, int device) noexcept {
  lists_[static_cast<std::size_t>(device)]->remove(*object.where());
}

}  // namespace glint::detail
