// SPDX-License-Identifier: Apache-2.0
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include <glint/gpu/backends.hpp>
#include <glint/gpu/detail/host_order.hpp>

// Two streams, a producer and a consumer of one buffer, and an event between them that is forgotten or not:
//
//   fiber_race_program missing|correct
//   producer_first|consumer_first|issued_late|graph_producer_first|graph_consumer_first
//
// In `issued_late` the consumer is enqueued only when a poller has seen the producer's end; correct is then that the
// enqueuing thread was told so. In `graph_...` all of it is captured, on two streams that fork and join, and replayed
// twice. Prints what the consumer saw. The order in which the streams really run is forced, by
// means that ThreadSanitizer does not see: what it reports must follow from the events alone. fiber_race_test.cpp runs
// it.
namespace {

using namespace glint::gpu;

/// A latch without happens-before: a relaxed flag and a system call that ThreadSanitizer does not intercept.
class silent_latch {
 public:
  void open() {
    open_.store(1, std::memory_order_relaxed);
    ::syscall(SYS_futex, &open_, FUTEX_WAKE_PRIVATE, 1 << 30, nullptr, nullptr, 0);
  }
  void wait() {
    while (open_.load(std::memory_order_relaxed) == 0) {
      ::syscall(SYS_futex, &open_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    }
  }

 private:
  std::atomic<int> open_{0};
};

struct plan {
  bool waits = false;
  bool producer_first = false;
  bool issued_late = false;
  bool graph = false;
};

template <class T>
T must(glint::result<T> r) {
  if (!r) {
    std::fprintf(stderr, "%s\n", r.error().describe().c_str());
    std::_Exit(2);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

/// What a poller does: a thread of its own sees that `event` is complete, and is joined. `tells` says whether the
/// calling thread then takes the order from the stream's completion, as `stream::reached` does.
void poll(native_event& event, bool tells) {
  detail::completion_order completed;
  std::thread([&] {
    const detail::unordered_queries scope;
    if (!must(event.query())) std::_Exit(2);
    completed.learn(event);
  }).join();
  if (tells) completed.order_me();
}

constexpr int stale = 1;
constexpr int fresh = 2;

/// Of a graph: the producer is the stream that replays, the consumer a fork of it. `seen` is the second replay's, in
/// which the buffer is stale once more at first.
int run_graph(const plan& p) {
  silent_latch producer_ran[2];
  silent_latch consumer_ran[2];
  int replay = 0;  // the producer's, which the consumer follows by its own count: nothing orders them
  int consumed = 0;
  int seen = 0;
  const auto device = must(make_emulated_device({.index = 0, .capacity_bytes = 1 << 16}));
  int* const buffer = static_cast<int*>(must(device->reserve(sizeof(int))));
  {
    const auto producer = must(device->create_stream());
    const auto consumer = must(device->create_stream());
    const auto forked = must(device->create_event());
    const auto produced = must(device->create_event());
    const auto joined = must(device->create_event());
    must(producer->begin_capture());
    must(producer->enqueue([=] { *buffer = stale; }));
    must(producer->record(*forked));
    must(consumer->wait(*forked));
    if (!p.waits && !p.producer_first) must(producer->enqueue([&] { consumer_ran[replay].wait(); }));
    must(producer->enqueue([=] { *buffer = fresh; }));
    must(producer->enqueue([&] { producer_ran[replay++].open(); }));
    must(producer->record(*produced));
    if (p.waits) must(consumer->wait(*produced));
    if (p.producer_first) must(consumer->enqueue([&] { producer_ran[consumed].wait(); }));
    must(consumer->enqueue([=, &seen] { seen = *buffer; }));
    must(consumer->enqueue([&] { consumer_ran[consumed++].open(); }));
    must(consumer->record(*joined));
    must(producer->wait(*joined));
    const auto graph = must(producer->end_capture());
    for (int i = 0; i < 2; ++i) must(producer->replay(*graph));
  }
  std::printf("%s\n", seen == fresh ? "fresh" : seen == stale ? "stale" : "nothing");
  device->unreserve(buffer, sizeof(int));
  return 0;
}

int run(const plan& p) {
  silent_latch producer_may_run;
  silent_latch producer_ran;
  silent_latch recorded;
  silent_latch consumer_ran;
  int seen = 0;
  const auto device = must(make_emulated_device({.index = 0, .capacity_bytes = 1 << 16}));
  int* const buffer = static_cast<int*>(must(device->reserve(sizeof(int))));
  {
    const auto producer = must(device->create_stream());
    const auto consumer = must(device->create_stream());
    const auto initialized = must(device->create_event());
    const auto produced = must(device->create_event());
    must(producer->enqueue([=] { *buffer = stale; }));
    must(producer->record(*initialized));
    must(consumer->wait(*initialized));

    must(producer->enqueue([&] { producer_may_run.wait(); }));
    must(producer->enqueue([=] { *buffer = fresh; }));
    must(producer->enqueue([&] { producer_ran.open(); }));
    must(producer->record(*produced));

    if (p.issued_late) {
      must(producer->enqueue([&] { recorded.open(); }));
      producer_may_run.open();
      recorded.wait();
      poll(*produced, p.waits);
    } else if (p.waits) {
      must(consumer->wait(*produced));
    }
    if (p.producer_first) must(consumer->enqueue([&] { producer_ran.wait(); }));
    must(consumer->enqueue([=, &seen] { seen = *buffer; }));
    must(consumer->enqueue([&] { consumer_ran.open(); }));

    // Without a wait nothing holds the consumer back, so it can be let run to its end before the producer starts.
    if (!p.waits && !p.producer_first && !p.issued_late) consumer_ran.wait();
    producer_may_run.open();
  }
  std::printf("%s\n", seen == fresh ? "fresh" : seen == stale ? "stale" : "nothing");
  device->unreserve(buffer, sizeof(int));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view order = argv[2];
  const plan p{.waits = argv[1] == std::string_view("correct"),
               .producer_first = order.ends_with("producer_first"),
               .issued_late = order == "issued_late",
               .graph = order.starts_with("graph_")};
  return p.graph ? run_graph(p) : run(p);
}
