// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "emulated_testing.hpp"
#include "slab_handle_text.hpp"

/// Slabs of emulated devices across processes.
namespace glint::gpu::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// slab_handle_program, by its standard input and output.
class child_process {
 public:
  child_process() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
    end_ = ends[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = GLINT_SLAB_HANDLE_PROGRAM;
    const std::array<char*, 2> arguments{program.data(), nullptr};
    const int status = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (status != 0) throw std::runtime_error("posix_spawn");
  }
  ~child_process() { end(); }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Its answer to a line; no answer within the deadline is a failed test, and the child's end.
  std::string say(std::string line) {
    line += '\n';
    EXPECT_EQ(::write(end_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    std::string answer;
    for (char c = 0; c != '\n';) {
      pollfd wanted{.fd = end_, .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, 30'000) != 1 || ::read(end_, &c, 1) != 1) {
        ADD_FAILURE() << "no answer to " << line;
        ::kill(pid_, SIGKILL);
        return answer;
      }
      if (c != '\n') answer += c;
    }
    return answer;
  }
  /// Ends it and waits for its end.
  void end() {
    if (pid_ == 0) return;
    ::close(end_);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    pid_ = 0;
  }

 private:
  int end_ = -1;
  pid_t pid_ = 0;
};

class SlabHandle : public emulated_fixture {
 protected:
  /// The value that all bytes have, read by a stream.
  std::string read(const void* at, std::size_t size = page) {
    bytes seen = poison(size);
    const auto s = stream();
    must(s->copy(seen.data(), at, size));
    finish(*s);
    const bool mixed = std::ranges::any_of(seen, [&](std::byte b) { return b != seen.front(); });
    return mixed ? "mixed" : std::to_string(std::to_integer<unsigned>(seen.front()));
  }
  void fill(void* at, int value, std::size_t size = page) {
    const auto s = stream();
    must(s->fill(at, static_cast<std::byte>(value), size));
    finish(*s);
  }
  void expect_gone(const slab_handle& handle) {
    const auto refused = device_->open_slab(handle);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::invalid_argument) << refused.error().describe();
    EXPECT_THAT(refused.error().message(), HasSubstr("no slab stands behind the handle any more"));
  }
};

TEST_F(SlabHandle, AnotherProcessReadsTheBytesAndWritesThem) {
  const slab memory(device_, 3 * page);
  fill(memory.at(), 5, 3 * page);
  child_process child;
  EXPECT_EQ(child.say("open " + text_of(must(device_->export_slab(memory.at())))), "opened");
  EXPECT_EQ(child.say("read " + std::to_string(3 * page)), "5");
  EXPECT_EQ(child.say("fill 9 " + std::to_string(page)), "filled");
  EXPECT_EQ(read(memory.at()), "9");
  EXPECT_EQ(read(memory.at(page), 2 * page), "5");
  EXPECT_EQ(child.say("close"), "closed");
}

TEST_F(SlabHandle, WhatIsOpenedIsMemoryOfTheDevice) {
  child_process child;
  const auto handle = handle_of(child.say("reserve 8192 6"));
  std::byte* const at = static_cast<std::byte*>(must(device_->open_slab(handle)));
  EXPECT_EQ(read(at, 8192), "6");
  EXPECT_TRUE(must(device_->holds(at, 8192)));
  EXPECT_FALSE(must(device_->holds(at, 8193)));
  const slab own(device_, page);
  const auto s = stream();
  must(s->copy(own.at(), at + page, page));
  must(s->fill(at, std::byte{7}, page));
  finish(*s);
  EXPECT_EQ(read(own.at()), "6");
  EXPECT_EQ(child.say("read 4096"), "7");
  const auto other = must(make_emulated_device({.index = 4, .capacity_bytes = capacity}));
  EXPECT_FALSE(must(other->create_stream())->copy(at, at + page, page)) << "of this device, and of no other";
  device_->close_slab(at);
}

TEST_F(SlabHandle, OpenedAgainItIsTheSameAddressUntilItWasClosedAsOften) {
  child_process child;
  const auto handle = handle_of(child.say("reserve 4096 6"));
  void* const at = must(device_->open_slab(handle));
  EXPECT_EQ(must(device_->open_slab(handle)), at);
  device_->close_slab(at);
  EXPECT_EQ(read(at), "6");
  device_->close_slab(at);
  EXPECT_FALSE(must(device_->holds(at, 1)));
}

TEST_F(SlabHandle, TheProcessThatExportsItCannotOpenIt) {
  const slab memory(device_, page);
  const auto refused = device_->open_slab(must(device_->export_slab(memory.at())));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  EXPECT_THAT(refused.error().message(), HasSubstr("of this very process"));
}

TEST_F(SlabHandle, OpeningFailsOnceTheSlabWasGivenBack) {
  child_process child;
  const auto handle = handle_of(child.say("reserve 4096 6"));
  EXPECT_EQ(child.say("release"), "released");
  expect_gone(handle);
  // Also when another slab took its place: the same range, the same descriptor.
  const auto next = handle_of(child.say("reserve 4096 8"));
  EXPECT_NE(next, handle);
  expect_gone(handle);
  void* const at = must(device_->open_slab(next));
  EXPECT_EQ(read(at), "8");
  device_->close_slab(at);
}

TEST_F(SlabHandle, OpeningFailsOnceTheOwnerHasEnded) {
  child_process child;
  const auto handle = handle_of(child.say("reserve 4096 6"));
  child.end();
  expect_gone(handle);
}

TEST_F(SlabHandle, WhatIsOpenKeepsItsBytesWhenTheOwnerGivesThemBack) {
  child_process child;
  void* const at = must(device_->open_slab(handle_of(child.say("reserve 4096 6"))));
  EXPECT_EQ(child.say("release"), "released");
  EXPECT_EQ(read(at), "6");
  static_cast<void>(child.say("reserve 4096 8"));
  EXPECT_EQ(read(at), "6") << "the range's next owner has other memory";
  child.end();
  EXPECT_EQ(read(at), "6");
  device_->close_slab(at);
}

TEST_F(SlabHandle, ANewSlabInTheSamePlaceIsEmptyAndNotShared) {
  child_process child;
  {
    const slab memory(device_, page);
    fill(memory.at(), 5);
    EXPECT_EQ(child.say("open " + text_of(must(device_->export_slab(memory.at())))), "opened");
  }
  const slab next(device_, page);
  EXPECT_EQ(child.say("fill 9 4096"), "filled");
  EXPECT_EQ(read(next.at()), "0") << "who still has the old one open writes there and not here";
}

TEST_F(SlabHandle, WhatIsNoHandleIsRefused) {
  for (const auto fill_with : {std::byte{0}, std::byte{0xff}}) {
    slab_handle handle;
    handle.bytes.fill(fill_with);
    const auto refused = device_->open_slab(handle);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::invalid_argument);
    EXPECT_THAT(refused.error().message(), HasSubstr("no handle of an emulated device's slab"));
  }
  child_process child;
  EXPECT_THAT(child.say("open " + text_of({})), StartsWith("error"));
}

