// SPDX-License-Identifier: Apache-2.0
#include "from_ray.hpp"

using from_ray::expect;

int main() {
  from_ray::errors_before_init();
  // ray: ray.init(num_cpus=4, num_gpus=2, resources={"licence": 2})
  glint::init({.cpus = 4, .devices = 2, .backend = glint::device_backend::emulated, .resources = "licence=2"});

  // ray: ray.init(ignore_reinit_error=True)
  if (!glint::is_running()) glint::init();

  // ray: ray.is_initialized()
  bool running = glint::is_running();

  // ray: ray.cluster_resources()  (CPU slots, devices, memory, custom resources)
  glint::node_info node = glint::this_node();

  // ray: ray.util.state.summarize_tasks()  (what ran, failed, was retried and copied since `init`)
  glint::runtime_statistics counts = glint::statistics();

  expect(running && node.cpus == 4 && node.devices.size() == 2 && node.resources.size() == 1, "node");
  expect(counts.tasks == 0 && counts.failed == 0, "statistics");
  const auto left = glint::put(1);
  from_ray::objects();
  from_ray::tasks();
  from_ray::actors();
  from_ray::pools_and_queues();
  from_ray::errors();
  // ray: ray.shutdown()
  glint::shutdown();

  from_ray::errors_after_shutdown(left);
  return from_ray::failures;
}
