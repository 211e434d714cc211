// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

#include <memory>
#include <thread>

namespace glint::store::test {
namespace {

/// Counts the living.
struct counted {
  counted() { ++alive; }
  counted(const counted&) { ++alive; }
  counted& operator=(const counted&) = default;
  ~counted() { --alive; }
  static inline int alive = 0;
};

TEST(Entry, IsPendingUntilItIsPublished) {
  const auto object = make_object(3);
  EXPECT_EQ(object->level(), readiness::pending);
  EXPECT_FALSE(object->settled());
  EXPECT_TRUE(object->publish_ready());
  EXPECT_EQ(object->level(), readiness::ready);
  EXPECT_TRUE(object->settled());
  EXPECT_EQ(object->get(), 3);
  EXPECT_EQ(object->value(), &object->get());
}

TEST(Entry, GoesThroughIssued) {
  const auto object = make_object(3);
  EXPECT_TRUE(object->publish_issued({nullptr, 7}));
  EXPECT_EQ(object->level(), readiness::issued);
  EXPECT_FALSE(object->settled());
  EXPECT_EQ(object->issued_at().sequence, 7u);
  EXPECT_FALSE(object->publish_issued({nullptr, 7}));
  EXPECT_TRUE(object->publish_ready());
}

TEST(Entry, FailsWithItsErrorApartFromAnyValue) {
  const auto object = make_intrusive<typed_entry<int>>();
  EXPECT_TRUE(object->fail(boom()));
  EXPECT_EQ(object->level(), readiness::failed);
  EXPECT_TRUE(object->settled());
  EXPECT_FALSE(object->has_value());
  EXPECT_EQ(object->failure().code(), errc::user_exception);
  EXPECT_EQ(object->failure().subject(), "task boom");
}

TEST(Entry, MayFailAfterItWasIssued) {
  const auto object = make_object(3);
  EXPECT_TRUE(object->publish_issued({}));
  EXPECT_TRUE(object->fail(boom()));
  EXPECT_EQ(object->level(), readiness::failed);
  EXPECT_FALSE(object->publish_ready());
}

TEST(Entry, OnlyTheFirstOutcomeCounts) {
  const auto ready = make_object(3);
  EXPECT_TRUE(ready->publish_ready());
  EXPECT_FALSE(ready->fail(boom()));
  EXPECT_FALSE(ready->publish_ready());
  EXPECT_FALSE(ready->publish_issued({}));
  EXPECT_EQ(ready->level(), readiness::ready);

  const auto failed = make_object(3);
  EXPECT_TRUE(failed->fail(boom()));
  EXPECT_FALSE(failed->fail(boom(errc::shutdown)));
  EXPECT_FALSE(failed->publish_ready());
  EXPECT_FALSE(failed->publish_issued({}));
  EXPECT_EQ(failed->failure().code(), errc::user_exception);
}

TEST(Entry, DestroysItsValueWithTheLastHold) {
  counted::alive = 0;
  auto object = make_object(counted());
  hold_ptr<entry> producer(object.get());
  EXPECT_TRUE(object->unique());  // the producer's hold is no user
  object.reset();
  EXPECT_EQ(counted::alive, 1);
  producer = {};
  EXPECT_EQ(counted::alive, 0);
}

TEST(Entry, DestroysAValueThatWasNeverPublished) {
  counted::alive = 0;
  make_object(counted()).reset();
  EXPECT_EQ(counted::alive, 0);
}

TEST(Entry, AMakeThatThrowsLeavesNoValue) {
  const auto object = make_intrusive<typed_entry<counted>>();
  EXPECT_THROW(object->construct([]() -> counted { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_FALSE(object->has_value());
}

TEST(Entry, EmptyFailsAndDropsTheValueOfEveryLevel) {
  for (const readiness level : {readiness::pending, readiness::issued, readiness::ready}) {
    counted::alive = 0;
    const auto object = make_object(counted());
    if (level == readiness::issued) (void)object->publish_issued({});
    if (level == readiness::ready) (void)object->publish_ready();
    object->empty(boom(errc::shutdown));
    EXPECT_EQ(object->level(), readiness::failed);
    EXPECT_EQ(object->failure().code(), errc::shutdown);
    EXPECT_FALSE(object->has_value());
    EXPECT_EQ(counted::alive, 0);
  }
}

TEST(Entry, EmptyKeepsAnOlderFailure) {
  const auto object = make_object(3);
  EXPECT_TRUE(object->fail(boom()));
  object->empty(boom(errc::shutdown));
  EXPECT_EQ(object->failure().code(), errc::user_exception);
}

TEST(EntryDeathTest, AskingForAFailureThatIsNotThereAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto object = make_object(3);
  EXPECT_DEATH((void)object->failure(), "has not failed");
}

TEST(TypeDescriptor, IsOneATypeAndKnowsItsKind) {
  EXPECT_EQ(&descriptor_of<int>(), &make_object(1)->type());
  EXPECT_EQ(descriptor_of<int>().name(), "int");
  EXPECT_EQ(descriptor_of<double>().bytes, sizeof(double));
  EXPECT_FALSE(descriptor_of<int>().contains_tensors);
  EXPECT_EQ(descriptor_of<int>().visit_tensors, nullptr);
  EXPECT_TRUE(descriptor_of<tensor<float>>().contains_tensors);
  EXPECT_EQ(descriptor_of<std::unique_ptr<int>>().clone, nullptr);
  EXPECT_EQ(descriptor_of<std::vector<std::unique_ptr<int>>>().clone, nullptr);
  EXPECT_NE(descriptor_of<std::string>().clone, nullptr);
}

TEST(TypeDescriptor, ClonesIntoANewPendingEntry) {
  const std::string text(100, 'x');
  const intrusive_ptr<entry> copy(descriptor_of<std::string>().clone(&text), adopt);
  EXPECT_TRUE(copy->unique());
  EXPECT_EQ(copy->level(), readiness::pending);
  EXPECT_EQ(*static_cast<std::string*>(copy->value()), text);
}

TEST(TypeDescriptor, VisitsTheTensorsInside) {
  std::vector<tensor<float>> value{tensor<float>::from({1.f}), tensor<float>::from({2.f, 3.f})};
  std::int64_t elements = 0;
  descriptor_of<std::vector<tensor<float>>>().visit_tensors(
      &value, {[](void* sum, tensor_base& t) { *static_cast<std::int64_t*>(sum) += t.size(); }, &elements});
  EXPECT_EQ(elements, 3);
}

}  // namespace
}  // namespace glint::store::test
