// SPDX-License-Identifier: Apache-2.0
// Calls that suspend, as coroutines do: what the actor's cell makes of their steps.
#include <functional>

#include <glint/core/detail/actor_calls.hpp>
#include "actor_fixture.hpp"

namespace glint_test {
namespace {

using glint::actor_handle;
using glint::errc;
using glint::get;
using glint::object_ref;
using glint::spawn;
using glint::detail::actor_cell;
using glint::detail::call_base;
using glint::detail::call_manner;
namespace store = glint::store;

using ActorSteps = actor_case;

const std::string& step_name() {
  static const std::string name = "two_steps";
  return name;
}
constexpr glint::detail::task_traits traits{.name = &step_name, .kind = "call", .on_device = false};

/// A call whose first step runs `first` and suspends; its second completes it.
class two_step_call final : public call_base {
 public:
  two_step_call(actor_cell& cell, std::function<void(two_step_call&)> first, std::function<int()> second)
      : call_base(traits, cell),
        first_(std::move(first)),
        second_(std::move(second)),
        result_(glint::make_intrusive<store::typed_entry<int>>()) {}

  [[nodiscard]] object_ref<int> ref() { return glint::detail::ref_access::make<int>(result_); }
  void run_step() noexcept override {
    if (!first_) return call_base::run_step();
    const auto first = std::exchange(first_, nullptr);
    cell().call_suspended(*this);
    first(*this);
  }

 private:
  void invoke(glint::gpu_context*) override { result_->construct(second_); }
  store::entry& result() noexcept override { return *result_; }
  glint::hold_ptr<store::entry> take_result() noexcept override {
    settling();
    glint::hold_ptr<store::entry> taken(result_.get());
    result_.reset();
    return taken;
  }

  std::function<void(two_step_call&)> first_;
  std::function<int()> second_;
  glint::intrusive_ptr<store::typed_entry<int>> result_;
};

actor_cell& cell_of(const actor_handle<worker_actor>& a) {
  return *glint::detail::handle_access::cell(a);
}

/// Enters a call that suspends, and waits until it has. `order` gets what its second step notes.
struct suspended_call {
  suspended_call(const actor_handle<worker_actor>& a, call_manner manner, std::function<int()> second)
      : cell(cell_of(a)) {
    call = new two_step_call(
        cell, [this](two_step_call&) { there.set(); }, std::move(second));
    ref = call->ref();
    call->set_manner(manner);
    cell.enter(*call);
    there.wait();
  }
  void resume() const { cell.call_resumable(*call); }