TEST_F(SlabHandle, OnlyTheStartOfASlabIsExported) {
  const slab memory(device_, 2 * page);
  EXPECT_TRUE(device_->export_slab(memory.at()));
  int host = 0;
  for (void* at : {memory.at(page), static_cast<void*>(&host)}) {
    const auto refused = device_->export_slab(at);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  }
}

TEST_F(SlabHandle, ALostDeviceNeitherExportsNorOpens) {
  child_process child;
  const auto handle = handle_of(child.say("reserve 4096 6"));
  const slab memory(device_, page);
  faults_.lose_device();
  EXPECT_EQ(device_->export_slab(memory.at()).error().code(), errc::device_lost);
  EXPECT_EQ(device_->open_slab(handle).error().code(), errc::device_lost);
}

using SlabHandleDeathTest = SlabHandle;

TEST_F(SlabHandleDeathTest, HostCodeMustNotTouchWhatIsOpened) {
  if (!emulated_memory_is_protected()) GTEST_SKIP() << "not checked: this CPU or kernel has no protection keys";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  child_process child;
  void* const at = must(device_->open_slab(handle_of(child.say("reserve 4096 6"))));
  EXPECT_DEATH(static_cast<void>(*static_cast<const volatile int*>(at)), "host code touched device memory at 0x");
  device_->close_slab(at);
}

}  // namespace
}  // namespace glint::gpu::testing
