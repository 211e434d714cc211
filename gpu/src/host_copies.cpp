// SPDX-License-Identifier: Apache-2.0
#include "host_copies.hpp"

#include <algorithm>
#include <cstring>

#include <glint/gpu/detail/through_host.hpp>
#include <glint/gpu/pinned_memory.hpp>
#include <glint/gpu/platform.hpp>

namespace glint::gpu {
namespace {

using counter = statistics_counters::counter;

/// One copy by the driver, of what is left behind the first `done` bytes.
result<void> copy_rest(gpu::stream& stream, const device_copy& copy, std::size_t done) {
  auto* const to = static_cast<std::byte*>(copy.to.data()) + done;
  GLINT_TRY(stream.copy(to, static_cast<const std::byte*>(copy.begin) + done, copy.bytes - done));
  const stream_point copied = stream.now();
  copy.from.note_read(copied);
  copy.to.note_write(copied);
  return {};
}

/// Copies as many bytes by stages as there are stages for; returns how many.
result<std::size_t> copy_by_stages(gpu::stream& stream, const device_copy& copy, pinned_memory& pinned) {
  std::size_t done = 0;
  while (done < copy.bytes) {
    const std::size_t size = std::min(detail::stage_piece_bytes, copy.bytes - done);
    const auto stage = pinned.try_store(size, pinned_memory::life::passing);
    if (!stage) break;
    std::memcpy(stage->data(), static_cast<const std::byte*>(copy.begin) + done, size);
    GLINT_TRY(stream.copy(static_cast<std::byte*>(copy.to.data()) + done, stage->data(), size));
    const stream_point copied = stream.now();
    stage->note_read(copied);
    copy.to.note_write(copied);
    done += size;
  }
  return done;
}

/// Whether the host may read the memory now. Asks no driver.
bool readable(const storage& s) {
  const stream_point written = s.last_write();
  return written.empty() || written.stream->known_reached(written.sequence);
}

result<void> upload(gpu::stream& stream, const device_copy& copy) {
  const device_context& device = *copy.to.context();
  const bool locked = copy.from.page_locked_for(device.device().backend());
  const bool stages = !locked && copy.bytes > taken_along_bytes && device.pinned() && readable(copy.from);
  const std::uint64_t begin = stream.now().sequence;
  std::size_t staged = 0;
  if (stages) {
    const auto done = copy_by_stages(stream, copy, *device.pinned());
    if (!done) return fail(done.error());
    staged = *done;
  }
  if (staged < copy.bytes) GLINT_TRY(copy_rest(stream, copy, staged));
  if (staged != 0) stream.fail_as_one(begin, copy.to.last_write().sequence);
  device.counters().add(counter::bytes_pinned, locked ? copy.bytes : staged);
  if (!locked && copy.bytes > taken_along_bytes) {
    device.counters().add(counter::bytes_pageable, copy.bytes - staged);
  }
  return {};
}

}  // namespace

result<intrusive_ptr<storage>> host_memory_for(const device_context& source, std::size_t bytes) {
  if (source.pinned()) {
    if (auto made = source.pinned()->try_store(bytes, pinned_memory::life::lasting)) return made;
  }
  return storage::on_host(bytes);
}

result<void> copy_in_order(gpu::stream& stream, const device_copy& copy) {
  GLINT_TRY(copy.from.wait_to_read(stream));
  if (stream.recorder()) return copy_rest(stream, copy, 0);  // each launch is to read what is there then
  if (copy.to.context() && !copy.from.context()) return upload(stream, copy);
  GLINT_TRY(copy_rest(stream, copy, 0));
  if (!copy.to.context() && copy.from.context()) {
    const bool locked = copy.to.page_locked_for(stream.device().backend());
    copy.from.context()->counters().add(locked ? counter::bytes_pinned : counter::bytes_pageable, copy.bytes);
  }
  return {};
}

}  // namespace glint::gpu
