// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "local/node.hpp"
#include "local/suite.hpp"

namespace glint_bench {
namespace {

class counter {
 public:
  int add(int d) { return sum_ += d; }

 private:
  int sum_ = 0;
};
using counter_handle = glint::actor_handle<counter>;

void pause_briefly() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

class caller {
 public:
  /// Many calls on their way at once, each result read.
  int flood(counter_handle to, int n) {
    std::vector<glint::object_ref<int>> results;
    results.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) results.push_back(to.call<&counter::add>(1));
    for (const auto& result : results) keep(glint::get(result));
    return n;
  }
  /// One call after the other; the worker is free in between, and runs the other actor's.
  glint::co_task<int> rally(counter_handle with, int n) {
    for (int i = 0; i < n; ++i) keep(co_await with.call<&counter::add>(1));
    co_return n;
  }
  /// The same, but the worker is kept (it looks for the result all the time): each call has to cross to another one,
  /// and so has each result.
  int rally_across(counter_handle with, int n) {
    for (int i = 0; i < n; ++i) {
      const auto result = with.call<&counter::add>(1);
      while (!glint::try_get(result)) pause_briefly();
    }
    return n;
  }
};

double one_to_one(int workers, int n) {
  const node running(workers);
  warm_up();
  const auto from = glint::spawn<caller>();
  const auto to = glint::spawn<counter>();
  glint::get(from.call<&caller::flood>(to, 1'000));
  return ns_each(n, [&] { keep(glint::get(from.call<&caller::flood>(to, n))); });
}

double ping_pong_same(int n) {
  const node running(1);
  warm_up();
  const auto ping = glint::spawn<caller>();
  const auto pong = glint::spawn<counter>();
  glint::get(ping.call<&caller::rally>(pong, 1'000));
  return ns_each(n, [&] { keep(glint::get(ping.call<&caller::rally>(pong, n))); });
}

double ping_pong_across(int workers, int n) {
  const node running(workers < 2 ? 2 : workers);
  warm_up();
  const auto ping = glint::spawn<caller>();
  const auto pong = glint::spawn<counter>();
  glint::get(ping.call<&caller::rally_across>(pong, 1'000));
  return ns_each(n, [&] { keep(glint::get(ping.call<&caller::rally_across>(pong, n))); });
}

/// Many at once: spawned, called, their answers read, and all given up.
double spawn(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(n, [n] {
    std::vector<glint::object_ref<int>> answers;
    answers.reserve(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) answers.push_back(glint::spawn<counter>().call<&counter::add>(1));
    for (const auto& answer : answers) keep(glint::get(answer));
  });
}

}  // namespace

std::vector<row> actor_rows(const suite_options& o) {
  const int w = o.workers;
  const int many = o.count(100'000);
  const int trips = o.count(20'000);
  return {
      {"actors.one_to_one", "ns", "actor", [=] { return one_to_one(w, many); }, {}},
      {"actors.ping_pong_same", "ns", "actor", [=] { return ping_pong_same(trips); }, {}},
      {"actors.ping_pong_across", "ns", "actor", [=] { return ping_pong_across(w, trips); }, {}},
      {"actors.spawn", "ns", "outside", [=] { return spawn(w, trips); }, {}},
  };
}

}  // namespace glint_bench
