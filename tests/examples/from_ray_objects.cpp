// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstddef>
#include <vector>

#include <glint/core/exchange.hpp>
#include "from_ray.hpp"

namespace from_ray {

using namespace std::chrono_literals;

void objects() {
  // ray: ref = ray.put(x)
  auto ref = glint::put(41);

  // ray: ray.get(ref)
  int value = glint::get(ref);

  // ray: refs = [ray.put(x) for x in xs]
  std::vector<glint::object_ref<int>> refs = glint::put_each(std::vector<int>{1, 2, 3});

  // ray: ray.get(refs)
  std::vector<const int*> values = glint::get(refs);

  // ray: ray.get(ref, timeout=1)
  value += glint::get(ref, 1s);

  // ray: ray.wait([ref], timeout=0), then ray.get(ref) in a try  (the value, the error, or nothing yet)
  auto now = glint::try_get(ref);

  // ray: ready, pending = ray.wait(refs, num_returns=1, timeout=1)
  auto [ready, pending] = glint::wait(refs, {.count = 1, .timeout = 1s});

  // ray: for ref in ray.util.as_completed(refs)
  int sum = 0;
  for (const auto& done : glint::as_completed(refs)) sum += glint::get(done);

  // ray: ray.put([ref])  (a ref inside of a value keeps its object alive)
  auto nested = glint::put(std::vector{ref, refs[0]});

  // ray: ray.util.state.get_objects(id)
  glint::object_metadata facts = glint::metadata(ref);

  // ray: cloudpickle.dumps(ray.get(ref))  (in `glint/core/exchange.hpp`)
  std::vector<std::byte> bytes = glint::export_bytes(ref);

  // ray: ray.put(cloudpickle.loads(data))
  auto copy = glint::import_bytes<int>(bytes);

  // ray: fut = concurrent.futures.Future(); fut.set_result(5)  (an object that somebody makes later)
  glint::promise<int> later;
  auto five = later.ref();
  later.set(5);

  expect(value == 82 && *values.at(2) == 3 && ready.size() == 1 && pending.size() == 2 && sum == 6, "objects");
  expect(now && now->has_value() && ***now == 41 && glint::get(nested).size() == 2, "values");
  expect(facts.type_name == "int" && glint::get(copy) == 41 && glint::get(five) == 5, "metadata and bytes");
}

}  // namespace from_ray
