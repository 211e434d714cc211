// SPDX-License-Identifier: Apache-2.0
// Objects that go on from the host to files.
#include <sys/resource.h>

#include <csignal>

#include <filesystem>

#include "memory_fixture.hpp"

namespace glint_test {
namespace {

std::string fresh_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "glint-spill-test-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  return name;
}

glint::config node_with_files(const std::string& directory) {
  glint::config settings = small_node();
  settings.spilled_host_bytes = 8 * mib;
  settings.spill_directory = directory;
  return settings;
}

struct spill_files : memory_test {
  spill_files() : spill_files(fresh_directory()) {}
  explicit spill_files(const std::string& where) : memory_test(node_with_files(where)), directory(where) {}
  void TearDown() override {
    EXPECT_TRUE(std::filesystem::is_empty(directory)) << "files have no names";
    memory_test::TearDown();
    std::filesystem::remove_all(directory);
  }
  std::string directory;
};

std::vector<floats> make(int count) {
  std::vector<floats> made;
  for (int i = 0; i < count; ++i) {
    made.push_back(submit<filled>({.gpu_memory_bytes = 2 * mib}, 2, static_cast<float>(i)));
  }
  settle(made);
  return made;
}

bool written(std::uint64_t bytes) {
  return eventually([bytes] { return glint::statistics().bytes_written_to_files >= bytes; });
}

TEST_F(spill_files, WhatTheHostHasTooMuchOfGoesToFilesAndIsReadFromThere) {
  const auto made = make(24);  // 48 MiB: at most 16 on the device and 8 on the host
  EXPECT_TRUE(written(22 * mib));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 24; ++i) {
      EXPECT_EQ(read_one(submit<three_of>(made[static_cast<std::size_t>(i)])), 3.f * static_cast<float>(i));
      EXPECT_EQ(read_one(made[static_cast<std::size_t>(i)]), static_cast<float>(i));
    }
  }
}

TEST_F(spill_files, WhatIsTakenFromAFileMayBeChanged) {
  auto made = make(16);
  ASSERT_TRUE(written(4 * mib));
  for (int i = 0; i < 16; ++i) {
    tensor<float> mine = get(std::move(made[static_cast<std::size_t>(i)]), deadline).to_host();
    EXPECT_EQ(mine.values()[2 * floats_a_mib - 1], static_cast<float>(i));
    mine.values()[0] = -1;
    EXPECT_EQ(mine.values()[0], -1);
  }
}

tensor<float> plus_one(tensor<float> x) {
  for (float& v : x.values()) v += 1;
  return x;
}

/// Objects are moved into bodies that write to them, while they are on their way into files.
TEST_F(spill_files, WritersInPlaceAndFilesDoNotMeet) {
  for (int round = 0; round < 5; ++round) {
    auto made = make(12);
    std::vector<floats> next;
    for (auto& m : made) next.push_back(submit<plus_one>(std::move(m)));
    for (int i = 0; i < 12; ++i) EXPECT_EQ(read_one(next[static_cast<std::size_t>(i)]), static_cast<float>(i + 1));
  }
}

TEST_F(spill_files, WithoutRoomInFilesObjectsStayOnTheHost) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = mib;  // a file of 2 MiB cannot be written
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto made = make(24);
  for (int i = 0; i < 24; ++i) EXPECT_EQ(read_one(made[static_cast<std::size_t>(i)]), static_cast<float>(i));
  EXPECT_EQ(glint::statistics().bytes_written_to_files, 0u);
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
}

TEST(SpillDirectory, ThatIsNoneIsRefusedAtInit) {
  try {
    glint::init(node_with_files("/no/such/directory"));
    glint::shutdown();
    FAIL() << "it was taken";
  } catch (const glint::exception& e) {
    EXPECT_EQ(e.code(), errc::invalid_configuration);
    EXPECT_EQ(e.error().subject(), "config.spill_directory");
    EXPECT_THAT(e.what(), testing::HasSubstr("/no/such/directory"));
  }
}

}  // namespace
}  // namespace glint_test
