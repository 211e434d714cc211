// SPDX-License-Identifier: Apache-2.0

/// A device function that spreads over a side stream and forgets (or not) to make its own stream wait for it. It goes
/// through the whole submit path: queues, workers, poller, completion. `forgotten_event_program wait|forget`.
///
/// With `forget` the side stream's kernel is held until the consumer has read, so that stale data is read every time.
/// The flag that holds it is relaxed: it orders nothing in the memory model, so ThreadSanitizer, which sees only what
/// streams promise, reports the race.

#include <atomic>
#include <cstdio>
#include <thread>

#include <glint/glint.hpp>
#include <glint/gpu/storage.hpp>

namespace {

bool forget = false;
std::atomic<bool> consumer_was_here{false};

/// Fills `y` on a side stream.
glint::tensor<int> produce(glint::gpu_context& gpu) {
  auto y = gpu.zeros<int>({16});
  auto side = gpu.context().create_stream().value();
  if (!side->wait(gpu.stream().now())) throw std::runtime_error("the side stream cannot wait");
  const auto enqueued = side->enqueue([p = y.data()] {
    while (forget && !consumer_was_here.load(std::memory_order_relaxed)) std::this_thread::yield();
    for (int i = 0; i < 16; ++i) p[i] = i + 1;
  });
  if (!enqueued) throw std::runtime_error("the side stream refused");
  if (!forget && !gpu.stream().wait(side->now())) throw std::runtime_error("the stream cannot wait");
  y.storage()->note_read(side->now());  // keeps the memory, whatever else is forgotten
  return y;
}

glint::tensor<int> consume(glint::gpu_context& gpu, const glint::tensor<int>& x) {
  auto sum = gpu.zeros<int>({1});
  gpu.reads(x);
  gpu.writes(sum);
  gpu.run_on_host_device([in = x.data(), out = sum.data()] {
    for (int i = 0; i < 16; ++i) out[0] += in[i];
    consumer_was_here.store(true, std::memory_order_relaxed);
  });
  return sum;
}

int driver(glint::arguments given) {
  forget = given.values.at(0) == "forget";
  auto sum = glint::submit<consume>(glint::submit<produce>());
  std::printf("sum %d\n", glint::get(sum).to_host().values()[0]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
