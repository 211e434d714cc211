// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <utility>
#include <vector>

#include <glint/base/recycled_memory.hpp>
#include <glint/base/slab.hpp>
#include "fixture.hpp"

namespace glint_test {
namespace {

using glint::get;
using glint::put;
using glint::recycled_memory;
using glint::recycled_vector;

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr bool kept = glint::slab_allocated::from_slabs;  // with a sanitizer nothing is

/// A node for one case, with settings of its own.
class node {
 public:
  explicit node(const glint::config& settings) { glint::init(settings); }
  ~node() { glint::shutdown(); }
  node(const node&) = delete;
  node& operator=(const node&) = delete;
};

/// What 64 MiB are where each page is given by itself.
long all_pages() {
  return static_cast<long>(64 * mib) / sysconf(_SC_PAGESIZE);
}

/// Pages that the process was given so far.
long page_faults() {
  rusage usage{};
  EXPECT_EQ(getrusage(RUSAGE_SELF, &usage), 0);
  return usage.ru_minflt;
}

template <class Body>
long page_faults_of(const Body& body) {
  (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);  // one by one, whatever the machine's setting
  const long before = page_faults();
  body();
  return page_faults() - before;
}

TEST(KeptMemory, APutByCopyReusesTheMemoryOfTheLast) {
  if (!kept) GTEST_SKIP() << "with a sanitizer nothing is kept";
  const node running(small_node());
  const recycled_vector<std::uint8_t> source(64 * mib, std::uint8_t{7});
  const auto copy = [&source] { (void)put(source); };
  copy();
  EXPECT_EQ(recycled_memory::counts().kept_bytes, 64 * mib);
  EXPECT_LT(page_faults_of(copy), all_pages() / 4);
  const auto ref = put(source);
  EXPECT_EQ(get(ref), source);
  EXPECT_EQ(glint::metadata(ref).bytes, 64 * mib + sizeof source);
}

TEST(KeptMemory, SoDoesATensor) {
  if (!kept) GTEST_SKIP() << "with a sanitizer nothing is kept";
  const node running(small_node());
  const std::vector<std::int32_t> source(16 * mib, 7);
  const auto made = [&source] {
    return glint::tensor<std::int32_t>::from(source, {static_cast<std::int64_t>(source.size())});
  };
  (void)put(made());
  EXPECT_EQ(recycled_memory::counts().kept_bytes, 64 * mib);
  EXPECT_LT(page_faults_of([&] { (void)put(made()); }), all_pages() / 4);
  const auto zeros = glint::tensor<std::int32_t>::zeros({16 << 20});
  EXPECT_EQ(std::ranges::count(zeros.values(), 0), std::ssize(zeros.values())) << "used memory is filled again";
}

TEST(KeptMemory, NoMoreThanTheSettingAndNothingBehindShutdown) {
  if (!kept) GTEST_SKIP() << "with a sanitizer nothing is kept";
  glint::config settings = small_node();
  settings.recycled_bytes = 3 * mib;
  recycled_vector<char> outlives(mib, 'a');
  {
    const node running(settings);
    std::vector<recycled_vector<char>> many;
    for (int i = 0; i < 5; ++i) many.emplace_back(mib, 'a');
    many.clear();
    EXPECT_EQ(recycled_memory::counts().kept_bytes, 3 * mib);
  }
  EXPECT_EQ(recycled_memory::counts().kept_bytes, 0u);
  outlives = {};
  EXPECT_EQ(recycled_memory::counts().kept_bytes, 0u);
}

TEST(KeptMemory, MallocKeepsVectorsIfAskedTo) {
#if !defined(__GLIBC__)
  GTEST_SKIP() << "another malloc";
#endif
  if (!kept) GTEST_SKIP() << "a sanitizer has a malloc of its own";
  const std::vector<std::uint8_t> source(64 * mib, std::uint8_t{7});
  const auto copy = [&source] { (void)put(source); };
  glint::config settings = small_node();
  {
    const node running(settings);
    copy();
    EXPECT_GT(page_faults_of(copy), all_pages() * 3 / 4)
        << "glibc by itself gives the block back: else the setting is not needed";
  }
  settings.malloc_keep_bytes = 256 * mib;
  {
    const node running(settings);
    copy();
    EXPECT_LT(page_faults_of(copy), all_pages() / 4);
  }
  const node running(small_node());
  copy();
  EXPECT_GT(page_faults_of(copy), all_pages() * 3 / 4) << "it ends with the node";
}

/// What a body gets by value from an object that others hold is a copy, and its own.
TEST(KeptMemory, ACopyOfARecycledVectorIsItsOwn) {
  const node running(small_node());
  const auto ref = put(recycled_vector<int>(100'000, 1));
  const auto changed = glint::submit<[](recycled_vector<int> v) {
    v[0] = 2;
    return v;
  }>(ref);
  EXPECT_EQ(get(changed, deadline)[0], 2);
  EXPECT_EQ(get(changed, deadline)[99'999], 1);
  EXPECT_EQ(get(ref)[0], 1);
}

}  // namespace
}  // namespace glint_test
