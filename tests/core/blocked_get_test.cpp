// SPDX-License-Identifier: Apache-2.0
// A thread of the user's that waits without a timeout, and what it waits for dies.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "standing_runtime.hpp"
#include "user_thread.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::errc;
using glint::generator;
using glint::get;
using glint::object_ref;
using glint::object_stream;
using glint::submit;

using refs = std::vector<object_ref<int>>;

enum class way { get, get_given_up, get_many, wait, as_completed, stream };
enum class death { cancel, deadline, broken_promise, argument, kill, shutdown };

constexpr const char* name_of(way how) {
  constexpr const char* names[] = {"Get", "GetOfAGivenUpRef", "GetOfMany", "Wait", "AsCompleted", "StreamNext"};
  return names[static_cast<int>(how)];
}
constexpr const char* name_of(death cause) {
  constexpr const char* names[] = {"Cancel", "Deadline", "BrokenPromise", "FailedArgument", "Kill", "Shutdown"};
  return names[static_cast<int>(cause)];
}

generator<int> yield_it(int value) {
  co_yield value;
}
struct host {
  int give(int value) { return value; }
  generator<int> yield(int value) { co_yield value; }
};

/// An object, or a stream, of a task or a call that waits for its argument until it dies.
class victim {
 public:
  victim(way how, death cause) : streams_(how == way::stream), cause_(cause) {
    const auto argument = held_->ref();
    glint::task_options options{.name = "victim"};
    if (cause == death::deadline) options.timeout = 1s;
    if (cause == death::kill) {
      actor_ = glint::spawn<host>({.name = "victim"});
      if (streams_) {
        stream = actor_->call<&host::yield>(argument);
      } else {
        ref = actor_->call<&host::give>(argument);
      }
    } else if (streams_ && cause == death::cancel) {
      stream_of_a_parent(argument);
    } else if (streams_) {
      stream = submit<yield_it>(options, argument);
    } else if (cause == death::broken_promise) {
      ref = argument;
    } else {
      ref = submit<echo>(options, argument);
    }
    if (how == way::get_many) many = {ref, ref};
    if (how == way::as_completed) range.emplace(glint::as_completed(refs{ref}));
  }

  void die(glint::manual_clock& time) {
    switch (cause_) {
      case death::cancel:
        EXPECT_TRUE(streams_ ? glint::cancel(parent_, {.recursive = true}) : glint::cancel(ref));
        break;
      case death::deadline:
        time.advance(1s);
        break;
      case death::broken_promise:
        held_.reset();
        break;
      case death::argument:
        EXPECT_TRUE(held_->fail(glint::error(errc::io_error, "unreadable").with_subject("file x")));
        break;
      case death::kill:
        glint::kill(*actor_);
        break;
      case death::shutdown:
        glint::shutdown();
        break;
    }
  }

  [[nodiscard]] std::vector<failure_link> chain() const {
    switch (cause_) {
      case death::cancel:
        if (streams_) return {{errc::cancelled, "task victim"}, {errc::cancelled, "task parent"}};
        return {{errc::cancelled, "task victim"}};
      case death::deadline:
        return {{errc::timeout, "task victim"}};
      case death::broken_promise:
        if (streams_) return {{errc::dependency_failed, "task victim"}, {errc::cancelled, "object of type int"}};
        return {{errc::cancelled, "object of type int"}};
      case death::argument:
        return {{errc::dependency_failed, "task victim"}, {errc::io_error, "file x"}};
      case death::kill:
        return {{errc::actor_stopped, "on actor victim"}};
      case death::shutdown:
        break;  // of several errors at once any may be met: see the test
    }
    return {};
  }

  object_ref<int> ref;
  refs many;
  std::optional<glint::completions<object_ref<int>>> range;
  std::optional<object_stream<int>> stream;

 private:
  /// A stream is cancelled with the task that began it.
  void stream_of_a_parent(const object_ref<int>& argument) {
    const auto born = make_event();
    parent_ = submit({.name = "parent"}, [this, born, argument]() -> glint::co_task<int> {
      stream = submit<yield_it>({.name = "victim"}, argument);
      (*born)->set();
      co_return co_await argument;
    });
    (*born)->wait();
  }

  const bool streams_;
  const death cause_;
  std::optional<glint::promise<int>> held_{std::in_place};
  std::optional<glint::actor_handle<host>> actor_;
  object_ref<int> parent_;
};

