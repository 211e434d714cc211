// SPDX-License-Identifier: Apache-2.0
#include "slab_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

namespace glint::gpu::emulated {
namespace {

constexpr std::uint64_t format = 0x31424c53554d45ull;  // "EMUSLB1"

/// What a handle's bytes are.
struct contents {
  std::uint64_t format = 0;
  std::uint64_t process = 0;
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::int32_t pid = 0;
  std::int32_t fd = 0;
};
static_assert(sizeof(contents) <= sizeof(slab_handle));

/// Random: another process's slabs, of before or elsewhere, must not have the name of one of ours.
std::uint64_t this_process() {
  static const std::uint64_t name = [] {
    std::random_device source;
    return (std::uint64_t{source()} << 32) | source();
  }();
  return name;
}

std::string name_of(std::uint64_t process, std::uint64_t number) {
  return "glint-slab-" + std::to_string(process) + "-" + std::to_string(number);
}

tl::unexpected<error> system_failure(const std::string& what) {
  return fail(errc::device_error, what + ": " + std::strerror(errno));
}

tl::unexpected<error> gone() {
  return fail(errc::invalid_argument,
              "no slab stands behind the handle any more: it was given back, or its process ended");
}

/// Whether the descriptor, a path under /proc, is of the file of that name.
bool leads_to(const std::string& path, const std::string& name) {
  std::array<char, 256> text{};
  const auto size = ::readlink(path.c_str(), text.data(), text.size());
  return size >= 0 && std::string_view(text.data(), static_cast<std::size_t>(size)) == "/memfd:" + name + " (deleted)";
}

}  // namespace

slab_file::slab_file(slab_file&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      bytes_(std::exchange(other.bytes_, 0)),
      process_(other.process_),
      number_(other.number_) {}

slab_file& slab_file::operator=(slab_file&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(bytes_, other.bytes_);
  process_ = other.process_;
  number_ = other.number_;
  return *this;
}

slab_file::~slab_file() {
  if (fd_ >= 0) ::close(fd_);
}

result<slab_file> slab_file::create(std::size_t bytes) {
  static std::atomic<std::uint64_t> next{1};
  const std::uint64_t number = next.fetch_add(1, std::memory_order_relaxed);
  const std::string name = name_of(this_process(), number);
  slab_file made(::memfd_create(name.c_str(), MFD_CLOEXEC), bytes, this_process(), number);
  if (made.fd_ < 0) return system_failure("memfd_create for " + name);
  if (::ftruncate(made.fd_, static_cast<off_t>(bytes)) != 0) return system_failure("ftruncate of " + name);
  return made;
}

result<slab_file> slab_file::open(const slab_handle& handle) {
  contents c;
  std::memcpy(&c, handle.bytes.data(), sizeof c);
  if (c.format != format) return fail(errc::invalid_argument, "no handle of an emulated device's slab");
  if (c.process == this_process() && c.pid == ::getpid()) {
    return fail(errc::invalid_argument, "a slab of this very process cannot be opened, as on CUDA: it has its address");
  }
  const std::string path = "/proc/" + std::to_string(c.pid) + "/fd/" + std::to_string(c.fd);
  // The number may be that of another file by now, and the process another one. Looked at before, because opening some
  // files does something; and behind, because it may change in between.
  const std::string name = name_of(c.process, c.number);
  errno = 0;
  if (!leads_to(path, name) && errno != EACCES) return gone();  // where it may not be read, opening says so
  slab_file opened(::open(path.c_str(), O_RDWR | O_CLOEXEC), c.bytes, c.process, c.number);
  if (opened.fd_ < 0) return errno == ENOENT ? gone() : system_failure("cannot open " + path);
  if (!leads_to("/proc/self/fd/" + std::to_string(opened.fd_), name)) return gone();
  struct stat status {};
  if (::fstat(opened.fd_, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != c.bytes) return gone();
  return opened;
}

result<void*> slab_file::map(void* at) const {
  const int place = at ? MAP_FIXED : 0;
  void* const mapped =
      ::mmap(at, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | place, fd_, 0);  // NOLINT: flags are ints
  if (mapped == MAP_FAILED) return system_failure("cannot map " + std::to_string(bytes_) + " bytes of device memory");
  return mapped;
}

slab_handle slab_file::handle() const noexcept {
  const contents c{.format = format,
                   .process = process_,
                   .number = number_,
                   .bytes = bytes_,
                   .pid = static_cast<std::int32_t>(::getpid()),
                   .fd = fd_};
  slab_handle out;
  std::memcpy(out.bytes.data(), &c, sizeof c);
  return out;
}

}  // namespace glint::gpu::emulated
