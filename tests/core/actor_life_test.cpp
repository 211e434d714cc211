// SPDX-License-Identifier: Apache-2.0
// How actors are called, and what keeps them alive.
#include <latch>
#include <map>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::put;
using glint::spawn;
using glint::submit;

using ActorLife = actor_case;

class shape {
 public:
  explicit shape(int sides) : sides_(sides) {}
  virtual ~shape() = default;
  int sides() const { return sides_; }
  virtual int area() const { return 0; }

 private:
  int sides_;
};
class square : public shape {
 public:
  square() : square(1) {}
  explicit square(int width) : shape(4), width_(width) {}
  square(int width, const std::string& word) : square(width + static_cast<int>(word.size())) {}
  square(object_ref<int> width, bool) : square(get(width)) {}
  int area() const override { return width_ * width_; }
  int grow(int by) { return width_ += by; }

 private:
  int width_;
};

TEST_F(ActorLife, MethodsOfTheClassAndOfItsBases) {
  auto s = spawn<square>(3);
  EXPECT_EQ(get(s.call<&square::grow>(1), deadline), 4);
  EXPECT_EQ(get(s.call<&square::area>(), deadline), 16);
  EXPECT_EQ(get(s.call<&shape::area>(), deadline), 16) << "a virtual one through its base";
  EXPECT_EQ(get(s.call<&shape::sides>(), deadline), 4);
  EXPECT_EQ(get(s.call<&square::grow>({}, 1), deadline), 5) << "with default options";
}

TEST_F(ActorLife, EachConstructorIsChosenByItsArguments) {
  EXPECT_EQ(get(spawn<square>().call<&square::area>(), deadline), 1);
  EXPECT_EQ(get(spawn<square>(3).call<&square::area>(), deadline), 9);
  EXPECT_EQ(get(spawn<square>(3, "abc").call<&square::area>(), deadline), 36);
  EXPECT_EQ(get(spawn<square>(put(3), put(std::string("abc"))).call<&square::area>(), deadline), 36) << "refs";
  EXPECT_EQ(get(spawn<square>(submit<add>(1, 2), "abc").call<&square::area>(), deadline), 36) << "a mixture";
  EXPECT_EQ(get(spawn<square>(put(5), true).call<&square::area>(), deadline), 25) << "a ref that is passed on";
}

TEST_F(ActorLife, AConstructorWaitsForItsRefsAndCallsForTheConstructor) {
  const auto go = make_event();
  auto s = spawn<square>(submit<after>({.cpus = 0}, go, 6));
  auto area = s.call<&square::area>();
  EXPECT_FALSE(glint::try_get(area).has_value());
  (*go)->set();
  EXPECT_EQ(get(area, deadline), 36);
}

int area_of(const actor_handle<square>& s) {
  return get(s.call<&square::area>());
}
actor_handle<square> make_square(int width) {
  return spawn<square>(width);
}
struct shapes {
  std::vector<actor_handle<square>> list;
  std::map<std::string, actor_handle<square>> by_name;
};
class collector {
 public:
  void keep(actor_handle<square> s) { all_.list.push_back(std::move(s)); }
  void keep_made(int width) { all_.by_name["made"] = spawn<square>(width); }
  shapes all() const { return all_; }
  int total() const {
    int sum = 0;
    for (const auto& s : all_.list) sum += get(s.call<&square::area>());
    for (const auto& [name, s] : all_.by_name) sum += get(s.call<&square::area>());
    return sum;
  }

 private:
  shapes all_;
};

TEST_F(ActorLife, HandlesAreArgumentsAndResults) {
  auto s = spawn<square>(2);
  EXPECT_EQ(get(submit<area_of>(s), deadline), 4);
  auto made = submit<make_square>(3);
  EXPECT_EQ(get(submit<area_of>(made), deadline), 9) << "a ref to a handle";
  EXPECT_EQ(get(get(made, deadline).call<&square::area>(), deadline), 9);
}

