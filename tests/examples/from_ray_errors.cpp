// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <stdexcept>

#include <glint/gpu/backends.hpp>
#include "from_ray.hpp"

namespace from_ray {
namespace {

using namespace std::chrono_literals;
using glint::errc;

int broken(int) {
  throw std::out_of_range("far");
}
glint::tensor<float> too_large(glint::gpu_context& gpu) {
  return gpu.zeros<float>({1 << 30});
}
glint::tensor<float> lose_device(glint::gpu_context& gpu) {
  glint::gpu::faults_of(gpu.device())->lose_device();
  return gpu.zeros<float>({4});
}

void errors_of_tasks(const glint::object_ref<int>& late) {
  auto waiting = glint::submit<square>({.name = "waiting"}, late);
  auto bad = glint::submit<broken>(1);
  // ray error: RayTaskError  (what the task threw)
  expect_error(glint::errc::user_exception, "broken", [&] { glint::get(bad); });

  // ray error: RayTaskError  (an argument's; its error is the cause)
  expect_error(glint::errc::dependency_failed, "square", [&] { glint::get(glint::submit<square>(bad)); });

  // ray error: GetTimeoutError  (the work goes on)
  expect_error(glint::errc::timeout, "object of type int", [&] { glint::get(waiting, 1ms); });

  // ray error: TaskCancelledError
  expect_error(glint::errc::cancelled, "waiting", [&] {
    glint::cancel(waiting);
    glint::get(waiting);
  });

  // ray error: TaskUnschedulableError  (what the node can never meet; Ray waits for another node)
  expect_error(glint::errc::infeasible, "square", [&] { glint::get(glint::submit<square>({.cpus = 1000}, 3)); });

  // ray error: ObjectStoreFullError, OutOfMemoryError  (of a device, or an allocation that failed)
  expect_error(glint::errc::out_of_memory, "too_large", [&] { glint::get(glint::submit<too_large>()); });

  // ray error: ValueError  (of a bad option; the text names it)
  expect_error(glint::errc::invalid_argument, "cpus", [&] { auto ref = glint::submit<square>({.cpus = -1}, 3); });
}

void errors_of_actors(const glint::object_ref<int>& late) {
  auto gone = glint::spawn<counter>({.name = "gone"});
  auto unborn = glint::spawn<counter>({.name = "unborn"}, -1);
  auto hardy = glint::spawn<counter>({.name = "hardy", .max_restarts = 1});
  auto bounded = glint::spawn<counter>({.name = "bounded", .max_pending_calls = 1});
  auto wide = glint::spawn<counter>({.name = "wide", .gpus = 64});
  glint::get(hardy.call<&counter::value>());
  // ray error: ActorDiedError, RayActorError  (killed, left, or not restarted any more)
  expect_error(glint::errc::actor_stopped, "gone", [&] {
    glint::kill(gone);
    glint::get(gone.call<&counter::value>());
  });

  // ray error: ActorDiedError  (the constructor threw: that is the cause)
  expect_error(glint::errc::actor_failed, "unborn", [&] { glint::get(unborn.call<&counter::value>()); });

  // ray error: ActorUnschedulableError  (the cause is `infeasible`)
  expect_error(glint::errc::actor_failed, "infeasible", [&] { glint::get(wide.call<&counter::value>()); });

  // ray error: ActorUnavailableError  (under way while the actor restarts)
  expect_error(glint::errc::actor_unavailable, "hardy", [&] {
    auto under_way = hardy.call<&counter::add_when_ready>(late);
    glint::kill(hardy, {.restart = true});
    glint::get(under_way);
  });

  // ray error: PendingCallsLimitExceeded
  expect_error(glint::errc::pending_calls_exceeded, "bounded", [&] {
    auto first = bounded.call<&counter::add_when_ready>(late);
    glint::get(bounded.call<&counter::value>());
  });

  // ray error: ValueError  (of a name that is taken; thrown at the call)
  expect_error(glint::errc::name_taken, "hardy", [&] { auto c = glint::spawn<counter>({.name = "hardy"}); });
}

}  // namespace

void errors_before_init() {
  // ray error: ValueError  (of `ray.init`)
  expect_error(glint::errc::invalid_configuration, "cpus", [&] { glint::init({.cpus = -1}); });
}

void errors() {
  glint::promise<int> late;
  errors_of_tasks(late.ref());
  errors_of_actors(late.ref());
  auto ref = late.ref();
  // ray error: ValueError  (of `ray.wait` with a ref twice)
  expect_error(glint::errc::duplicate_ref, "", [&] { auto split = glint::wait({ref, ref}); });

  // ray error: ValueError  (of `ray.get` of something that is no ref)
  expect_error(glint::errc::empty_ref, "", [&] { glint::get(glint::object_ref<int>()); });

  // ray error: RuntimeError  (of `ray.init` again)
  expect_error(glint::errc::already_running, "", [&] { glint::init(); });

  // ray error: ObjectLostError  (an object went with its device)
  expect_error(glint::errc::device_lost, "lose_device", [&] {
    auto lost = glint::submit<lose_device>({.max_retries = 0});
    glint::get(lost);
  });
}

void errors_after_shutdown(const glint::object_ref<int>& left) {
  // ray error: RaySystemError  (of a ref that outlived `ray.shutdown`)
  expect_error(glint::errc::shutdown, "object of type int", [&] { glint::get(left); });

  // ray error: RaySystemError  (of a call without a runtime)
  expect_error(glint::errc::not_running, "", [&] { auto ref = glint::put(1); });
}

}  // namespace from_ray
