// SPDX-License-Identifier: Apache-2.0
// Random work, random cancels, timeouts, kills and restarts over all kinds of resources: all of it ends, and all is
// free again.
#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "resource_node.hpp"

namespace glint_test {
namespace {

using namespace std::chrono_literals;
using glint::gpu_context;
using glint::object_ref;
using glint::submit;

int yields(int n) {
  for (int i = 0; i < n % 50 && !glint::stop_requested(); ++i) std::this_thread::yield();
  return maybe(n);
}
int enqueues(gpu_context& gpu, int n) {
  for (int i = 0; i < gpu.device_count(); ++i) {
    gpu.on(i).run_on_host_device([n] {
      for (int k = 0; k < n % 50; ++k) std::this_thread::yield();
      if (n % 7 == 0) throw std::runtime_error("kernel");
    });
  }
  return maybe(n);
}
glint::co_task<int> sleeps(int n) {
  co_await glint::sleep_for(std::chrono::microseconds(n % 1000));
  co_return maybe(n);
}

/// Some of its constructors fail. Its calls take no refs: what makes one may need what the actor holds.
struct worker_of_all {
  explicit worker_of_all(int n) : value(maybe(n)) {}
  int on_host(int n) { return value = yields(n); }
  int on_device(gpu_context& gpu, int n) { return enqueues(gpu, n); }
  glint::co_task<int> suspends(int n) {
    co_await glint::sleep_for(std::chrono::microseconds(n % 500));
    co_return n;
  }
  int value;
};

class RandomEnds {
 public:
  explicit RandomEnds(std::uint64_t seed) : random_(seed) {}

  void step() {
    switch (below(10)) {
      case 0:
        return spawn_one();
      case 1:
      case 2:
        return call_one();
      case 3:
        return end_one();
      default:
        return submit_one();
    }
  }
  /// Whether all that was made has settled.
  [[nodiscard]] bool finish() {
    actors_.clear();
    return glint::wait(refs_, {.timeout = deadline}).pending.empty();
  }

 private:
  using actor = glint::actor_handle<worker_of_all>;
  [[nodiscard]] int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  template <class T>
  [[nodiscard]] T& any(std::vector<T>& of) {
    return of[static_cast<std::size_t>(below(static_cast<int>(of.size())))];
  }

  template <class Options>
  Options amounts() {
    constexpr double gpus[] = {0, 0.25, 0.5, 1, 2, 3};
    Options options;
    options.gpus = gpus[below(6)];
    if (below(2) == 0) options.memory_bytes = static_cast<std::uint64_t>(below(1001));
    if (below(2) == 0) options.resources.add({"licence", 0.0001 * (1 + below(20000))});
    if (below(4) == 0) options.resources.add({"tape", 0.5});
    return options;
  }

  void submit_one() {
    constexpr double cpus[] = {0, 0.25, 1, 1, 1.5, 2};
    auto options = amounts<glint::task_options>();
    options.cpus = cpus[below(6)];
    options.retry_on = below(3) == 0 ? glint::retry_on<std::runtime_error> : glint::exception_filter{};
    if (below(4) == 0) options.timeout = std::chrono::microseconds(below(3000));
    const int kind = below(4);
    if (kind == 0) return refs_.push_back(submit<enqueues>(options, any(refs_)));
    options.gpus = 0;
    if (kind == 1) return refs_.push_back(submit<sleeps>(options, any(refs_)));
    refs_.push_back(submit<yields>(options, below(1000)));
  }
  void spawn_one() {
    auto options = amounts<glint::actor_options>();
    options.max_restarts = below(3) - 1;
    options.max_concurrency = 1 + below(2);
    const int n = below(1000);
    if (below(2) == 0) {
      actors_.push_back(glint::spawn<worker_of_all>(options, n));
    } else {
      actors_.push_back(glint::spawn<worker_of_all>(options, any(refs_)));
    }
    if (actors_.size() > 3) actors_.erase(actors_.begin() + below(4));
  }
  void call_one() {
    if (actors_.empty()) return;
    const actor& a = any(actors_);
    switch (below(3)) {
      case 0:
        return refs_.push_back(a.call<&worker_of_all::on_host>({.max_task_retries = below(2)}, below(1000)));
      case 1:
        return refs_.push_back(a.call<&worker_of_all::on_device>(below(1000)));
      default:
        return refs_.push_back(a.call<&worker_of_all::suspends>(below(1000)));
    }
  }
  void end_one() {
    if (below(3) != 0 || actors_.empty()) {
      (void)glint::cancel(any(refs_), {.recursive = below(2) == 0});
    } else {
      glint::kill(any(actors_), {.restart = below(2) == 0});
    }
  }

  std::mt19937_64 random_;
  std::vector<object_ref<int>> refs_{glint::put(1)};
  std::vector<actor> actors_;
};

TEST_F(CustomResources, RandomCancelsTimeoutsKillsAndRestartsLeaveAllFree) {
  std::mt19937_64 seeds(test_seed());
  for (int round = 0; round < 8; ++round) {
    RandomEnds work(seeds());
    for (int i = 0; i < 200; ++i) work.step();
    ASSERT_TRUE(work.finish()) << "round " << round;
    ASSERT_TRUE(eventually([this] { return free() == full; })) << "round " << round;
    // Not only counted: all of it can be had.
    const auto all = submit<add>({.cpus = 2, .memory_bytes = 1000, .resources = {{"licence", 2}, {"tape", 0.5}}}, 1, 2);
    ASSERT_EQ(glint::get(all, deadline), 3);
    ASSERT_EQ(glint::get(submit<device_of>({.gpus = 3}), deadline), 0);
  }
}

}  // namespace
}  // namespace glint_test
