// SPDX-License-Identifier: Apache-2.0
// Which node something is from: metadata, the runtime context, errors. Tested as another node than the first, whose
// index could be told from nothing.
#include <gtest/gtest.h>

#include "fixture.hpp"
#include "runtime.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;

class asked {
 public:
  std::uint32_t node() const { return glint::this_task().node; }
};
std::uint32_t node_of_body() {
  return glint::this_task().node;
}
glint::co_task<std::uint32_t> node_of_coroutine() {
  co_await glint::sleep_for(std::chrono::milliseconds(1));
  co_return glint::this_task().node;
}

TEST(NodeIndex, ObjectsBodiesAndErrorsSayWhereTheyAreFrom) {
  constexpr std::uint32_t node = 7;
  glint::detail::init_with_clock(small_node(), glint::real_clock::instance(), node);
  const auto put = glint::put(1);
  const auto made = glint::submit<add>(1, 2);
  const auto pending = never();
  EXPECT_EQ(get(made, deadline), 3);
  EXPECT_EQ(glint::metadata(put).owner, node);
  EXPECT_EQ(glint::metadata(made).owner, node);
  EXPECT_EQ(glint::metadata(pending).owner, node) << "it has an owner before it has a value";
  EXPECT_EQ(get(glint::submit<node_of_body>(), deadline), node);
  EXPECT_EQ(get(glint::submit<node_of_coroutine>(), deadline), node);
  EXPECT_EQ(get(glint::spawn<asked>().call<&asked::node>(), deadline), node);
  EXPECT_EQ(glint::this_task().node, node) << "also outside of bodies";
  const auto failed = error_of(glint::submit<throw_out_of_range>("no"));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->origin().node, node);
  glint::shutdown();
  EXPECT_EQ(glint::metadata(pending).owner, node) << "a ref that is left";
  EXPECT_EQ(error_of(pending).value().origin().node, node);
}

TEST(NodeIndex, ANodeByItselfIsTheFirst) {
  glint::init(small_node());
  EXPECT_EQ(glint::metadata(glint::put(1)).owner, 0u);
  EXPECT_EQ(get(glint::submit<node_of_body>(), deadline), 0u);
  glint::shutdown();
}

}  // namespace
}  // namespace glint_test
