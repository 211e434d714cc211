// SPDX-License-Identifier: Apache-2.0
#include "through_host.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <glint/gpu/detail/through_host.hpp>
#include <glint/gpu/pinned_memory.hpp>
#include <glint/gpu/platform.hpp>

#include "host_copies.hpp"

namespace glint::gpu {
namespace {

constexpr std::size_t piece_bytes = detail::stage_piece_bytes;

using counter = statistics_counters::counter;

/// Two pieces, or one that is large enough: page-locked where there is room.
result<intrusive_ptr<storage>> stage_for(const device_copy& copy) {
  const std::size_t bytes = std::min(copy.bytes, 2 * piece_bytes);
  if (const auto& pinned = copy.to.context()->pinned()) {
    if (auto stage = pinned->try_store(bytes, pinned_memory::life::passing)) return stage;
  }
  return storage::on_host(bytes);
}

/// All bytes go to the stage and from there.
void count_crossings(const device_copy& copy, const storage& stage) {
  device_context& to = *copy.to.context();
  const bool locked = stage.page_locked_for(to.device().backend());
  to.counters().add(locked ? counter::bytes_pinned : counter::bytes_pageable, 2 * copy.bytes);
}

/// One of the two streams of a copy; remembers where the copy's part begins there.
class half {
 public:
  half(stream& given, device_context& device)
      : stream_(&given.device() == &device.device() ? intrusive_ptr<gpu::stream>(&given) : device.transfer_stream()),
        given_(stream_.get() == &given),
        begin_(given_ ? stream_->now().sequence : stream_->part()) {}

  [[nodiscard]] gpu::stream& on() const noexcept { return *stream_; }
  [[nodiscard]] stream_point now() const { return stream_->now(); }
  /// What any part of it failed with here, its last point did.
  void fail_as_one() const { stream_->fail_as_one(begin_, stream_->now().sequence); }
  void tell(std::vector<stream_side>* sides) const {
    if (sides && !given_) sides->push_back({now(), begin_});
  }

 private:
  intrusive_ptr<gpu::stream> stream_;
  bool given_;
  std::uint64_t begin_;
};

/// Says at the end of the scope, however it ends, who uses which memory: what was enqueued until then stays enqueued.
class noted_uses {
 public:
  noted_uses(const device_copy& copy, storage& stage, const half& reader, const half& writer)
      : copy_(copy), stage_(stage), reader_(reader), writer_(writer) {}
  ~noted_uses() {
    const stream_point read = reader_.now();
    const stream_point written = writer_.now();
    writer_.fail_as_one();
    copy_.from.note_read(read);
    stage_.note_write(read);
    stage_.note_read(written);
    copy_.to.note_write(written);
  }
  noted_uses(const noted_uses&) = delete;
  noted_uses& operator=(const noted_uses&) = delete;

 private:
  const device_copy& copy_;
  storage& stage_;
  const half& reader_;
  const half& writer_;
};

result<void> copy_pieces(const device_copy& copy, storage& stage, const half& reader, const half& writer) {
  auto* const staged = static_cast<std::byte*>(stage.data());
  auto* const to = static_cast<std::byte*>(copy.to.data());
  const auto* const from = static_cast<const std::byte*>(copy.begin);
  std::array<stream_point, 2> emptied{};
  std::size_t turn = 0;
  for (std::size_t at = 0; at < copy.bytes; at += piece_bytes, turn ^= 1) {
    const std::size_t size = std::min(piece_bytes, copy.bytes - at);
    GLINT_TRY(reader.on().wait(emptied[turn]));
    GLINT_TRY(reader.on().copy(staged + turn * piece_bytes, from + at, size));
    GLINT_TRY(writer.on().wait(reader.now()));
    GLINT_TRY(writer.on().copy(to + at, staged + turn * piece_bytes, size));
    emptied[turn] = writer.now();
  }
  return {};
}

}  // namespace

result<void> copy_on_own_device(stream& stream, const device_copy& copy, std::vector<stream_side>* sides) {
  const half own(stream, copy.to.context() ? *copy.to.context() : *copy.from.context());
  GLINT_TRY(own.on().wait(stream.now()));
  GLINT_TRY(copy_in_order(own.on(), copy));
  own.tell(sides);
  return stream.wait(own.now());
}

result<void> copy_through_host(stream& stream, const device_copy& copy, std::vector<stream_side>* sides) {
  auto stage = stage_for(copy);
  if (!stage) return fail(std::move(stage).error());
  const half reader(stream, *copy.from.context());
  const half writer(stream, *copy.to.context());
  {
    const noted_uses scope(copy, **stage, reader, writer);
    GLINT_TRY(reader.on().wait(stream.now()));
    GLINT_TRY(reader.on().wait(copy.from.last_write()));
    GLINT_TRY(writer.on().wait(stream.now()));
    GLINT_TRY(copy_pieces(copy, **stage, reader, writer));
  }
  GLINT_TRY(stream.wait(writer.now()));
  count_crossings(copy, **stage);
  reader.tell(sides);
  writer.tell(sides);
  return {};
}

}  // namespace glint::gpu
