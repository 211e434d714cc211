// SPDX-License-Identifier: Apache-2.0
// Which calls of an actor run together: max_concurrency, const methods, concurrency groups.
#include <latch>
#include <thread>

#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::submit;

/// More slots than any case needs, so that what may run together can.
class ActorConcurrency : public actor_case {
 protected:
  ActorConcurrency() : actor_case(small_node(6, 1)) {}
};

/// Bodies meet here: nobody goes on before `count` are inside.
class meeting {
 public:
  explicit meeting(int count) : left_(count) {}
  void arrive() {
    if (left_.fetch_sub(1) == 1) all_.set();
    all_.wait();
  }

 private:
  std::atomic<int> left_;
  event all_;
};
using shared_meeting = glint::local_only<std::shared_ptr<meeting>>;
shared_meeting meeting_of(int count) {
  return shared_meeting(std::make_shared<meeting>(count));
}

/// Notes who is inside at once, and fails when a writer is not alone.
class guarded {
 public:
  int meet(const shared_meeting& m) const {
    const reading scope(*this);
    (*m)->arrive();
    return value_;
  }
  int read_held(const shared_event& inside, const shared_event& go) const {
    const reading scope(*this);
    (*inside)->set();
    (*go)->wait();
    return value_;
  }
  int read() const {
    const reading scope(*this);
    return value_;
  }
  int write(int d) {
    const writing scope(*this);
    return value_ += d;
  }
  int write_held(const shared_event& inside, const shared_event& go) {
    const writing scope(*this);
    (*inside)->set();
    (*go)->wait();
    return value_;
  }
  int peak() const { return peak_; }
  int clashes() const { return clashes_; }

 private:
  struct reading {
    explicit reading(const guarded& owner) : of(owner) {
      const int now = ++of.readers_;
      for (int seen = of.peak_; seen < now && !of.peak_.compare_exchange_weak(seen, now);) {
      }
      if (of.writers_ != 0) ++of.clashes_;
    }
    ~reading() { --of.readers_; }
    const guarded& of;
  };
  struct writing {
    explicit writing(const guarded& owner) : of(owner) {
      if (++of.writers_ != 1 || of.readers_ != 0) ++of.clashes_;
    }
    ~writing() { --of.writers_; }
    const guarded& of;
  };
  mutable std::atomic<int> readers_{0};
  mutable std::atomic<int> writers_{0};
  mutable std::atomic<int> peak_{0};
  mutable std::atomic<int> clashes_{0};
  int value_ = 0;  // plain: ThreadSanitizer sees who is beside whom
  counted_object counted_;
};

/// Work that passes through the whole scheduler: whoever could begin has begun, most likely.
void let_others_go_first() {
  for (int i = 0; i < 50; ++i) get(submit<echo>(i), deadline);
}

TEST_F(ActorConcurrency, ByDefaultOneCallAtATimeAlsoOfConstMethods) {
  auto a = spawn<guarded>();
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 200; ++i) refs.push_back(a.call<&guarded::read>());
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(a.call<&guarded::peak>(), deadline), 1);
}

TEST_F(ActorConcurrency, ConstMethodsRunTogetherUpToTheLimit) {
  auto a = spawn<guarded>({.max_concurrency = 3});
  const auto three = meeting_of(3);
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 3; ++i) refs.push_back(a.call<&guarded::meet>(three));  // none ends before all are inside
  for (int i = 0; i < 100; ++i) refs.push_back(a.call<&guarded::read>());
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(a.call<&guarded::peak>(), deadline), 3);
}

TEST_F(ActorConcurrency, CallsBeyondTheLimitWaitTheirTurn) {
  auto a = spawn<guarded>({.max_concurrency = 2});
  const auto inside = make_event();
  const auto inside_too = make_event();
  const auto go = make_event();
  auto first = a.call<&guarded::read_held>(inside, go);
  auto second = a.call<&guarded::read_held>(inside_too, go);
  auto third = a.call<&guarded::read>();
  (*inside)->wait();
  (*inside_too)->wait();
  let_others_go_first();
  EXPECT_FALSE(glint::try_get(third).has_value());
  (*go)->set();
  EXPECT_EQ(get(third, deadline), 0);
  EXPECT_EQ(get(first, deadline) + get(second, deadline), 0);
  EXPECT_LE(get(a.call<&guarded::peak>(), deadline), 2);
}

TEST_F(ActorConcurrency, AMethodThatIsNotConstIsAloneInTheObject) {
  auto a = spawn<guarded>({.max_concurrency = 4});
  constexpr int threads_count = 3;
  constexpr int rounds = 100;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < threads_count; ++t) {
      threads.emplace_back([a] {
        std::vector<object_ref<int>> refs;
        for (int i = 0; i < rounds; ++i) {
          refs.push_back(a.call<&guarded::read>());
          refs.push_back(a.call<&guarded::write>(1));
          refs.push_back(a.call<&guarded::read>());
        }
        EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
      });
    }
  }
  EXPECT_EQ(get(a.call<&guarded::clashes>(), deadline), 0);
  EXPECT_EQ(get(a.call<&guarded::read>(), deadline), threads_count * rounds);
}

