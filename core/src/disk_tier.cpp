// SPDX-License-Identifier: Apache-2.0
#include "disk_tier.hpp"

#include <algorithm>
#include <utility>

#include <glint/base/log.hpp>
#include <glint/gpu/storage.hpp>
#include "placement.hpp"
#include "runtime.hpp"
#include "spill_file.hpp"

namespace glint::detail {
namespace {

/// The tensors of an object that lie in host memory of Glint's own, which no stream uses.
std::vector<tensor_base*> tensors_to_write(store::entry& object) {
  std::vector<tensor_base*> found;
  for_each_tensor_of(object, [&found](tensor_base& t) {
    if (t.empty_handle() || !t.place().is_host() || t.bytes() == 0) return;
    if (t.storage()->read_only() || !t.storage()->uses().empty()) return;
    found.push_back(&t);
  });
  return found;
}

/// Whether each has memory of its own, of which there are `handles` handles.
bool have_handles(const std::vector<tensor_base*>& tensors, std::uint32_t handles) {
  return std::ranges::all_of(tensors, [handles](const auto* t) { return t->storage()->use_count() == handles; });
}

}  // namespace

disk_tier::disk_tier(options settings, runtime& owner) : settings_(std::move(settings)), owner_(owner) {}

void disk_tier::add(store::entry& object, std::size_t bytes) noexcept {
  if (settings_.directory.empty() || bytes < bytes_min) return;
  list_->add(object, bytes);
  if (too_much() && !turn_.queued.exchange(true)) owner_.scheduler().submit_last(turn_);
}

/// What comes while it writes, it sees; what comes after its last look, brings another turn.
void disk_tier::write_what_is_too_much() noexcept {
  while (too_much() && !writing_.exchange(true)) {
    const std::uint64_t before = written_bytes();
    write_oldest();
    writing_.store(false);
    if (written_bytes() == before) return;  // all that is left is in use, or cannot be written
  }
}

void disk_tier::write_oldest() noexcept {
  auto candidates = list_->unpinned();
  std::ranges::sort(candidates, {}, &store::resident_list::resident::last_use);
  for (const auto& c : candidates) {
    if (!too_much()) return;
    store::residency& where = *c.object->where();
    if (!where.begin_leaving()) continue;
    write(*c.object, c.bytes);
    where.end_leaving();
  }
}

void disk_tier::write(store::entry& object, std::size_t bytes) noexcept {
  const auto going = begin(object);
  if (!going.empty() && move_to_file(object, going)) {
    list_->remove(*object.where());
    written_.fetch_add(bytes, std::memory_order_relaxed);
  }
}

/// Handles of its tensors: as long as there are these, nobody who takes the object writes to their memory in place (see
/// placement::bring_arguments and wait_unused). Empty if they may not go.
std::vector<tensor_base> disk_tier::begin(store::entry& object) noexcept {
  std::vector<tensor_base> handles;
  if (!object.where()->try_move()) return handles;
  if (object.level() == store::readiness::ready && object.has_value()) {
    const auto tensors = tensors_to_write(object);
    if (have_handles(tensors, 1)) {
      for (const tensor_base* t : tensors) handles.push_back(*t);
    }
  }
  object.where()->end_move(store::residency::moved::kept);
  return handles;
}

bool disk_tier::move_to_file(store::entry& object, const std::vector<tensor_base>& written) noexcept {
  std::vector<std::span<const std::byte>> pieces;
  for (const tensor_base& t : written) {
    pieces.push_back({static_cast<const std::byte*>(t.storage()->data()), t.storage()->bytes()});
  }
  auto file = spill_file::write(settings_.directory, pieces);
  if (!file) {
    if (!complained_.exchange(true)) {
      log(log_level::warning, "objects that left a device stay in host memory: ", file.error().describe());
    }
    return false;
  }
  if (!object.where()->try_move()) return false;  // it is used again: it stays in memory
  const auto tensors = tensors_to_write(object);
  const auto same = [](const tensor_base* t, const tensor_base& w) { return t->storage() == w.storage(); };
  const bool moves = have_handles(tensors, 2) && std::ranges::equal(tensors, written, same);
  for (std::size_t i = 0; moves && i < tensors.size(); ++i) {
    *tensors[i] = tensors[i]->in_storage(gpu::storage::lent(
        {.data = (*file)->piece(i), .bytes = tensors[i]->storage()->bytes(), .read_only = false, .owner = *file}));
  }
  object.where()->end_move(store::residency::moved::kept);
  return moves;
}

}  // namespace glint::detail
