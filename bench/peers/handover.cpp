// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <mutex>
#include <thread>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// The floor of handing work to a thread that sleeps, and sleeping until it is done: a mutex and two condition
/// variables.
namespace glint_bench {
namespace {

class handover {
 public:
  int call(int value) {
    std::unique_lock lock(mutex_);
    value_ = value;
    turn_ = turn::worker;
    asked_.notify_one();
    answered_.wait(lock, [this] { return turn_ == turn::caller; });
    return value_;
  }

  /// The worker's thread, until `end`.
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      asked_.wait(lock, [this] { return turn_ != turn::caller; });
      if (turn_ == turn::over) return;
      ++value_;
      turn_ = turn::caller;
      answered_.notify_one();
    }
  }

  void end() {
    const std::lock_guard lock(mutex_);
    turn_ = turn::over;
    asked_.notify_one();
  }

 private:
  enum class turn { caller, worker, over };
  std::mutex mutex_;
  std::condition_variable asked_;
  std::condition_variable answered_;
  turn turn_ = turn::caller;
  int value_ = 0;
};

double round_trip(const peer_setting& setting) {
  handover hands;
  std::thread worker([&hands] { hands.serve(); });
  for (int i = 0; i < 100; ++i) keep(hands.call(i));
  const double p50 = p50_ns(setting.count(2'000), [&hands](int i) { keep(hands.call(i)); });
  hands.end();
  worker.join();
  return p50;
}

}  // namespace

std::vector<peer> handover_peers() {
  return {{"tasks.round_trip_handover", "condition_var", round_trip}};
}

}  // namespace glint_bench
