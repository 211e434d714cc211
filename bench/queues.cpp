// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/core/detail/injection_queue.hpp>
#include <glint/core/detail/work_deque.hpp>
#ifdef GLINT_BENCH_CONCURRENTQUEUE
#include <concurrentqueue/concurrentqueue.h>
#endif

/// What queueing costs: how work comes in from outside of the workers, and what a worker's own queue costs it. Medians
/// of 11 interleaved runs.
namespace {

using bench_clock = std::chrono::steady_clock;
constexpr int runs = 11;
constexpr std::size_t count = 1'000'000;

struct node : glint::detail::injection_link<> {
  node* plain_next = nullptr;
};
std::vector<node>& nodes() {
  static std::vector<node> all(count);
  return all;
}

/// What the scheduler has: a list under a lock, and its size apart.
class locked_list {
 public:
  void push(node& n) {
    const glint::spin_guard guard(mutex_);
    n.plain_next = nullptr;
    (last_ ? last_->plain_next : first_) = &n;
    last_ = &n;
    size_.fetch_add(1);
  }
  node* pop() {
    if (size_.load() == 0) return nullptr;
    const glint::spin_guard guard(mutex_);
    node* n = first_;
    if (!n) return nullptr;
    first_ = n->plain_next;
    if (!first_) last_ = nullptr;
    size_.fetch_sub(1);
    return n;
  }

 private:
  glint::spin_mutex mutex_;
  node* first_ = nullptr;
  node* last_ = nullptr;
  std::atomic<std::uint32_t> size_{0};
};

/// The same list; who takes, takes up to 32 at once (a worker would put all but one into its own deque).
class locked_list_by_32 {
 public:
  static constexpr std::size_t batch = 32;
  void push(node& n) {
    const glint::spin_guard guard(mutex_);
    n.plain_next = nullptr;
    (last_ ? last_->plain_next : first_) = &n;
    last_ = &n;
    if (size_.load(std::memory_order_relaxed) == 0) size_.store(1);
  }
  std::size_t pop(std::array<node*, batch>& out) {
    if (size_.load() == 0) return 0;
    const glint::spin_guard guard(mutex_);
    std::size_t n = 0;
    for (; n < batch && first_; ++n) {
      out[n] = first_;
      first_ = first_->plain_next;
    }
    if (!first_) {
      last_ = nullptr;
      size_.store(0);
    }
    return n;
  }

 private:
  glint::spin_mutex mutex_;
  node* first_ = nullptr;
  node* last_ = nullptr;
  std::atomic<std::uint32_t> size_{0};
};

/// Ours, by 32, too.
class injected {
 public:
  static constexpr std::size_t batch = 32;
  void push(node& n) { queue_.push(n); }
  std::size_t pop(std::array<node*, batch>& out) { return queue_.looks_empty() ? 0 : queue_.take(out); }

 private:
  glint::detail::injection_queue<node> queue_;
};

#ifdef GLINT_BENCH_CONCURRENTQUEUE
class moodycamel_queue {
 public:
  static constexpr std::size_t batch = 32;
  void push(node& n) { queue_.enqueue(&n); }
  std::size_t pop(std::array<node*, batch>& out) { return queue_.try_dequeue_bulk(out.begin(), batch); }

 private:
  moodycamel::ConcurrentQueue<node*> queue_{4096};
};
#endif

template <class Queue>
std::size_t take_some(Queue& queue) {
  if constexpr (requires { Queue::batch; }) {
    std::array<node*, Queue::batch> out;
    return queue.pop(out);
  } else {
    return queue.pop() ? 1 : 0;
  }
}

/// `producers` push a million together, two workers take them.
template <class Queue>
void from_outside(std::size_t producers) {
  auto queue = std::make_unique<Queue>();
  std::atomic<std::size_t> taken{0};
  std::vector<std::thread> threads;
  for (std::size_t p = 0; p < producers; ++p) {
    threads.emplace_back([&, p] {
      for (std::size_t i = p; i < count; i += producers) queue->push(nodes()[i]);
    });
  }
  for (int w = 0; w < 2; ++w) {
    threads.emplace_back([&] {
      std::size_t unreported = 0;
      for (;;) {
        const std::size_t n = take_some(*queue);
        unreported += n;
        if (n != 0 && unreported < 256) continue;
        if (taken.fetch_add(std::exchange(unreported, 0)) == count) return;
        if (n == 0) std::this_thread::yield();
      }
    });
  }
  for (auto& t : threads) t.join();
}

/// A worker pushes four and takes four, alone.
template <class Push, class Pop>
void alone(Push push, Pop pop) {
  for (std::size_t i = 0; i < count; i += 4) {
    for (std::size_t k = 0; k < 4; ++k) push(nodes()[k]);
    for (std::size_t k = 0; k < 4; ++k) {
      if (!pop()) std::abort();
    }
  }
}

void alone_locked() {
  static locked_list list;
  alone([](node& n) { list.push(n); }, [] { return list.pop(); });
}
template <std::memory_order Order>
void alone_newest() {
  static glint::detail::work_deque<node> deque;
  alone([](node& n) { (void)deque.push<Order>(&n); }, [] { return deque.pop(); });
}
void alone_oldest() {
  static glint::detail::work_deque<node> deque;
  alone([](node& n) { (void)deque.push(&n); }, [] { return deque.steal(); });
}

double cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

struct series {
  const char* name;
  std::function<void()> body;
  std::vector<double> ns = {};
  std::vector<double> cpu = {};
};

void measure(const char* pattern, std::vector<series> all) {
  for (int i = 0; i < runs; ++i) {
    for (series& s : all) {
      const auto begin = bench_clock::now();
      const double cpu_begin = cpu_ns();
      s.body();
      s.cpu.push_back((cpu_ns() - cpu_begin) / count);
      s.ns.push_back(std::chrono::duration<double, std::nano>(bench_clock::now() - begin).count() / count);
    }
  }
  for (series& s : all) {
    std::sort(s.ns.begin(), s.ns.end());
    std::sort(s.cpu.begin(), s.cpu.end());
    std::printf("%-24s %-26s %6.1f ns an item (%.1f to %.1f), of CPU time %.1f (%.1f to %.1f)\n", pattern, s.name,
                s.ns[runs / 2], s.ns.front(), s.ns.back(), s.cpu[runs / 2], s.cpu.front(), s.cpu.back());
  }
}

void measure_from_outside(const char* pattern, std::size_t producers) {
  measure(pattern, {
                       {"list under a lock", [=] { from_outside<locked_list>(producers); }},
                       {"the same, taken by 32", [=] { from_outside<locked_list_by_32>(producers); }},
                       {"injection queue, by 32", [=] { from_outside<injected>(producers); }},
#ifdef GLINT_BENCH_CONCURRENTQUEUE
                       {"moodycamel, taken by 32", [=] { from_outside<moodycamel_queue>(producers); }},
#endif
                   });
}

}  // namespace

int main() {
  measure("own queue, push and take", {
                                          {"list under a lock", &alone_locked},
                                          {"deque, newest", &alone_newest<std::memory_order_release>},
                                          {"deque, announced, newest", &alone_newest<std::memory_order_seq_cst>},
                                          {"deque, oldest", &alone_oldest},
                                      });
  measure_from_outside("from 1, taken by 2", 1);
  measure_from_outside("from 2, taken by 2", 2);
}
