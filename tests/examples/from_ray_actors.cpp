// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <optional>
#include <vector>

#include "from_ray.hpp"

namespace from_ray {
namespace {

using namespace std::chrono_literals;

void calls() {
  // ray: @ray.remote class Counter  (any class)
  // ray: c = Counter.remote(10)
  auto c = glint::spawn<counter>(10);

  // ray: c.add.remote(1)
  auto eleven = c.call<&counter::add>(1);

  // ray: @ray.method(num_returns=2) def both(self)  (a method that returns a std::tuple)
  auto [number, text] = c.call<&counter::both>();

  // ray: async def add_when_ready(self, d)  (a method that returns a `glint::co_task<int>`)
  auto later = c.call<&counter::add_when_ready>(eleven);

  // ray: for ref in c.count_up.remote(3)  (a method that returns a `glint::generator<int>`)
  for (const auto& item : c.call<&counter::count_up>(3)) glint::get(item);

  // ray: f.remote(c)  (a handle as an argument, result or member)
  auto through = glint::submit<add_through>(c, 5);

  expect(glint::get(eleven) == 11 && glint::get(later) == 22 && glint::get(through) == 30, "calls");
  expect(glint::get(number) == 11 && glint::get(text) == "11", "several results");
}

void options() {
  // ray: Counter.options(num_gpus=0.5, memory=1 << 20, resources={"licence": 1}).remote()  (for as long as it lives)
  auto equipped = glint::spawn<counter>({.gpus = 0.5, .memory_bytes = 1 << 20, .resources = {{"licence", 1}}});

  // ray: Counter.options(max_restarts=1, max_task_retries=2).remote(0)
  auto hardy = glint::spawn<counter>({.max_restarts = 1, .max_task_retries = 2}, 0);

  // ray: Ledger.options(max_restarts=1).remote()  (a restart gives what member `save` returned to `load`)
  auto kept = glint::spawn<ledger>({.max_restarts = 1, .save_every = 10});

  // ray: hardy.add.options(max_task_retries=0).remote(1)
  auto once = hardy.call<&counter::add>(glint::call_options{.max_task_retries = 0}, 1);

  // ray: Counter.options(max_concurrency=4, concurrency_groups={"io": 2}).remote()
  auto wide = glint::spawn<counter>({.max_concurrency = 4, .groups = {{"io", 2}}});

  // ray: @ray.method(concurrency_group="io"), c.value.options(concurrency_group="io").remote()  (named at the call)
  auto zero = wide.call<&counter::value>(glint::call_options{.group = "io"});

  // ray: Counter.options(max_pending_calls=100).remote()
  auto bounded = glint::spawn<counter>({.max_pending_calls = 100});

  expect(glint::get(equipped.call<&counter::add>(2)) == 2 && glint::get(once) == 1 && glint::get(zero) == 0, "options");
  expect(glint::get(kept.call<&ledger::add>(2)) == 2, "a saved actor");
  // ray: ray.kill(c)
  glint::kill(hardy);

  // ray: ray.kill(c, no_restart=False)
  glint::kill(bounded, {.restart = true});

  // ray: del c  (the last handle: the actor ends after the calls that were made)
  equipped = {};

  expect_error(glint::errc::actor_stopped, "counter", [&] { glint::get(hardy.call<&counter::value>()); });
  expect_error(glint::errc::actor_stopped, "counter", [&] { glint::get(bounded.call<&counter::value>()); });
}

void names() {
  // ray: Counter.options(name="hits", namespace="web", lifetime="detached").remote()  (lives without handles)
  auto hits = glint::spawn<counter>({.name = "hits", .actor_namespace = "web", .detached = true});

  hits = {};
  // ray: Counter.options(name="hits", namespace="web", get_if_exists=True).remote()
  auto same = glint::spawn<counter>({.name = "hits", .actor_namespace = "web", .get_if_exists = true});

  // ray: ray.get_actor("hits", namespace="web")  (empty if there is none)
  std::optional<glint::actor_handle<counter>> found = glint::get_actor<counter>("hits", "web");

  // ray: ray.util.list_named_actors()  (of one namespace)
  std::vector<std::string> named = glint::list_named_actors("web");

  expect(named == std::vector<std::string>{"hits"}, "list");
  expect(found && *found == same && glint::get(same.call<&counter::own_name>()) == "hits", "names");
  // ray: ray.kill(ray.get_actor("hits", namespace="web"))
  glint::kill(*glint::get_actor<counter>("hits", "web"));

  expect(!glint::get_actor<counter>("hits", "web"), "a detached actor that was killed");
  auto leaver = glint::spawn<counter>({.name = "leaver"});
  // ray: ray.actor.exit_actor()  (inside of a method: `glint::exit_actor()`)
  auto gone = leaver.call<&counter::leave>();

  glint::get(gone);
  expect_error(glint::errc::actor_stopped, "leaver", [&] { glint::get(leaver.call<&counter::value>()); });
}

void pools() {
  auto a = glint::spawn<counter>(100);
  auto b = glint::spawn<counter>(100);
  std::vector<int> xs{1, 2, 3};
  int sum = 0;
  // ray: pool = ray.util.ActorPool([a, b])
  glint::actor_pool<counter> pool({a, b});

  // ray: for y in pool.map(lambda a, x: a.add.remote(x), xs)  (in the order of the inputs)
  for (int y : pool.map<&counter::add>(xs)) sum += y;

  // ray: for y in pool.map_unordered(lambda a, x: a.add.remote(x), xs)  (as they come)
  for (int y : pool.map_unordered<&counter::add>(xs)) sum += y;

  // ray: pool.submit(lambda a, x: a.add.remote(x), 1)
  auto calls = pool.calls<&counter::add>();
  calls.submit(1);
  calls.submit(2);

  // ray: pool.has_next()
  bool more = calls.has_next();

  // ray: pool.get_next(timeout=1)
  sum += calls.next(1s);

  // ray: pool.get_next_unordered()
  sum += calls.next_unordered();

  // ray: pool.has_free()
  bool free = pool.idle() > 0;

  // ray: pool.pop_idle()
  std::optional<glint::actor_handle<counter>> idle = pool.pop_idle();

  // ray: pool.push(a)
  pool.push(*idle);

  expect(more && free && pool.size() == 2 && sum > 800 && !calls.has_next(), "pool");
}

void queues() {
  // ray: q = ray.util.queue.Queue(maxsize=3)
  glint::queue<int> q({.capacity = 3});

  // ray: q.put(1)
  q.put(1);

  // ray: q.put(2, timeout=1), except ray.util.queue.Full
  bool in_time = q.put(2, 1s);

  // ray: q.put_nowait(3), except ray.util.queue.Full
  bool room = q.try_put(3);

  // ray: q.qsize(), q.empty(), q.full()
  std::size_t size = q.size();
  bool full = q.full() && !q.empty();

  // ray: q.get()
  int one = q.get();

  // ray: q.get(timeout=1), except ray.util.queue.Empty
  std::optional<int> two = q.get(1s);

  // ray: q.get_nowait(), except ray.util.queue.Empty
  std::optional<int> three = q.try_get();

  // ray: q.put_nowait_batch([4, 5])
  bool both = q.try_put_batch({4, 5});

  // ray: q.get_nowait_batch(2)  (at most so many)
  std::vector<int> rest = q.try_get_batch(2);

  // ray: q.shutdown()
  q.shutdown();

  expect(in_time && room && size == 3 && full && one == 1 && two == 2 && three == 3, "queue");
  expect(both && rest == std::vector<int>{4, 5}, "batches");
}

}  // namespace

void actors() {
  calls();
  options();
  names();
}

void pools_and_queues() {
  pools();
  queues();
}

}  // namespace from_ray
