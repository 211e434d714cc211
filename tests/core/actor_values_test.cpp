// SPDX-License-Identifier: Apache-2.0
// The design's "Values" for the parameters of methods and constructors: borrowed, moved in, copied, not copyable,
// passed on unresolved. For functions the same is shown by submit_passing_test.cpp and values_test.cpp.
#include <memory>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::spawn;
using glint::submit;

class ActorValues : public actor_case {
 protected:
  void SetUp() override {
    actor_case::SetUp();
    tracked::reset();
  }
};

template <class T>
std::uintptr_t address_of(const T& value) {
  return reinterpret_cast<std::uintptr_t>(&value);
}

class keeper {
 public:
  std::uintptr_t where(const tracked& value) const { return address_of(value); }
  int take(tracked value) { return (kept_ = std::move(value)).value; }
  int take_alone(std::unique_ptr<int> value) { return *value; }
  int borrow_alone(const std::unique_ptr<int>& value) const { return *value; }
  bool is_there(object_ref<int> ref) const { return glint::try_get(ref).has_value(); }
  object_ref<int> same(object_ref<int> ref) const { return ref; }
  int sum(int resolved, object_ref<int> passed) const { return resolved + get(passed); }

 private:
  tracked kept_;
};

TEST_F(ActorValues, AConstReferenceOfAMethodIsTheObjectInTheStore) {
  auto a = spawn<keeper>();
  const auto object = put(tracked(3));
  tracked::reset();
  const std::uintptr_t stored = address_of(get(object));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(a.call<&keeper::where>(object), deadline), stored);
  EXPECT_EQ(tracked::copies, 0);
  EXPECT_EQ(tracked::moves, 0);
}

TEST_F(ActorValues, AMethodTakesTheValueOfTheLastRef) {
  auto a = spawn<keeper>();
  auto object = put(tracked(3));
  tracked::reset();
  EXPECT_EQ(get(a.call<&keeper::take>(std::move(object)), deadline), 3);
  EXPECT_EQ(tracked::copies, 0);
}

TEST_F(ActorValues, AMethodCopiesWhatIsShared) {
  auto a = spawn<keeper>();
  const auto object = put(tracked(3));
  tracked::reset();
  EXPECT_EQ(get(a.call<&keeper::take>(object), deadline), 3);
  EXPECT_EQ(tracked::copies, 1);
  EXPECT_EQ(get(object).value, 3) << "and the object stays what it is";
}

TEST_F(ActorValues, AMethodCopiesForEachAttempt) {
  auto a = spawn<keeper>({.max_restarts = 1, .max_task_retries = 1});
  auto object = put(tracked(3));
  tracked::reset();
  EXPECT_EQ(get(a.call<&keeper::take>(std::move(object)), deadline), 3);
  EXPECT_EQ(tracked::copies, 1) << "it may be needed again";
}

TEST_F(ActorValues, ASharedValueThatCannotBeCopiedFailsTheCall) {
  auto a = spawn<keeper>({.name = "hoard"});
  const auto object = put(std::make_unique<int>(7));
  expect_failed(a.call<&keeper::take_alone>(object), errc::not_copyable, "keeper::take_alone on actor hoard",
                "is held by others, and cannot be copied");
  EXPECT_EQ(get(a.call<&keeper::borrow_alone>(object), deadline), 7) << "to borrow it is no copy";
  EXPECT_EQ(get(a.call<&keeper::take_alone>(put(std::make_unique<int>(8))), deadline), 8);
  EXPECT_EQ(*get(object), 7);
}

TEST_F(ActorValues, ARefParameterOfAMethodIsTheRefItself) {
  auto a = spawn<keeper>();
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 5);
  EXPECT_FALSE(get(a.call<&keeper::is_there>(late), deadline)) << "it is not waited for";
  EXPECT_EQ(get(a.call<&keeper::same>(late), deadline), late);
  auto sum = a.call<&keeper::sum>(put(10), late);
  (*go)->set();
  EXPECT_EQ(get(sum, deadline), 15) << "resolved and passed on in one call";
}

TEST_F(ActorValues, AValueGivenAtTheCallIsMovedToTheMethod) {
  auto a = spawn<keeper>();
  EXPECT_EQ(get(a.call<&keeper::take>(tracked(4)), deadline), 4);
  EXPECT_EQ(tracked::copies, 0);
  EXPECT_EQ(get(a.call<&keeper::take_alone>(std::make_unique<int>(5)), deadline), 5);
}

// ---- constructors --------------------------------------------------------------------------------------------------

struct borrows {
  explicit borrows(const tracked& value) : address(address_of(value)) {}
  std::uintptr_t where() const { return address; }
  std::uintptr_t address;
};
struct takes {
  explicit takes(tracked given) : value(std::move(given)) {}
  int number() const { return value.value; }
  tracked value;
};
struct takes_alone {
  explicit takes_alone(std::unique_ptr<int> given) : value(std::move(given)) {}
  int number() const { return *value; }
  std::unique_ptr<int> value;
};
struct takes_the_ref {
  explicit takes_the_ref(object_ref<int> given) : there(glint::try_get(given).has_value()), ref(std::move(given)) {}
  bool was_there() const { return there; }
  int number() const { return get(ref); }
  bool there;
  object_ref<int> ref;
};

TEST_F(ActorValues, AConstReferenceOfAConstructorIsTheObjectInTheStore) {
  const auto object = put(tracked(3));
  tracked::reset();
  auto a = spawn<borrows>(object);
  EXPECT_EQ(get(a.call<&borrows::where>(), deadline), address_of(get(object)));
  EXPECT_EQ(tracked::copies, 0);
  EXPECT_EQ(tracked::moves, 0);
}

TEST_F(ActorValues, AConstructorTakesTheValueOfTheLastRef) {
  auto object = put(tracked(3));
  tracked::reset();
  auto a = spawn<takes>(std::move(object));
  EXPECT_EQ(get(a.call<&takes::number>(), deadline), 3);
  EXPECT_EQ(tracked::copies, 0);
  auto alone = spawn<takes_alone>(put(std::make_unique<int>(7)));
  EXPECT_EQ(get(alone.call<&takes_alone::number>(), deadline), 7);
}

TEST_F(ActorValues, AConstructorCopiesWhatIsShared) {
  const auto object = put(tracked(3));
  tracked::reset();
  auto a = spawn<takes>(object);
  EXPECT_EQ(get(a.call<&takes::number>(), deadline), 3);
  EXPECT_EQ(tracked::copies, 1);
  EXPECT_EQ(get(object).value, 3);
}

TEST_F(ActorValues, ASharedValueThatCannotBeCopiedFailsTheConstructor) {
  const auto object = put(std::make_unique<int>(7));
  auto a = spawn<takes_alone>({.name = "hoard"}, object);
  expect_chain(a.call<&takes_alone::number>(),
               {{errc::actor_failed, "takes_alone::number on actor hoard"}, {errc::not_copyable, "actor hoard"}});
  EXPECT_EQ(*get(object), 7);
}

TEST_F(ActorValues, ARefParameterOfAConstructorIsTheRefItself) {
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 5);
  auto a = spawn<takes_the_ref>(late);
  EXPECT_FALSE(get(a.call<&takes_the_ref::was_there>(), deadline)) << "it is not waited for";
  (*go)->set();
  EXPECT_EQ(get(a.call<&takes_the_ref::number>(), deadline), 5);
}

}  // namespace
}  // namespace glint_test