TEST_F(ActorConcurrency, AWaitingWriterIsNotOvertakenByReaders) {
  auto a = spawn<guarded>({.max_concurrency = 4});
  const auto inside = make_event();
  const auto go = make_event();
  auto reading = a.call<&guarded::read_held>(inside, go);
  (*inside)->wait();
  auto writer = a.call<&guarded::write>(1);
  auto behind = a.call<&guarded::read>();
  let_others_go_first();
  EXPECT_FALSE(glint::try_get(behind).has_value()) << "there is room for a reader, but the writer was first";
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 1) << "after the writer";
  EXPECT_EQ(get(writer, deadline), 1);
  EXPECT_EQ(get(reading, deadline), 0);
}

TEST_F(ActorConcurrency, ReadersBehindAWriterAllBeginWhenItEnds) {
  auto a = spawn<guarded>({.max_concurrency = 3});
  const auto inside = make_event();
  const auto go = make_event();
  auto writing = a.call<&guarded::write_held>(inside, go);
  const auto three = meeting_of(3);
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 3; ++i) refs.push_back(a.call<&guarded::meet>(three));
  (*inside)->wait();
  (*go)->set();
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(a.call<&guarded::clashes>(), deadline), 0);
}

TEST_F(ActorConcurrency, TheConstructorIsAlone) {
  struct slow {
    explicit slow(const shared_event& go) {
      (*go)->wait();
      ready = true;
    }
    bool is_ready() const { return ready; }
    bool ready = false;
  };
  const auto go = make_event();
  auto a = spawn<slow>({.max_concurrency = 3}, go);
  std::vector<object_ref<bool>> refs;
  for (int i = 0; i < 3; ++i) refs.push_back(a.call<&slow::is_ready>());
  (*go)->set();
  for (const auto& r : refs) EXPECT_TRUE(get(r, deadline));
}

TEST_F(ActorConcurrency, AFailingCallGivesItsPlaceBack) {
  auto a = spawn<worker_actor>({.max_concurrency = 2, .groups = {{"io", 1}}});
  for (int i = 0; i < 20; ++i) {
    expect_failure(a.call<&worker_actor::refuse>(), errc::user_exception, "refuse", "not today");
    expect_failure(a.call<&worker_actor::refuse>({.group = "io"}), errc::user_exception, "refuse", "not today");
  }
  EXPECT_EQ(get(a.call<&worker_actor::sum>(), deadline), 0);
  EXPECT_EQ(get(a.call<&worker_actor::sum>({.group = "io"}), deadline), 0);
}

TEST_F(ActorConcurrency, AConstMethodOnTheDeviceIsAlone) {
  struct on_device {
    int look(glint::gpu_context&) const {
      const int now = ++inside;
      std::this_thread::yield();
      --inside;
      return now;
    }
    mutable std::atomic<int> inside{0};
  };
  auto a = spawn<on_device>({.max_concurrency = 4});
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 100; ++i) refs.push_back(a.call<&on_device::look>());
  for (const auto& r : refs) EXPECT_EQ(get(r, deadline), 1);
}

TEST_F(ActorConcurrency, AGroupHasItsOwnLimitAndQueue) {
  auto a = spawn<guarded>({.groups = {{"io", 2}, {"slow", 1}}});
  const auto inside = make_event();
  const auto go = make_event();
  auto held = a.call<&guarded::read_held>(inside, go);
  auto behind = a.call<&guarded::read>();
  (*inside)->wait();
  const auto two = meeting_of(2);
  auto io = a.call<&guarded::meet>({.group = "io"}, two);
  auto io_too = a.call<&guarded::meet>({.group = "io"}, two);
  EXPECT_EQ(get(io, deadline) + get(io_too, deadline), 0) << "two together, though the default group is full";
  EXPECT_EQ(get(a.call<&guarded::read>({.group = "slow"}), deadline), 0);
  EXPECT_FALSE(glint::try_get(behind).has_value()) << "the default group has one place";
  (*go)->set();
  EXPECT_EQ(get(behind, deadline), 0);
  EXPECT_EQ(get(held, deadline), 0);
}

TEST_F(ActorConcurrency, AWriterIsAloneAcrossGroups) {
  auto a = spawn<guarded>({.max_concurrency = 2, .groups = {{"io", 2}}});
  const auto inside = make_event();
  const auto go = make_event();
  auto writing = a.call<&guarded::write_held>({.group = "io"}, inside, go);
  (*inside)->wait();
  auto reader = a.call<&guarded::read>();
  let_others_go_first();
  EXPECT_FALSE(glint::try_get(reader).has_value());
  (*go)->set();
  EXPECT_EQ(get(reader, deadline), 0);
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 200; ++i) {
    refs.push_back(a.call<&guarded::write>({.group = i % 2 ? "io" : ""}, 1));
    refs.push_back(a.call<&guarded::read>({.group = i % 3 ? "io" : ""}));
  }
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  EXPECT_EQ(get(a.call<&guarded::clashes>(), deadline), 0);
  EXPECT_EQ(get(a.call<&guarded::read>(), deadline), 200);
  EXPECT_EQ(get(writing, deadline), 0);
}

