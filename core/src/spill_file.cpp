// SPDX-License-Identifier: Apache-2.0
#include "spill_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace glint::detail {
namespace {

/// An open file, closed at the end of the scope.
class descriptor {
 public:
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

tl::unexpected<error> system_failure(const std::string& directory, const char* what) {
  return fail(errc::io_error, std::string(what) + " in \"" + directory + "\": " + std::strerror(errno));
}

/// A file that nobody else can open. Where the file system knows none without a name, its name goes at once.
int open_nameless(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = directory + "/glint-spill-XXXXXX";
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(name.c_str());
  return named;
}

bool write_all(int fd, std::span<const std::byte> bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::size_t>(written);
  }
  return true;
}

std::size_t whole_pages(std::size_t bytes) {
  static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

result<intrusive_ptr<spill_file>> spill_file::write(const std::string& directory,
                                                    const std::vector<std::span<const std::byte>>& pieces) {
  const descriptor file(open_nameless(directory));
  if (file.get() < 0) return system_failure(directory, "cannot make a file");
  intrusive_ptr<spill_file> made(new spill_file, adopt);
  for (const auto piece : pieces) {
    made->offsets_.push_back(made->bytes_);
    if (!write_all(file.get(), piece, made->bytes_)) return system_failure(directory, "cannot write a file");
    made->bytes_ += whole_pages(piece.size());
  }
  if (made->bytes_ == 0) return made;
  if (::ftruncate(file.get(), static_cast<off_t>(made->bytes_)) != 0) {
    return system_failure(directory, "cannot write a file");
  }
  void* const base = ::mmap(nullptr, made->bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.get(), 0);
  if (base == MAP_FAILED) return system_failure(directory, "cannot map a file");
  made->base_ = static_cast<std::byte*>(base);
  return made;
}

spill_file::~spill_file() {
  if (base_) ::munmap(base_, bytes_);
}

}  // namespace glint::detail
