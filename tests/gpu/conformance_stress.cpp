// SPDX-License-Identifier: Apache-2.0
#include "conformance.hpp"

#include <cstdlib>
#include <random>

namespace glint::gpu::testing {
namespace {

constexpr std::size_t cell_bytes = 512;
constexpr std::size_t cells = 12;
constexpr std::size_t streams = 6;

/// Seeds to try: that of GLINT_TEST_SEED, or a few fixed ones and a fresh one.
std::vector<unsigned> seeds() {
  if (const char* const wanted = std::getenv("GLINT_TEST_SEED")) {
    return {static_cast<unsigned>(std::strtoul(wanted, nullptr, 10))};
  }
  return {1, 2, 3, std::random_device{}()};
}

/// Random copies and fills of cells on several streams, ordered by events alone: each operation waits for the last use
/// of its cells on other streams. A model on the host does the same one after the other.
class random_work {
 public:
  random_work(device& d, const slab& memory, unsigned seed) : memory_(memory), random_(seed) {
    for (std::size_t i = 0; i < streams; ++i) streams_.push_back(must(d.create_stream()));
    for (std::size_t i = 0; i < cells; ++i) used_.push_back(must(d.create_event()));
    last_stream_.resize(cells, 0);
    for (std::size_t i = 0; i < cells; ++i) must(streams_[0]->fill(at(i), model_[i], cell_bytes));
    for (std::size_t i = 0; i < cells; ++i) must(streams_[0]->record(*used_[i]));
  }

  void step() {
    const auto s = pick(streams);
    const auto to = pick(cells);
    const auto from = pick(cells);
    const bool copies = pick(2) == 0 && from != to;
    claim(s, to);
    if (copies) {
      claim(s, from);
      must(streams_[s]->copy(at(to), at(from), cell_bytes));
      model_[to] = model_[from];
      release(s, from);
    } else {
      model_[to] = static_cast<std::byte>(pick(256));
      must(streams_[s]->fill(at(to), model_[to], cell_bytes));
    }
    release(s, to);
  }

  /// Compares all cells, read on one stream.
  void check(const backend_under_test& backend) {
    std::vector<bytes> seen(cells, poison(cell_bytes));
    for (std::size_t i = 0; i < cells; ++i) {
      claim(0, i);
      must(streams_[0]->copy(seen[i].data(), at(i), cell_bytes));
    }
    backend.finish(*streams_[0]);
    for (std::size_t i = 0; i < cells; ++i) EXPECT_EQ(seen[i], bytes(cell_bytes, model_[i])) << "cell " << i;
  }

 private:
  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }
  [[nodiscard]] void* at(std::size_t cell) const { return memory_.at(cell * cell_bytes); }
  void claim(std::size_t s, std::size_t cell) {
    if (last_stream_[cell] != s) must(streams_[s]->wait(*used_[cell]));
  }
  void release(std::size_t s, std::size_t cell) {
    must(streams_[s]->record(*used_[cell]));
    last_stream_[cell] = s;
  }

  const slab& memory_;
  std::mt19937 random_;
  bytes model_ = pattern(cells, 0);
  std::vector<std::unique_ptr<native_event>> used_;
  std::vector<std::size_t> last_stream_;
  std::vector<std::unique_ptr<native_stream>> streams_;  // destroyed first: they drain
};

TEST_P(Conformance, ManyStreamsOrderedByEventsAgreeWithAModel) {
  for (const unsigned seed : seeds()) {
    SCOPED_TRACE("GLINT_TEST_SEED=" + std::to_string(seed));
    const slab memory(device_, cells * cell_bytes);
    random_work work(*device_, memory, seed);
    for (int i = 0; i < 1000; ++i) work.step();
    work.check(GetParam());
  }
}

}  // namespace
}  // namespace glint::gpu::testing