/// Waits without a timeout until the victim is dead; throws what it died of. Calls nothing that a closed runtime
/// refuses.
void wait_for(way how, victim& v) {
  switch (how) {
    case way::get:
      (void)get(v.ref);
      break;
    case way::get_given_up:
      (void)get(object_ref<int>(v.ref));
      break;
    case way::get_many:
      (void)get(v.many);
      break;
    case way::wait:
      EXPECT_EQ(glint::wait({v.ref}).ready, refs{v.ref});
      (void)get(v.ref, 0s);
      break;
    case way::as_completed: {
      const auto next = v.range->next();
      EXPECT_EQ(next, v.ref);
      EXPECT_EQ(v.range->next(), std::nullopt);
      (void)get(v.ref, 0s);
      break;
    }
    case way::stream: {
      const auto next = v.stream->next();
      EXPECT_TRUE(next);
      EXPECT_FALSE(v.stream->next()) << "the failure is the last element";
      if (next) (void)get(*next, 0s);
      break;
    }
  }
}

class BlockedThread : public testing::TestWithParam<std::tuple<way, death>> {};

TEST_P(BlockedThread, IsWokenByTheDeathOfWhatItWaitsFor) {
  const auto [how, cause] = GetParam();
  standing_runtime node;
  victim dying(how, cause);
  std::optional<glint::error> why;
  user_thread reader([&, h = how] { why = error_thrown_by([&] { wait_for(h, dying); }); });
  EXPECT_TRUE(reader.asleep());
  dying.die(node.time);
  reader.join();
  if (cause != death::shutdown) return expect_error(why, dying.chain());
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), errc::shutdown) << why->describe();
  EXPECT_THAT(why->subject(), testing::AnyOf("task victim", "as_completed", "object_stream")) << why->describe();
  EXPECT_EQ(why->root_cause().code(), errc::shutdown) << why->describe();
}

INSTANTIATE_TEST_SUITE_P(Waits, BlockedThread,
                         testing::Combine(testing::Values(way::get, way::get_given_up, way::get_many, way::wait,
                                                          way::as_completed, way::stream),
                                          testing::Values(death::cancel, death::deadline, death::broken_promise,
                                                          death::argument, death::kill, death::shutdown)),
                         [](const auto& suite) {
                           return std::string(name_of(std::get<0>(suite.param))) + name_of(std::get<1>(suite.param));
                         });

/// Holds shutdown up, in the stop of a task, until `settled` holds.
object_ref<void> hold_shutdown_until(std::function<bool()> settled) {
  const auto begun = make_event();
  auto holder = submit({.cpus = 0}, [begun, settled = std::move(settled)] {
    event stopped;
    const std::stop_callback on_stop(glint::stop_token(), [&] {
      EXPECT_TRUE(eventually(settled));
      stopped.set();
    });
    (*begun)->set();
    stopped.wait();
  });
  (*begun)->wait();
  return holder;
}

/// Shutdown ends objects one by one. A body that is woken by the end of one before its own has come must not turn it
/// into an error of the user's. (The youngest objects of a thread end first, here in the order that shows it.)
TEST(ShutdownOfABody, IsShutdownToWhoWaitsForItsResult) {
  glint::init(small_node(4));
  const auto argument = std::make_shared<object_ref<int>>();
  const auto begun = make_event();
  const auto go = make_event();
  auto outer = submit({.name = "outer"}, [=] {
    (*begun)->set();
    (*go)->wait();
    return get(*argument);
  });
  (*begun)->wait();
  const auto holder = hold_shutdown_until([&] { return glint::try_get(outer).has_value(); });
  glint::promise<int> inner;
  *argument = inner.ref();
  (*go)->set();
  std::optional<glint::error> why;
  user_thread reader([&] { why = error_thrown_by([&] { (void)get(outer); }); });
  EXPECT_TRUE(reader.asleep());
  glint::shutdown();
  reader.join();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), errc::shutdown) << why->describe();
  EXPECT_EQ(why->subject(), "task outer");
  EXPECT_EQ(why->root_cause().code(), errc::shutdown) << why->describe();
}

/// The same of a body that finds the runtime closed.
TEST(ShutdownOfABody, ThatCanSubmitNoMoreIsShutdownToo) {
  glint::init(small_node(4));
  const auto begun = make_event();
  const auto outer = submit({.name = "outer"}, [begun] {
    (*begun)->set();
    for (;;) (void)glint::put(1);
  });
  (*begun)->wait();
  const auto holder = hold_shutdown_until([&] { return glint::try_get(outer).has_value(); });
  glint::shutdown();
  const auto why = error_of(outer);
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code(), errc::shutdown) << why->describe();
  EXPECT_EQ(why->subject(), "task outer");
}

}  // namespace
}  // namespace glint_test
