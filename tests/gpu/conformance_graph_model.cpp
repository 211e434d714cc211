// SPDX-License-Identifier: Apache-2.0
#include "conformance.hpp"

#include <cstdlib>
#include <optional>
#include <random>

namespace glint::gpu::testing {
namespace {

constexpr std::size_t cell_bytes = 256;
constexpr std::size_t cells = 8;
constexpr std::size_t streams = 4;

/// Seeds to try: that of GLINT_TEST_SEED, or a few fixed ones and a fresh one.
std::vector<unsigned> seeds() {
  if (const char* const wanted = std::getenv("GLINT_TEST_SEED")) {
    return {static_cast<unsigned>(std::strtoul(wanted, nullptr, 10))};
  }
  return {1, 2, 3, 4, 5, std::random_device{}()};
}

/// A copy of a cell to another, or a fill of one.
struct step {
  std::size_t stream;
  std::size_t to;
  std::size_t from;  ///< `to`: a fill.
  std::byte value;
};
using plan = std::vector<step>;

std::size_t pick(std::mt19937& random, std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
}

plan random_plan(std::mt19937& random) {
  plan p(1 + pick(random, 40));
  for (step& s : p) {
    s = {pick(random, streams), pick(random, cells), 0, static_cast<std::byte>(pick(random, 256))};
    s.from = pick(random, 4) == 0 ? s.to : pick(random, cells);
  }
  return p;
}

/// The same steps and the same streams with other cells and values.
plan another_of_its_shape(plan p, std::mt19937& random) {
  const std::size_t turn = pick(random, cells);
  for (step& s : p) {
    s.to = (s.to + turn) % cells;
    s.from = (s.from + turn) % cells;
    s.value = static_cast<std::byte>(pick(random, 256));
  }
  return p;
}

/// What the steps do, one after the other.
void apply(const plan& p, bytes& model) {
  for (const step& s : p) model[s.to] = s.from == s.to ? s.value : model[s.from];
}

/// Enqueues a plan on several streams: they fork from the first, are ordered by events alone where two use one cell,
/// and join it. The same calls whether the first captures or not.
class work {
 public:
  work(device& d, const slab& memory) : memory_(memory) {
    for (std::size_t i = 0; i < streams; ++i) streams_.push_back(must(d.create_stream()));
    for (std::size_t i = 0; i < cells; ++i) used_.push_back(must(d.create_event()));
    for (std::size_t i = 0; i < streams; ++i) edges_.push_back(must(d.create_event()));
  }

  void enqueue(const plan& p) {
    must(streams_[0]->record(*edges_[0]));
    for (std::size_t i = 1; i < streams; ++i) must(streams_[i]->wait(*edges_[0]));
    last_.assign(cells, std::nullopt);
    for (const step& s : p) {
      claim(s.stream, s.to);
      claim(s.stream, s.from);
      if (s.from == s.to) {
        must(streams_[s.stream]->fill(at(s.to), s.value, cell_bytes));
      } else {
        must(streams_[s.stream]->copy(at(s.to), at(s.from), cell_bytes));
      }
      release(s.stream, s.to);
      release(s.stream, s.from);
    }
    for (std::size_t i = 1; i < streams; ++i) must(streams_[i]->record(*edges_[i]));
    for (std::size_t i = 1; i < streams; ++i) must(streams_[0]->wait(*edges_[i]));
  }

  [[nodiscard]] std::unique_ptr<native_graph> capture(const plan& p) {
    must(streams_[0]->begin_capture());
    enqueue(p);
    return must(streams_[0]->end_capture());
  }

  [[nodiscard]] native_stream& stream(std::size_t i) { return *streams_[i]; }
  [[nodiscard]] void* at(std::size_t cell) const { return memory_.at(cell * cell_bytes); }

 private:
  void claim(std::size_t s, std::size_t cell) {
    if (last_[cell] && *last_[cell] != s) must(streams_[s]->wait(*used_[cell]));
  }
  void release(std::size_t s, std::size_t cell) {
    must(streams_[s]->record(*used_[cell]));
    last_[cell] = s;
  }

  const slab& memory_;
  std::vector<std::unique_ptr<native_event>> used_;
  std::vector<std::unique_ptr<native_event>> edges_;
  std::vector<std::optional<std::size_t>> last_;
  std::vector<std::unique_ptr<native_stream>> streams_;  // destroyed first: they drain
};

/// Memory with its model, and work on it.
struct side {
  side(device& d, const backend_under_test& b)
      : backend(b), memory(intrusive_ptr<device>(&d), cells * cell_bytes), on(d, memory), model(pattern(cells, 3)) {
    for (std::size_t i = 0; i < cells; ++i) must(on.stream(0).fill(on.at(i), model[i], cell_bytes));
    backend.finish(on.stream(0));
  }
  void check(native_stream& behind) {
    std::vector<bytes> seen(cells, poison(cell_bytes));
    for (std::size_t i = 0; i < cells; ++i) must(behind.copy(seen[i].data(), on.at(i), cell_bytes));
    backend.finish(behind);
    for (std::size_t i = 0; i < cells; ++i) ASSERT_EQ(seen[i], bytes(cell_bytes, model[i])) << "cell " << i;
  }

  const backend_under_test& backend;
  slab memory;
  work on;
  bytes model;
};

TEST_P(Conformance, ReplaysDoWhatTheSameOperationsDoWhenTheyAreEnqueued) {
  for (const unsigned seed : seeds()) {
    SCOPED_TRACE("GLINT_TEST_SEED=" + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 10; ++round) {
      const plan p = random_plan(random);
      side enqueued(*device_, GetParam());
      side replayed(*device_, GetParam());
      const auto graph = replayed.on.capture(p);
      EXPECT_EQ(graph->operations(), p.size());
      std::size_t last = 0;
      for (int times = 0; times < 3; ++times) {
        enqueued.on.enqueue(p);
        last = pick(random, streams);
        must(replayed.on.stream(last).replay(*graph));  // behind the one before, wherever that was
        apply(p, enqueued.model);
        apply(p, replayed.model);
      }
      enqueued.check(enqueued.on.stream(0));
      replayed.check(replayed.on.stream(last));
    }
  }
}

TEST_P(Conformance, UpdatesOfTheSameShapeDoWhatTheOtherCaptureDoes) {
  for (const unsigned seed : seeds()) {
    SCOPED_TRACE("GLINT_TEST_SEED=" + std::to_string(seed));
    std::mt19937 random(seed);
    side s(*device_, GetParam());
    const plan first = random_plan(random);
    const auto graph = s.on.capture(first);
    for (int round = 0; round < 5; ++round) {
      const plan p = another_of_its_shape(first, random);
      const auto other = s.on.capture(p);
      const auto updated = must(graph->update(*other));
      ASSERT_TRUE(updated.done) << updated.why;
      must(s.on.stream(0).replay(*graph));
      apply(p, s.model);
      s.check(s.on.stream(0));
    }
  }
}

}  // namespace
}  // namespace glint::gpu::testing
