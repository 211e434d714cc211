// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "from_ray.hpp"

namespace from_ray {
namespace {

using namespace std::chrono_literals;

/// The code a ref fails with; nothing if it is ready.
template <class T>
std::optional<glint::errc> code_of(const glint::object_ref<T>& ref) {
  const auto settled = glint::try_get(ref, 20s);
  if (!settled || settled->has_value()) return std::nullopt;
  return settled->error().code();
}

void submissions() {
  auto x = glint::put(3);
  // ray: @ray.remote def square(x)  (any function)
  // ray: ref = square.remote(3)
  auto nine = glint::submit<square>(3);

  // ray: add.remote(ref, 1)  (a ref where a value is expected)
  auto ten = glint::submit<add>(nine, 1);

  // ray: f.remote([ref])  (a ref that is passed on)
  auto same = glint::submit<pass_ref_on>(x);

  int k = 2;
  // ray: ray.remote(lambda x: k * x).remote(3)  (what it captures is kept)
  auto six = glint::submit([k](int n) { return k * n; }, 3);

  // ray: square.options(name="sq", num_cpus=0.5, memory=1 << 20).remote(3)
  auto options = glint::submit<square>({.name = "sq", .cpus = 0.5, .memory_bytes = 1 << 20}, 3);

  // ray: f.options(num_gpus=0.5).remote()  (a share of one device)
  auto share = glint::submit<on_gpu>({.gpus = 0.5});

  // ray: f.options(num_gpus=2).remote()  (whole devices; the body has them as `gpu.on(0)` and `gpu.on(1)`)
  auto two_devices = glint::submit<on_two_gpus>({.gpus = 2});

  // ray: f.options(resources={"licence": 1}).remote()
  auto licensed = glint::submit<square>({.resources = {{"licence", 1}}}, 3);

  // ray: f.options(max_retries=5, retry_exceptions=[NetError]).remote()
  auto retried = glint::submit<square>({.max_retries = 5, .retry_on = glint::retry_on<net_error>}, 3);

  // ray: ray.get(ref, timeout=60), else ray.cancel(ref)  (a deadline of the task's own)
  auto in_time = glint::submit<square>({.timeout = 60s}, 3);

  // ray: a, b = f.options(num_returns=2).remote()  (a function that returns a std::tuple)
  auto [two, text] = glint::submit<two_results>();

  // ray: refs = [square.remote(x) for x in xs]
  std::vector<glint::object_ref<int>> squares = glint::map<square>(std::vector{1, 2, 3});

  // ray: for y in ray.util.map_unordered(square, xs)
  int sum = 0;
  for (auto& ref : glint::as_completed(std::move(squares))) sum += glint::get(ref);

  expect(glint::get(ten) == 10 && glint::get(same) == 3 && glint::get(six) == 6 && sum == 14, "tasks");
  expect(glint::get(options) == 9 && glint::get(licensed) == 9, "options");
  expect(glint::get(retried) == 9 && glint::get(in_time) == 9, "retries and deadlines");
  expect(glint::get(two) == 2 && glint::get(text) == "two", "several results");
  expect(glint::get(share).size() == 4 && glint::get(two_devices).size() == 2, "devices");
}

glint::co_task<int> awaits(glint::object_ref<int> a, glint::object_ref<int> b) {
  // ray: await ref  (in a coroutine that returns a `glint::co_task<int>`; it holds no thread)
  int value = co_await a;

  // ray: await asyncio.gather(a, b)
  auto [first, second] = co_await glint::when_all(a, b);

  // ray: await asyncio.wait([a, b], return_when=FIRST_COMPLETED)
  std::size_t which = co_await glint::when_any(a, b);

  // ray: await asyncio.sleep(0.001)
  co_await glint::sleep_for(1ms);

  // ray: async for ref in gen.remote(3): await ref
  auto stream = glint::submit<count_to>(3);
  while (auto item = co_await stream) value += co_await *item;

  value += glint::get(first) + glint::get(second);
  co_return value + static_cast<int>(which);
}

void generators() {
  // ray: for ref in gen.remote(3)  (a coroutine that returns a `glint::generator<int>`)
  int sum = 0;
  for (const auto& item : glint::submit<count_to>(3)) sum += glint::get(item);

  // ray: gen.options(_generator_backpressure_num_objects=2).remote(3)  (how far it may be ahead of its reader)
  auto slow = glint::submit<count_to>({.read_ahead = 2}, 3);

  // ray: next(stream)
  std::optional<glint::object_ref<int>> next = slow.next();

  expect(sum == 3 && next && glint::get(*next) == 0, "generators");
  expect(glint::get(glint::submit<awaits>(glint::put(9), glint::put(10))) == 31, "coroutines");
}

void cancellation() {
  glint::promise<int> never_kept;
  auto waiting = glint::submit<square>(never_kept.ref());
  // ray: ray.cancel(ref)
  bool cancelled = glint::cancel(waiting);

  expect(cancelled && code_of(waiting) == glint::errc::cancelled, "cancel");
  auto child = std::make_shared<glint::promise<glint::object_ref<int>>>();
  const auto child_ref = child->ref();
  auto parent = glint::submit([child, input = never_kept.ref()] {
    auto mine = glint::submit<square>(input);
    child->set(mine);
    return glint::get(mine);
  });
  const auto its_child = glint::get(child_ref, 20s);
  // ray: ray.cancel(ref, recursive=True)  (and all that the task has submitted)
  cancelled = glint::cancel(parent, {.recursive = true});

  expect(cancelled && code_of(parent) == glint::errc::cancelled, "recursive cancel");
  expect(code_of(its_child) == glint::errc::cancelled, "the child's cancel");
}

/// Inside of a task.
std::string context() {
  // ray: ray.get_runtime_context()  (in a task or a method)
  glint::task_info context = glint::this_task();

  // ray: context.get_task_id()
  glint::task_id id = context.id;

  // ray: context.get_task_name()
  std::string name = context.name;

  // ray: context.get_actor_id(), context.get_actor_name()  (empty in a task)
  glint::actor_id actor = context.actor;
  std::string actor_name = context.actor_name;

  // ray: context.get_node_id()  (an index)
  std::uint32_t node = context.node;

  // ray: ray.get_gpu_ids(), context.get_accelerator_ids()["GPU"]
  std::vector<int> devices = context.devices;

  // ray: ray.util.state.get_task(id).attempt_number  (how often it was tried before)
  std::uint32_t attempt = context.attempt;

  // ray: context.was_current_actor_reconstructed  (how often it was)
  std::uint32_t restarts = context.actor_restarts;

  // ray: context.is_canceled()  (`glint::stop_token()` gives the token)
  bool unwanted = glint::stop_requested();

  expect(restarts == 0, "restarts");
  expect(id && !actor && actor_name.empty() && node == 0, "ids");
  expect(devices.empty() && attempt == 0 && !unwanted, "context");
  return name;
}

void user_errors() {
  auto bad = glint::submit([]() -> int { throw std::out_of_range("far"); });
  std::string why;
  // ray: except ray.exceptions.RayError as e
  try {
    glint::get(bad);
  } catch (const glint::exception& e) {
    why = e.what();
  }

  std::string cause;
  // ray: except ray.exceptions.RayTaskError as e: e.cause  (the type that was thrown is kept)
  try {
    glint::get(bad);
  } catch (const glint::user_exception& e) {
    try {
      e.rethrow_nested();
    } catch (const std::out_of_range& thrown) {
      cause = thrown.what();
    }
  }

  expect(why.find("user_exception") == 0 && cause == "far", "a user's exception");
}

}  // namespace

void tasks() {
  submissions();
  generators();
  cancellation();
  expect(glint::get(glint::submit<context>({.name = "asker"})) == "asker", "name");
  user_errors();
}

}  // namespace from_ray
