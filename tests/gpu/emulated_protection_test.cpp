// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>

#include "emulated_testing.hpp"

namespace glint::gpu::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::KilledBySignal;
using ::testing::Not;

/// The handler that Glint's comes after: installed before the first device is made. Says so, and lets the process die.
constexpr char previous_text[] = "the handler of before was called\n";
void previous_handler(int signal) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, previous_text, sizeof previous_text - 1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);  // delivered when the handler returns; a fault would happen again anyway
}
[[maybe_unused]] const auto installed = std::signal(SIGSEGV, previous_handler);

class EmulatedProtectionDeathTest : public emulated_fixture {
 protected:
  void SetUp() override {
    if (!emulated_memory_is_protected()) GTEST_SKIP() << "not checked: this CPU or kernel has no protection keys";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
  static int read(const void* at) { return *static_cast<const volatile int*>(at); }
};

const auto explained = AllOf(
    ContainsRegex("glint: host code touched device memory at 0x[0-9a-f]+ of emulated device 3; it may be used only by "
                  "work on a stream"),
    HasSubstr(previous_text));

TEST_F(EmulatedProtectionDeathTest, AHostReadDiesAndSaysWhy) {
  const slab memory(device_, page);
  EXPECT_EXIT(read(memory.at(100)), KilledBySignal(SIGSEGV), explained);
}

TEST_F(EmulatedProtectionDeathTest, AHostWriteDiesAndSaysWhy) {
  const slab memory(device_, page);
  EXPECT_EXIT(*static_cast<volatile int*>(memory.at()) = 1, KilledBySignal(SIGSEGV), explained);
}

TEST_F(EmulatedProtectionDeathTest, PassesOtherFaultsOnWithoutAWord) {
  void* const nowhere = ::mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(nowhere, MAP_FAILED);
  EXPECT_EXIT(read(nowhere), KilledBySignal(SIGSEGV), AllOf(HasSubstr(previous_text), Not(HasSubstr("glint:"))));
  ::munmap(nowhere, page);
}

TEST_F(EmulatedProtectionDeathTest, PassesASentSignalOn) {
  EXPECT_EXIT(std::raise(SIGSEGV), KilledBySignal(SIGSEGV), HasSubstr(previous_text));
}

TEST_F(EmulatedProtectionDeathTest, AStreamThatAKernelStartsWorks) {
  const slab memory(device_, page);
  const auto outer = stream();
  const auto inner = stream();
  int seen = 0;
  must(outer->fill(memory.at(), std::byte{1}, page));
  must(outer->enqueue([&] { must(inner->copy(&seen, memory.at(), sizeof seen)); }));
  finish(*outer);
  finish(*inner);
  EXPECT_EQ(seen, 0x01010101);
}

}  // namespace
}  // namespace glint::gpu::testing
