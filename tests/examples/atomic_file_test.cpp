// SPDX-License-Identifier: Apache-2.0
#include "tools/atomic_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <utility>

#include "temporary_folder.hpp"

namespace tools {
namespace {

namespace fs = std::filesystem;

class AtomicFile : public digits::temporary_folder {
 protected:
  static void expect_refused(const fs::path& path, const std::string& reason) {
    const auto made = atomic_file::create(path);
    ASSERT_FALSE(made) << reason;
    expect_error(made.error(), glint::errc::io_error, "cannot write " + path.string() + ": " + reason, path);
  }
};

TEST_F(AtomicFile, TakesItsPlaceAtTheCommit) {
  const fs::path path = write("file", "old");
  auto made = atomic_file::create(path);
  ASSERT_TRUE(made) << made.error().describe();
  ASSERT_TRUE(made->write("ne"));
  ASSERT_TRUE(made->write("w"));
  EXPECT_EQ(read(path), "old");
  const auto done = made->commit();
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(read(path), "new");
  EXPECT_EQ(files(), 1u);
}

TEST_F(AtomicFile, LeavesNothingWithoutACommit) {
  const fs::path path = write("file", "old");
  {
    auto made = atomic_file::create(path);
    ASSERT_TRUE(made) << made.error().describe();
    ASSERT_TRUE(made->write("new"));
    const auto moved = std::move(*made);
    EXPECT_EQ(files(), 2u);
  }
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(files(), 1u);
}

TEST_F(AtomicFile, OfAProcessThatDiesLeavesTheOldOne) {
  const fs::path path = write("file", "old");
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto made = atomic_file::create(path);
    const bool written = made && made->write("half of the n");
    _exit(written ? 7 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(read(path.string() + ".partial-" + std::to_string(child)), "half of the n");
}

/// Files that grow beyond a size give EFBIG, as those on a full disk give ENOSPC.
class size_limit {
 public:
  explicit size_limit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  size_limit(const size_limit&) = delete;
  size_limit& operator=(const size_limit&) = delete;
  ~size_limit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(AtomicFile, ThatCannotBeWrittenLeavesTheOldOne) {
  const fs::path path = write("file", "old");
  {
    const size_limit limit(1000);
    auto made = atomic_file::create(path);
    ASSERT_TRUE(made) << made.error().describe();
    const auto written = made->write(std::string(1001, 'x'));  // of which 1000 fit
    ASSERT_FALSE(written);
    expect_error(written.error(), glint::errc::io_error, "cannot write " + path.string() + ": File too large", path);
  }
  EXPECT_EQ(read(path), "old");
  EXPECT_EQ(files(), 1u);
}

TEST_F(AtomicFile, RefusesAPlaceThatIsNone) {
  expect_refused(folder_ / "missing" / "file", "No such file or directory");
  expect_refused(write("file", "") / "file", "Not a directory");
  expect_refused(folder_, "it is not a regular file");
  expect_refused("/dev/null", "it is not a regular file");
}

/// Root may write anywhere: acts as nobody meanwhile.
class without_privileges {
 public:
  without_privileges() : user_(geteuid()) {
    constexpr uid_t nobody = 65534;
    ready_ = user_ != 0 || seteuid(nobody) == 0;
  }
  without_privileges(const without_privileges&) = delete;
  without_privileges& operator=(const without_privileges&) = delete;
  ~without_privileges() { EXPECT_EQ(seteuid(user_), 0); }
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  uid_t user_;
  bool ready_ = false;
};

TEST_F(AtomicFile, RefusesAFolderWithoutPermission) {
  const fs::path closed = folder_ / "closed";
  fs::create_directory(closed);
  fs::permissions(closed, fs::perms::owner_read | fs::perms::owner_exec);
  const without_privileges scope;
  if (!scope.ready()) GTEST_SKIP() << "this root cannot become another user";
  expect_refused(closed / "file", "Permission denied");
}

}  // namespace
}  // namespace tools
