// SPDX-License-Identifier: Apache-2.0
// A tiled Cholesky factorization: the tiles of a matrix are objects, each step on a tile is a task, and the refs
// between them are all that says in which order. The result and the time stand beside LAPACK's, in the same run.
#include <charconv>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <string>
#include <string_view>

#include <glint/glint.hpp>

#include "factorization.hpp"
#include "lapack.hpp"

namespace {

struct options {
  std::int64_t size = 2000;
  std::int64_t tile = 200;
  std::int64_t seed = 1;
};

/// One `--name=value`. False if it is none.
bool read_option(const std::string& word, options& into) {
  const auto read = [&word](std::string_view name, std::int64_t most, std::int64_t& to) {
    if (!word.starts_with(name)) return false;
    const char* const end = word.data() + word.size();
    const auto [stop, code] = std::from_chars(word.data() + name.size(), end, to);
    return code == std::errc{} && stop == end && to >= 1 && to <= most;
  };
  return read("--size=", 30'000, into.size) || read("--tile=", 30'000, into.tile) ||
         read("--seed=", 1'000'000, into.seed);
}

template <class F>
double seconds(const F& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Of OpenBLAS; other libraries use the thread that calls.
void use_threads(int count) {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(count);
}

void print(const char* name, double took, std::int64_t size) {
  const double operations = static_cast<double>(size) * static_cast<double>(size) * static_cast<double>(size) / 3;
  std::cout << name << std::fixed << std::setprecision(3) << took << " s, " << std::setprecision(2)
            << operations / took * 1e-9 << " Gflop/s\n";
}

/// The factor by tasks; its time is that of the tasks, without cutting and putting together.
cholesky::matrix factor_by_tasks(const cholesky::matrix& whole, const options& with) {
  use_threads(1);  // tasks are what runs at once
  auto parts = cholesky::cut(whole, with.tile);
  print("tasks:  ", seconds([&] {
          parts = cholesky::factorize(std::move(parts));
          for (const auto& row : parts.tiles) {
            for (const auto& one : row) glint::get(one);
          }
        }),
        with.size);
  return cholesky::put_together(parts);
}

int compare(const options& with) {
  const auto whole = cholesky::make_positive_definite(with.size, static_cast<std::uint64_t>(with.seed));
  const auto ours = factor_by_tasks(whole, with);
  use_threads(glint::this_node().cpus);
  auto theirs = whole;
  print("LAPACK: ", seconds([&] { cholesky::factor_by_lapack(theirs); }), with.size);
  const double difference = cholesky::relative_difference(ours, theirs);
  std::cout << "largest difference: " << std::scientific << std::setprecision(1) << difference << '\n';
  // Both are off by some roundings an element, and the matrix is far from singular.
  const bool same = difference < 1e-15 * static_cast<double>(with.size + 10);
  if (!same) std::cerr << "tiled_cholesky: that is too large\n";
  return same ? 0 : 1;
}

int driver(glint::arguments args) {
  options with;
  for (const std::string& word : args.values) {
    if (read_option(word, with)) continue;
    std::cerr << "tiled_cholesky: '" << word << "' is none of --size=N, --tile=N (1 to 30000), --seed=N\n";
    return 2;
  }
  return compare(with);
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
