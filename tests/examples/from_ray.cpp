// SPDX-License-Identifier: Apache-2.0
// The calls of docs/from-ray.md, compiled and run. After each `// ray: CALL` stands its twin, up to the next empty line
// or comment; from_ray_matches.py compares the page's table with them.
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <glint/glint.hpp>

using namespace std::chrono_literals;

namespace {

int failures = 0;
void expect(bool right, const char* what) {
  if (right) return;
  ++failures;
  std::fprintf(stderr, "wrong: %s\n", what);
}

int square(int x) {
  return x * x;
}
int add(int a, int b) {
  return a + b;
}
std::tuple<int, std::string> two_results() {
  return {2, "two"};
}
int pass_ref_on(const glint::object_ref<int>& ref) {
  return glint::get(ref);
}
struct net_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
glint::generator<int> count_to(int n) {
  for (int i = 0; i < n; ++i) co_yield i;
}
glint::co_task<int> await_both(glint::object_ref<int> a, glint::object_ref<int> b) {
  co_return co_await a + co_await b;
}
glint::tensor<float> on_gpu(glint::gpu_context& gpu) {
  return gpu.zeros<float>({4});
}

class counter {
 public:
  explicit counter(int start = 0) : n_(start) {}
  int add(int d) { return n_ += d; }
  int value() const { return n_; }
  void leave() { glint::exit_actor(); }
  glint::co_task<int> add_when_ready(glint::object_ref<int> d) { co_return n_ += co_await d; }