TEST_F(ActorConcurrency, AnUnknownGroupThrowsAndNamesTheKnownOnes) {
  auto a = spawn<guarded>({.name = "grouped", .groups = {{"io", 2}, {"slow", 1}}});
  const auto failure = error_thrown_by([&] { (void)a.call<&guarded::read>({.group = "fast"}); });
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->code(), errc::invalid_argument);
  EXPECT_EQ(failure->subject(), "actor grouped");
  EXPECT_THAT(failure->message(), testing::HasSubstr("\"fast\""));
  EXPECT_THAT(failure->message(), testing::HasSubstr("io, slow"));
  auto b = spawn<guarded>();
  const auto none = error_thrown_by([&] { (void)b.call<&guarded::read>({.group = "io"}); });
  ASSERT_TRUE(none.has_value());
  EXPECT_THAT(none->message(), testing::HasSubstr("there are none"));
}

class journal {
 public:
  void note(int line) { lines_.push_back(line); }
  std::vector<int> lines() const { return lines_; }

 private:
  std::vector<int> lines_;
};

TEST_F(ActorConcurrency, ACallersOrderHoldsWithinAGroupAlsoWhenAnArgumentIsLate) {
  auto j = spawn<journal>({.max_concurrency = 4, .groups = {{"io", 4}}});
  const auto go = make_event();
  auto late = submit<after>({.cpus = 0}, go, 0);
  std::vector<object_ref<void>> refs{j.call<&journal::note>(late)};
  for (int i = 1; i < 20; ++i) refs.push_back(j.call<&journal::note>(i));
  get(j.call<&journal::note>({.group = "io"}, 100), deadline);
  EXPECT_EQ(get(j.call<&journal::lines>({.group = "io"}), deadline), std::vector<int>{100})
      << "another group is not held up, the own one is";
  (*go)->set();
  EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
  std::vector<int> wanted{100};
  for (int i = 0; i < 20; ++i) wanted.push_back(i);
  EXPECT_EQ(get(j.call<&journal::lines>(), deadline), wanted);
}

TEST_F(ActorConcurrency, ManyActorsManyGroupsManyCallers) {
  std::vector<actor_handle<guarded>> actors;
  for (int i = 0; i < 8; ++i) actors.push_back(spawn<guarded>({.max_concurrency = 3, .groups = {{"io", 2}}}));
  std::atomic<int> written{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937_64 random(static_cast<std::uint64_t>(t) * 7919 + 1);
        std::vector<object_ref<int>> refs;
        for (int i = 0; i < 400; ++i) {
          const auto& a = actors[random() % actors.size()];
          const glint::call_options options{.group = random() % 2 ? "io" : ""};
          if (random() % 3 == 0) {
            ++written;
            refs.push_back(a.call<&guarded::write>(options, submit<echo>(1)));
          } else {
            refs.push_back(a.call<&guarded::read>(options));
          }
        }
        EXPECT_TRUE(glint::wait(refs, {.timeout = deadline}).pending.empty());
      });
    }
  }
  int sum = 0;
  for (const auto& a : actors) {
    EXPECT_EQ(get(a.call<&guarded::clashes>(), deadline), 0);
    sum += get(a.call<&guarded::read>(), deadline);
  }
  EXPECT_EQ(sum, written.load());
}

TEST_F(ActorConcurrency, KillEndsAllCallsInProgress) {
  auto a = spawn<guarded>({.name = "many", .max_concurrency = 3});
  const auto go = make_event();
  std::vector<object_ref<int>> refs;
  for (int i = 0; i < 3; ++i) {
    const auto inside = make_event();
    refs.push_back(a.call<&guarded::read_held>(inside, go));
    (*inside)->wait();
  }
  refs.push_back(a.call<&guarded::write>(1));
  glint::kill(a);
  for (const auto& r : refs) {
    ASSERT_TRUE(glint::try_get(r).has_value()) << "at once";
    expect_failed(r, errc::actor_stopped, "on actor many", "killed by the program");
  }
  EXPECT_EQ(objects_alive.load(), 1);
  (*go)->set();
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorConcurrency, ExitLetsAllCallsInProgressComplete) {
  struct leaver {
    int leave() const {
      glint::exit_actor();
      return 2;
    }
    int read_held(const shared_event& inside, const shared_event& go) const {
      (*inside)->set();
      (*go)->wait();
      return 1;
    }
    counted_object counted;
  };
  auto a = spawn<leaver>({.name = "leaver", .max_concurrency = 2});
  const auto inside = make_event();
  const auto go = make_event();
  auto running = a.call<&leaver::read_held>(inside, go);
  (*inside)->wait();
  EXPECT_EQ(get(a.call<&leaver::leave>(), deadline), 2);
  expect_failed(a.call<&leaver::leave>(), errc::actor_stopped, "leave on actor leaver", "left by exit_actor");
  EXPECT_EQ(objects_alive.load(), 1);
  (*go)->set();
  EXPECT_EQ(get(running, deadline), 1);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

}  // namespace
}  // namespace glint_test