TEST_F(ActorLife, HandlesInsideOfObjectsAndActorsKeepWhatTheyPointTo) {
  auto c = spawn<collector>();
  {
    auto s = spawn<square>(2);
    get(c.call<&collector::keep>(s), deadline);
  }
  get(c.call<&collector::keep_made>(3), deadline);
  EXPECT_EQ(get(c.call<&collector::total>(), deadline), 13);
  auto all = c.call<&collector::all>();
  (void)glint::wait({all}, {.timeout = deadline});
  c = {};
  const auto& kept = get(all, deadline);
  EXPECT_EQ(get(kept.list.at(0).call<&square::area>(), deadline), 4) << "the object holds them now";
  EXPECT_EQ(get(kept.by_name.at("made").call<&square::area>(), deadline), 9);
}

TEST_F(ActorLife, TheLastHandleGoingEndsTheActorAfterItsQueuedCalls) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>();
  std::vector<object_ref<int>> refs{a.call<&worker_actor::hold>(inside, go)};
  for (int i = 0; i < 100; ++i) refs.push_back(a.call<&worker_actor::add>(1));
  (*inside)->wait();
  a = {};
  EXPECT_EQ(objects_alive.load(), 1);
  (*go)->set();
  EXPECT_EQ(get(refs.back(), deadline), 100);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorLife, AHandleInACallThatIsQueuedKeepsTheActor) {
  const auto inside = make_event();
  const auto go = make_event();
  auto a = spawn<worker_actor>();
  auto s = spawn<square>(5);
  (void)a.call<&worker_actor::hold>(inside, go);
  auto asks = submit<[](object_ref<int>, const actor_handle<square>& handle) { return area_of(handle); }>(
      a.call<&worker_actor::sum>(), s);
  s = {};
  (*go)->set();
  EXPECT_EQ(get(asks, deadline), 25);
}

class ring {
 public:
  void know(actor_handle<ring> next) { next_ = std::move(next); }
  int pass(int hops) const { return hops == 0 ? 0 : 1 + get(next_.call<&ring::pass>(hops - 1)); }

 private:
  actor_handle<ring> next_;
  counted_object counted_;
};

TEST_F(ActorLife, ActorsInACircleLiveUntilOneIsKilled) {
  {
    auto a = spawn<ring>();
    auto b = spawn<ring>();
    get(a.call<&ring::know>(b), deadline);
    get(b.call<&ring::know>(a), deadline);
    EXPECT_EQ(get(a.call<&ring::pass>(1), deadline), 1);
    glint::kill(a);
    EXPECT_TRUE(eventually([] { return objects_alive == 1; }));
  }
  EXPECT_TRUE(eventually([] { return objects_alive == 0; })) << "nobody holds the other any more";
}

TEST_F(ActorLife, ActorsInACircleLiveUntilShutdown) {
  {
    auto a = spawn<ring>();
    get(a.call<&ring::know>(a), deadline);
  }
  EXPECT_EQ(objects_alive.load(), 1);
  glint::shutdown();
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
}

TEST_F(ActorLife, OptionsThatMakeNoSenseThrowAndSayWhich) {
  const auto message = [](const glint::actor_options& options) {
    const auto failure = error_thrown_by([&] { (void)spawn<worker_actor>(options); });
    if (!failure || failure->code() != errc::invalid_argument) return std::string("(not refused)");
    return failure->message();
  };
  using testing::HasSubstr;
  EXPECT_THAT(message({.max_concurrency = 0}), HasSubstr("max_concurrency = 0"));
  EXPECT_THAT(message({.groups = {{"io", 0}}}), HasSubstr("group io"));
  EXPECT_THAT(message({.groups = {{"", 1}}}), HasSubstr("no name"));
  glint::concurrency_groups many;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i"}) many.add({name, 1});
  EXPECT_THAT(message({.groups = many}), HasSubstr("9 concurrency groups"));
  EXPECT_THAT(message({.groups = {{"io", 1}, {"io", 2}}}), HasSubstr("two concurrency groups are named io"));
  EXPECT_THAT(message({.max_restarts = -2}), HasSubstr("max_restarts = -2"));
  EXPECT_THAT(message({.max_task_retries = -7}), HasSubstr("max_task_retries = -7"));
  auto a = spawn<worker_actor>();
  EXPECT_EQ(thrown_by([&] { (void)a.call<&worker_actor::sum>({.max_task_retries = -2}); }), errc::invalid_argument);
}

}  // namespace
}  // namespace glint_test