  actor_cell& cell;
  two_step_call* call;
  object_ref<int> ref;
  event there;
};

TEST_F(ActorSteps, ASuspendedCallKeepsADefaultActorClosed) {
  auto a = spawn<worker_actor>();
  suspended_call waiting(a, {}, [] { return 7; });
  auto next = a.call<&worker_actor::add>(1);
  for (int i = 0; i < 20; ++i) get(glint::submit<echo>(i), deadline);
  EXPECT_FALSE(glint::try_get(next).has_value());
  EXPECT_FALSE(glint::try_get(waiting.ref).has_value());
  waiting.resume();
  EXPECT_EQ(get(waiting.ref, deadline), 7);
  EXPECT_EQ(get(next, deadline), 1);
}

TEST_F(ActorSteps, OtherCallsRunMeanwhileWhereTheLimitAllowsIt) {
  auto a = spawn<worker_actor>({.max_concurrency = 2});
  suspended_call waiting(a, {}, [] { return 7; });
  EXPECT_EQ(get(a.call<&worker_actor::add>(1), deadline), 1) << "a writer too: the suspended call has no step";
  suspended_call another(a, {}, [] { return 8; });
  auto third = a.call<&worker_actor::add>(1);
  for (int i = 0; i < 20; ++i) get(glint::submit<echo>(i), deadline);
  EXPECT_FALSE(glint::try_get(third).has_value()) << "two are in progress";
  another.resume();
  EXPECT_EQ(get(another.ref, deadline), 8);
  EXPECT_EQ(get(third, deadline), 2);
  waiting.resume();
  EXPECT_EQ(get(waiting.ref, deadline), 7);
}

TEST_F(ActorSteps, AResumedStepComesBeforeNewCallsAndIsAlone) {
  auto a = spawn<worker_actor>({.max_concurrency = 3});
  const auto inside = make_event();
  const auto go = make_event();
  std::atomic<int> order{0};
  suspended_call waiting(a, {}, [&order] { return ++order; });
  auto running = a.call<&worker_actor::hold>(inside, go);
  (*inside)->wait();
  auto* fresh = new two_step_call(cell_of(a), {}, [&order] { return ++order; });
  auto new_ref = fresh->ref();
  cell_of(a).enter(*fresh);  // queued before the other can go on
  waiting.resume();
  (*go)->set();
  EXPECT_EQ(get(waiting.ref, deadline), 1);
  EXPECT_EQ(get(new_ref, deadline), 2);
  EXPECT_EQ(get(running, deadline), 0);
}

TEST_F(ActorSteps, ACallMayBeResumableBeforeItsStepIsOver) {
  auto a = spawn<worker_actor>();
  for (int i = 0; i < 200; ++i) {
    auto* call = new two_step_call(
        cell_of(a), [](two_step_call& self) { self.cell().call_resumable(self); }, [i] { return i; });
    auto ref = call->ref();
    cell_of(a).enter(*call);
    ASSERT_EQ(get(ref, deadline), i);
  }
}

TEST_F(ActorSteps, ResumedByOthersInAnyOrder) {
  constexpr int count = 50;
  auto a = spawn<worker_actor>({.max_concurrency = count});
  std::vector<std::unique_ptr<suspended_call>> calls;
  for (int i = 0; i < count; ++i) {
    calls.push_back(
        std::make_unique<suspended_call>(a, call_manner{.group = 0, .reads = i % 2 == 0}, [i] { return i; }));
  }
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        for (int i = t; i < count; i += 2) calls[static_cast<std::size_t>(count - 1 - i)]->resume();
      });
    }
  }
  for (int i = 0; i < count; ++i) EXPECT_EQ(get(calls[static_cast<std::size_t>(i)]->ref, deadline), i);
}

TEST_F(ActorSteps, KillFailsASuspendedCallAtOnceAndWaitsForItsEnd) {
  auto a = spawn<worker_actor>({.name = "victim"});
  suspended_call waiting(a, {}, [] { return 7; });
  glint::kill(a);
  ASSERT_TRUE(glint::try_get(waiting.ref).has_value()) << "at once";
  expect_failed(waiting.ref, errc::actor_stopped, "two_steps on actor victim", "killed by the program");
  EXPECT_EQ(objects_alive.load(), 1) << "the call goes on in the object, to its end";
  waiting.resume();
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorSteps, TheLastHandleGoingWaitsForASuspendedCall) {
  auto a = spawn<worker_actor>();
  suspended_call waiting(a, {}, [] { return 7; });
  a = {};
  for (int i = 0; i < 20; ++i) get(glint::submit<echo>(i), deadline);
  EXPECT_EQ(objects_alive.load(), 1);
  waiting.resume();
  EXPECT_EQ(get(waiting.ref, deadline), 7);
  EXPECT_TRUE(eventually([] { return objects_alive == 0; }));
}

TEST_F(ActorSteps, ShutdownEndsASuspendedCall) {
  auto a = spawn<worker_actor>();
  suspended_call waiting(a, {}, [] { return 7; });
  glint::shutdown();
  expect_shutdown(waiting.ref);
  EXPECT_EQ(objects_alive.load(), 0);
  glint::init(small_node(2, 0));
}

}  // namespace
}  // namespace glint_test