 private:
  int n_;
};

void objects() {
  // ray: ref = ray.put(x)
  auto ref = glint::put(41);

  // ray: ray.get(ref)
  int value = glint::get(ref);

  // ray: ray.get(refs)
  std::vector<glint::object_ref<int>> refs = glint::put_each(std::vector<int>{1, 2, 3});
  std::vector<const int*> values = glint::get(refs);

  // ray: ray.get(ref, timeout=1)
  value += glint::get(ref, 1s);

  // ray: ready, pending = ray.wait(refs, num_returns=1, timeout=1)
  auto [ready, pending] = glint::wait(refs, {.count = 1, .timeout = 1s});

  // ray: for ref in as_completed(refs)
  int sum = 0;
  for (const auto& done : glint::as_completed(refs)) sum += glint::get(done);

  // ray: ray.util.state.get_objects(id)
  auto facts = glint::metadata(ref);

  expect(value == 82 && *values.at(2) == 3 && ready.size() == 1 && pending.size() == 2 && sum == 6, "objects");
  expect(facts.type_name == "int", "metadata");
}

void tasks() {
  auto x = glint::put(3);
  // ray: @ray.remote def square(x)  (any function)
  // ray: ref = square.remote(3)
  auto nine = glint::submit<square>(3);

  // ray: add.remote(ref, 1)  (a ref where a value is expected)
  auto ten = glint::submit<add>(nine, 1);

  // ray: f.remote([ref])  (a ref that is passed on)
  auto same = glint::submit<pass_ref_on>(x);

  // ray: square.options(name="sq", num_cpus=0.5, memory=1 << 20).remote(3)
  auto options = glint::submit<square>({.name = "sq", .cpus = 0.5, .memory_bytes = 1 << 20}, 3);

  // ray: f.options(num_gpus=1).remote()
  auto device = glint::submit<on_gpu>({.gpus = 1});

  // ray: f.options(resources={"licence": 1}).remote()
  auto licensed = glint::submit<square>({.resources = {{"licence", 1}}}, 3);

  // ray: f.options(max_retries=5, retry_exceptions=[NetError]).remote()
  auto retried = glint::submit<square>({.max_retries = 5, .retry_on = glint::retry_on<net_error>}, 3);

  // ray: a, b = f.options(num_returns=2).remote()
  auto [two, text] = glint::submit<two_results>();

  // ray: for ref in generator.remote(3)
  int sum = 0;
  for (const auto& item : glint::submit<count_to>(3)) sum += glint::get(item);

  // ray: await ref
  auto both = glint::submit<await_both>(nine, ten);

  // ray: ray.cancel(ref, recursive=True)
  bool cancelled = glint::cancel(both, {.recursive = true});

  // ray: ray.get_runtime_context().get_task_name()
  auto name = glint::submit({.name = "asker"}, [] { return glint::this_task().name; });

  expect(glint::get(ten) == 10 && glint::get(same) == 3 && glint::get(options) == 9, "tasks");
  expect(glint::get(licensed) == 9 && glint::get(retried) == 9, "options");
  expect(glint::get(two) == 2 && glint::get(text) == "two" && sum == 3, "several results");
  expect(glint::get(device).size() == 4 && glint::get(name) == "asker", "device");
  try {
    expect(glint::get(both) == 19, "await");  // it may have been done before
  } catch (const glint::exception& e) {
    expect(cancelled && e.code() == glint::errc::cancelled, "cancel");
  }
}

void actors() {
  // ray: @ray.remote class Counter  (any class)
  // ray: c = Counter.remote(10)
  auto c = glint::spawn<counter>(10);

  // ray: c.add.remote(1)
  auto eleven = c.call<&counter::add>(1);

  // ray: Counter.options(name="hits", namespace="web", lifetime="detached").remote()
  auto hits = glint::spawn<counter>({.name = "hits", .actor_namespace = "web", .detached = true});

  // ray: Counter.options(name="hits", namespace="web", get_if_exists=True).remote()
  auto same = glint::spawn<counter>({.name = "hits", .actor_namespace = "web", .get_if_exists = true});

  // ray: ray.get_actor("hits", namespace="web")
  auto found = glint::get_actor<counter>("hits", "web");

  // ray: Counter.options(max_restarts=1, max_task_retries=2).remote(0)
  auto hardy = glint::spawn<counter>({.max_restarts = 1, .max_task_retries = 2}, 0);

  // ray: Counter.options(max_concurrency=4, concurrency_groups={"io": 2}).remote()
  auto wide = glint::spawn<counter>({.max_concurrency = 4, .groups = {{"io", 2}}});

  // ray: c.value.options(concurrency_group="io").remote()
  auto zero = wide.call<&counter::value>(glint::call_options{.group = "io"});

  // ray: async def add_when_ready(self, d)
  auto later = c.call<&counter::add_when_ready>(eleven);

  // ray: Counter.options(max_pending_calls=100).remote()
  auto bounded = glint::spawn<counter>({.max_pending_calls = 100});

  // ray: ray.kill(c)
  glint::kill(hardy);

  // ray: ray.kill(c, no_restart=False)
  glint::kill(bounded, {.restart = true});

  // ray: ray.actor.exit_actor()  (inside of a method)
  auto gone = same.call<&counter::leave>();

  expect(glint::get(eleven) == 11 && glint::get(later) == 22 && glint::get(zero) == 0, "calls");
  expect(same == hits && found && *found == hits, "names");
  glint::get(gone);
}

void errors() {
  auto bad = glint::submit([]() -> int { throw std::out_of_range("far"); });
  // ray: except ray.exceptions.RayTaskError as e: e.cause
  try {
    glint::get(bad);
  } catch (const glint::exception& e) {
    expect(e.code() == glint::errc::user_exception, "code");
    try {
      std::rethrow_if_nested(e);
    } catch (const std::out_of_range& cause) {
      expect(cause.what() == std::string("far"), "cause");
    }
  }
}

}  // namespace

int main() {
  // ray: ray.init(num_cpus=4, resources={"licence": 2})
  glint::init({.cpus = 4, .backend = glint::device_backend::emulated, .resources = "licence=2"});

  // ray: ray.is_initialized()
  expect(glint::is_running(), "running");

  // ray: ray.cluster_resources()
  expect(glint::this_node().cpus == 4, "node");

  objects();
  tasks();
  actors();
  errors();
  // ray: ray.shutdown()
  glint::shutdown();

  return failures;
}
