// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/pinned_memory.hpp>

#include <string>
#include <utility>

#include <glint/base/detail/slab_heap.hpp>
#include <glint/base/log.hpp>

namespace glint::gpu {

namespace {

constexpr std::size_t page_bytes = 4096;

std::size_t aligned(std::size_t bytes) {
  return (bytes + device_memory::alignment_bytes - 1) / device_memory::alignment_bytes * device_memory::alignment_bytes;
}

}  // namespace

/// Gives its memory back when its storage lets it go. What an abandoned stream may still touch is not: see storage.
class pinned_memory::block final : public ref_counted {
 public:
  block(intrusive_ptr<pinned_memory> from, void* data, std::size_t bytes, life wanted) noexcept
      : from_(std::move(from)), data_(data), bytes_(bytes), wanted_(wanted) {}

 private:
  ~block() override { from_->give_back(data_, bytes_, wanted_); }

  const intrusive_ptr<pinned_memory> from_;
  void* const data_;
  const std::size_t bytes_;
  const life wanted_;
};

intrusive_ptr<pinned_memory> pinned_memory::create(intrusive_ptr<gpu::device> device, std::size_t bytes_max) {
  return intrusive_ptr<pinned_memory>(new pinned_memory(std::move(device), bytes_max), adopt);
}

pinned_memory::pinned_memory(intrusive_ptr<gpu::device> device, std::size_t bytes_max)
    : device_(std::move(device)),
      info_{.name = "page-locked memory by " + device_->info().name,
            .uuid = {},
            .capacity_bytes = bytes_max,
            .slab_bytes = bytes_max / slab_count / page_bytes * page_bytes},
      memory_(*this, device_memory::emptied::kept) {}

pinned_memory::~pinned_memory() = default;

intrusive_ptr<storage> pinned_memory::try_store(std::size_t bytes, life wanted) {
  if (bytes == 0 || bytes > info_.slab_bytes) return nullptr;
  if (wanted == life::lasting && !take_lasting(aligned(bytes))) return nullptr;
  auto data = memory_.allocate(bytes);
  if (!data) {
    if (wanted == life::lasting) lasting_bytes_.fetch_sub(aligned(bytes));
    return nullptr;
  }
  GLINT_UNPOISON(*data, bytes);
  return storage::lent({.data = *data,
                        .bytes = bytes,
                        .read_only = false,
                        .owner = make_intrusive<block>(intrusive_ptr<pinned_memory>(this), *data, bytes, wanted),
                        .page_locked = device_->backend()});
}

bool pinned_memory::take_lasting(std::size_t bytes) noexcept {
  const std::size_t most = info_.capacity_bytes / 4 * 3;
  std::size_t taken = lasting_bytes_.load();
  do {
    if (bytes > most - taken) return false;
  } while (!lasting_bytes_.compare_exchange_weak(taken, taken + bytes));
  return true;
}

void pinned_memory::give_back(void* data, std::size_t bytes, life wanted) noexcept {
  GLINT_POISON(data, aligned(bytes));  // AddressSanitizer then sees who uses it still
  memory_.free(data);
  if (wanted == life::lasting) lasting_bytes_.fetch_sub(aligned(bytes));
}

/// One thread at a time, as memory_ sees to that. A driver that refused would refuse again, and slowly.
result<void*> pinned_memory::reserve(std::size_t bytes) {
  const std::size_t locked = memory_.read_usage().reserved_bytes;
  if (refused_ || bytes > info_.capacity_bytes - locked) return fail(errc::out_of_memory, "no more is to be locked");
  auto slab = device_->allocate_pinned(bytes);
  if (!slab) {
    refused_ = true;
    log(log_level::warning, "copies find no more than ", locked,
        " bytes of page-locked memory: ", slab.error().describe());
    return fail(error(errc::out_of_memory, "nothing could be locked").with_cause(std::move(slab).error()));
  }
  GLINT_POISON(*slab, bytes);
  return slab;
}

void pinned_memory::unreserve(void* slab, std::size_t bytes) noexcept {
  GLINT_UNPOISON(slab, bytes);
  device_->free_pinned(slab, bytes);
}

pinned_memory::usage pinned_memory::read_usage() const {
  const auto all = memory_.read_usage();
  return {.in_use_bytes = all.in_use_bytes, .lasting_bytes = lasting_bytes_.load(), .locked_bytes = all.reserved_bytes};
}

}  // namespace glint::gpu
