// SPDX-License-Identifier: Apache-2.0
// Recursive cancel: whatever a task has submitted ends with it, and says so.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "standing_runtime.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using glint::co_task;
using glint::errc;
using glint::generator;
using glint::get;
using glint::object_ref;
using glint::object_stream;
using glint::submit;

/// What the members of a family leave for the test.
struct relatives {
  event top_there;  ///< Each sets its event when it has left its ref here.
  event child_there;
  event born;
  event child_ended;
  event grandchild_ended;
  object_ref<int> child;
  object_ref<int> grandchild;
  std::optional<object_stream<int>> stream;
};
using family = glint::local_only<std::shared_ptr<relatives>>;
void wait_for_all(const family& f) {
  (*f)->top_there.wait();
  (*f)->child_there.wait();
  (*f)->born.wait();
}
family make_family() {
  return family(std::make_shared<relatives>());
}

/// Sets its event when the coroutine that holds it goes.
struct at_end {
  event& ended;
  ~at_end() { ended.set(); }
};

class Family : public testing::Test {
 protected:
  standing_runtime node{small_node(4)};
  glint::promise<int> held;  ///< What they wait for; nobody keeps it before the test's end.
};

const std::initializer_list<failure_link> of_child{{errc::cancelled, "task child"}, {errc::cancelled, "task parent"}};
const std::initializer_list<failure_link> of_grandchild{{errc::cancelled, "task grandchild"},
                                                        {errc::cancelled, "task parent"}};

co_task<int> await_as_grandchild(family f, object_ref<int> wait) {
  const at_end guard{(*f)->grandchild_ended};
  (*f)->born.set();
  co_return co_await wait;
}
co_task<int> await_as_child(family f, object_ref<int> wait) {
  const at_end guard{(*f)->child_ended};
  (*f)->grandchild = submit<await_as_grandchild>({.name = "grandchild"}, f, wait);
  (*f)->child_there.set();
  co_return co_await wait;
}
co_task<int> await_as_parent(family f, object_ref<int> wait) {
  (*f)->child = submit<await_as_child>({.name = "child"}, f, wait);
  (*f)->top_there.set();
  co_return co_await wait;
}

TEST_F(Family, CoroutinesEndWithTheirParent) {
  const auto f = make_family();
  const auto top = submit<await_as_parent>({.name = "parent"}, f, held.ref());
  wait_for_all(f);
  EXPECT_TRUE(glint::cancel(top, {.recursive = true}));
  expect_chain_and_dependent(top, {{errc::cancelled, "task parent"}});
  expect_chain_and_dependent((*f)->child, of_child);
  expect_chain_and_dependent((*f)->grandchild, of_grandchild);
  (*f)->child_ended.wait();
  (*f)->grandchild_ended.wait();
  EXPECT_FALSE(glint::try_get(held.ref())) << "what they waited for lives on";
}

generator<int> yield_and_submit(family f, object_ref<int> wait) {
  const at_end guard{(*f)->child_ended};
  co_yield 1;
  (*f)->grandchild = submit<await_as_grandchild>({.name = "grandchild"}, f, wait);
  (*f)->child_there.set();
  co_yield co_await wait;
}
co_task<int> read_as_parent(family f, object_ref<int> wait) {
  (*f)->stream = submit<yield_and_submit>({.name = "child"}, f, wait);
  (*f)->top_there.set();
  co_return co_await wait;
}

/// A generator among them: what it has yielded stays, its failure is the last element, and its own child ends too.
TEST_F(Family, AGeneratorEndsWithItsParentAtItsPlace) {
  const auto f = make_family();
  const auto top = submit<read_as_parent>({.name = "parent"}, f, held.ref());
  wait_for_all(f);
  EXPECT_TRUE(glint::cancel(top, {.recursive = true}));
  expect_chain(top, {{errc::cancelled, "task parent"}});
  (*f)->child_ended.wait();
  (*f)->grandchild_ended.wait();
  auto& stream = *(*f)->stream;
  EXPECT_EQ(get(*next_of(stream), deadline), 1);
  const auto last = next_of(stream);
  ASSERT_TRUE(last);
  expect_chain_and_dependent(*last, of_child);
  EXPECT_FALSE(next_of(stream));
  expect_chain((*f)->grandchild, of_grandchild);
  (*f)->stream.reset();
}

generator<int> endless(family f) {
  const at_end guard{(*f)->child_ended};
  for (int i = 0;; ++i) {
    co_yield i;
    (*f)->born.set();
  }
}
co_task<int> ignore_as_parent(family f, object_ref<int> wait) {
  (*f)->stream = submit<endless>({.name = "child", .read_ahead = 2}, f);
  (*f)->top_there.set();
  (*f)->child_there.set();
  co_return co_await wait;
}

/// It waits for its reader.
TEST_F(Family, AGeneratorThatWaitsForRoomEndsWithItsParent) {
  const auto f = make_family();
  const auto top = submit<ignore_as_parent>({.name = "parent"}, f, held.ref());
  wait_for_all(f);
  EXPECT_TRUE(glint::cancel(top, {.recursive = true}));
  (*f)->child_ended.wait();
  auto& stream = *(*f)->stream;
  std::optional<object_ref<int>> last;
  int read = 0;
  while (auto ref = next_of(stream)) {
    last = ref;
    ++read;
  }
  EXPECT_LE(read, 4) << "two ahead, one on its way, and the failure";
  ASSERT_TRUE(last);
  expect_chain(*last, of_child);
  (*f)->stream.reset();
}

/// Without `recursive` they live on, and end by themselves.
TEST_F(Family, CoroutinesOutliveAParentThatIsCancelledAlone) {
  const auto f = make_family();
  const auto top = submit<await_as_parent>({.name = "parent"}, f, held.ref());
  wait_for_all(f);
  EXPECT_TRUE(glint::cancel(top));
  expect_chain(top, {{errc::cancelled, "task parent"}});
  EXPECT_FALSE(glint::try_get((*f)->child));
  EXPECT_TRUE(held.set(7));
  EXPECT_EQ(get((*f)->child, deadline), 7);
  EXPECT_EQ(get((*f)->grandchild, deadline), 7);
}

}  // namespace
}  // namespace glint_test
