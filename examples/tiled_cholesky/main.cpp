// SPDX-License-Identifier: Apache-2.0
// A tiled Cholesky factorization: the tiles of a matrix are objects, each step on a tile is a task, on CPUs, on devices
// or wherever it is done first, and the refs between them are all that says in which order. The result and the time
// stand beside LAPACK's, in the same run.
#include <chrono>
#include <iomanip>
#include <iostream>
#include <utility>

#include <glint/glint.hpp>

#include "factorization.hpp"
#include "lapack.hpp"
#include "options.hpp"

namespace {

constexpr int exit_wrong_result = 1;
constexpr int exit_wrong_usage = 2;

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

void print_time(const char* name, double took, std::int64_t size) {
  const double operations = static_cast<double>(size) * static_cast<double>(size) * static_cast<double>(size) / 3;
  std::cout << name << std::fixed << std::setprecision(3) << took << " s, " << std::setprecision(2)
            << operations / took * 1e-9 << " Gflop/s" << std::endl;
}

double mib(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

/// What is to be factored, and what there is for it.
void print_sizes(const cholesky::tiled_matrix& parts, bool with_devices) {
  const auto count = parts.tiles.size() * (parts.tiles.size() + 1) / 2;
  const auto half = static_cast<std::uint64_t>(parts.size * (parts.size + 1) / 2) * sizeof(double);
  std::cout << "matrix: " << std::fixed << std::setprecision(2) << mib(half) << " MiB on and below the diagonal, in "
            << count << " tiles\n";
  if (!with_devices) return;
  for (const auto& d : glint::this_node().devices) std::cout << d.name << ": " << mib(d.capacity_bytes) << " MiB\n";
}

void print_work() {
  const auto begun = cholesky::bodies_begun();
  const auto did = glint::statistics();
  std::cout << "bodies: " << begun.on_cpus << " on CPUs, " << begun.on_devices << " on devices, " << did.retries
            << " tried again\n"
            << std::setprecision(2) << "spilled: " << mib(did.bytes_spilled) << " MiB, "
            << mib(did.bytes_written_to_files) << " MiB of it to files\ncopied: " << mib(did.bytes_to_devices)
            << " MiB to devices, " << mib(did.bytes_from_devices) << " MiB from devices\n"
            << glint::variant_report();
}

/// The factor by tasks; its time is that of the tasks, without cutting and putting together.
cholesky::matrix factor_by_tasks(const cholesky::matrix& whole, const cholesky::options& with) {
  use_threads(1);  // tasks are what runs at once
  auto parts = cholesky::cut(whole, with.tile);
  print_sizes(parts, with.on != cholesky::processors::cpus);
  const double took = seconds([&] {
    parts = cholesky::factorize(std::move(parts), with.on);
    cholesky::wait_for(parts);
  });
  print_time("tasks:  ", took, with.size);
  print_work();
  return cholesky::put_together(parts);
}

int compare(const cholesky::options& with) {
  auto whole = cholesky::make_positive_definite(with.size, static_cast<std::uint64_t>(with.seed));
  if (with.spoilt_row > 0) whole.at(with.spoilt_row - 1, with.spoilt_row - 1) = -1;
  const auto ours = factor_by_tasks(whole, with);
  use_threads(glint::this_node().cpus);
  auto theirs = whole;
  print_time("LAPACK: ", seconds([&] { cholesky::factor_by_lapack(theirs); }), with.size);
  const double difference = cholesky::relative_difference(ours, theirs);
  std::cout << "largest difference: " << std::scientific << std::setprecision(1) << difference << '\n';
  // Both are off by some roundings an element, and the matrix is far from singular.
  const bool same = difference < 1e-15 * static_cast<double>(with.size + 10);
  if (!same) std::cerr << "tiled_cholesky: that is too large\n";
  return same ? 0 : exit_wrong_result;
}

int driver(glint::arguments args) {
  const auto with = cholesky::parse_options(args.values);
  if (!with) {
    std::cerr << "tiled_cholesky: " << with.error().message() << '\n';
    return exit_wrong_usage;
  }
  if (with->help) {
    std::cout << cholesky::help_text();
    return 0;
  }
  return compare(*with);
}

}  // namespace

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
