// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/result.hpp>
#include <glint/gpu/detail/use_list.hpp>
#include <glint/gpu/memory_place.hpp>
#include <glint/gpu/stream.hpp>

namespace glint::gpu {

class device_context;

/// What storage on the host starts with.
enum class host_fill { none, zeros };

/// Bytes of somebody else's that storage is to stand for.
struct lent_memory {
  void* data = nullptr;
  std::size_t bytes = 0;
  bool read_only = true;              ///< Who wants to write must copy.
  device_context* context = nullptr;  ///< The device they lie on; null: host memory.
  intrusive_ptr<ref_counted> owner;   ///< Keeps them.
  /// The backend whose devices take them for page-locked host memory; none: they are pageable, or a device's.
  std::optional<backend_kind> page_locked = std::nullopt;
};

/// Counted bytes in host or device memory, and who uses them in stream order.
///
/// The last handle may go while work that uses the bytes is enqueued: the memory is freed when every use was reached,
/// by the poller, and nobody waits. Device storage keeps its device alive, so that a tensor may outlive the platform.
/// Thread-safe, the bytes excepted.
class storage final : public ref_counted {
 public:
  static constexpr std::size_t host_alignment_bytes = 64;

  /// Errors: out_of_memory.
  [[nodiscard]] static result<intrusive_ptr<storage>> on_host(std::size_t bytes, host_fill fill = host_fill::none);
  /// Not initialized; usable on any stream at once. `home` is the stream that its maker works on. Never waits: when the
  /// device is full, memory whose uses have just ended is collected, then whoever relieves the device's pressure is
  /// asked for room.
  /// Errors: out_of_memory, device_lost.
  [[nodiscard]] static result<intrusive_ptr<storage>> on_device(intrusive_ptr<device_context> context,
                                                                std::size_t bytes, intrusive_ptr<gpu::stream> home);
  /// The same, usable in order of `home` only: whoever uses it on another stream waits for a point of that one first.
  /// It may be memory that work enqueued there still uses, so that it takes no room.
  [[nodiscard]] static result<intrusive_ptr<storage>> in_order_of(intrusive_ptr<gpu::stream> home,
                                                                  intrusive_ptr<device_context> context,
                                                                  std::size_t bytes);

  /// Host memory of somebody else's, to be read only. `owner` keeps it, and is let go after the last handle and the
  /// last use, by whatever thread that happens on.
  [[nodiscard]] static intrusive_ptr<storage> borrowed(const void* data, std::size_t bytes,
                                                       intrusive_ptr<ref_counted> owner);
  /// The same for memory of any place, which may be written if it says so. Its `home` is its device's transfer stream.
  /// Where a lost device may still be inside it, the owner is kept until the end of the streams concerned.
  [[nodiscard]] static intrusive_ptr<storage> lent(lent_memory memory);
  /// True for memory of somebody else's that must not be written: who wants to must copy, even alone.
  [[nodiscard]] bool read_only() const noexcept { return read_only_; }
  /// True for memory of somebody else's, and for page-locked memory: when it goes, nothing becomes free here.
  [[nodiscard]] bool is_lent() const noexcept { return static_cast<bool>(owner_); }

  /// Whether copies between it and a device of `backend` let nobody wait: page-locked host memory.
  [[nodiscard]] bool page_locked_for(backend_kind backend) const noexcept { return page_locked_ == backend; }

  [[nodiscard]] memory_place place() const noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Null when there are no bytes.
  [[nodiscard]] void* data() const noexcept { return data_; }
  /// The device it lies on; null on the host.
  [[nodiscard]] device_context* context() const noexcept { return context_.get(); }
  /// The stream its maker works on; null on the host.
  [[nodiscard]] const intrusive_ptr<gpu::stream>& home() const noexcept { return home_; }

  /// Says that work up to `point`, or everything that a scope's owner enqueues, reads or writes the bytes. The memory
  /// is kept until then; `note_write` also sets what readers must wait for. Neither makes a stream wait.
  /// A use by a stream that is being recorded is noted with the recording instead.
  void note_read(stream_point point) { note(detail::memory_use(std::move(point)), &detail::use_list::note_read); }
  void note_write(stream_point point) { note(detail::memory_use(std::move(point)), &detail::use_list::note_write); }
  void note_read(intrusive_ptr<use_scope> scope) {
    note(detail::memory_use(std::move(scope)), &detail::use_list::note_read);
  }
  void note_write(intrusive_ptr<use_scope> scope) {
    note(detail::memory_use(std::move(scope)), &detail::use_list::note_write);
  }

  /// Makes a stream wait for what a reader must wait for (the newest write), or a writer (all uses): in order of the
  /// streams, or within a recording. Errors: those of the device.
  [[nodiscard]] result<void> wait_to_read(stream& reader);
  [[nodiscard]] result<void> wait_to_write(stream& writer);

  /// The point after the newest write: a reader waits for it. Empty if nothing was enqueued that writes.
  [[nodiscard]] stream_point last_write() const { return uses_.last_write(); }
  /// All uses that are not known to be over, the newest of each stream: a writer waits for them.
  [[nodiscard]] std::vector<stream_point> uses() const { return uses_.points(); }

 private:
  storage(intrusive_ptr<device_context> context, void* data, std::size_t bytes,
          intrusive_ptr<gpu::stream> home) noexcept;
  ~storage() override = default;
  void destroy() noexcept override;
  void note(detail::memory_use use, void (detail::use_list::*how)(detail::memory_use)) {
    if (use.empty()) return;
    if (use.stream->recorder()) return note_recorded(*use.stream, how == &detail::use_list::note_write);
    (uses_.*how)(std::move(use));
  }
  void note_recorded(gpu::stream& by, bool written);

  intrusive_ptr<device_context> context_;
  void* data_;
  std::size_t bytes_;
  intrusive_ptr<gpu::stream> home_;
  intrusive_ptr<ref_counted> owner_;  // of memory that is somebody else's
  bool read_only_ = false;
  std::optional<backend_kind> page_locked_;
  detail::use_list uses_;
};

}  // namespace glint::gpu
