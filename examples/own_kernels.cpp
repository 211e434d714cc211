// SPDX-License-Identifier: Apache-2.0
// Kernels of one's own, in CUDA's syntax, as tasks: own_kernels.cu is compiled for GPUs and for emulated devices, and a
// launch says what happens to each tensor. The generations below are all submitted before the first has run.
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <utility>

#include <glint/glint.hpp>

#include "own_kernels.hpp"

using board = glint::tensor<unsigned char>;

void print(const board& cells) {
  for (std::int64_t y = 0; y < cells.shape()[0]; ++y) {
    for (const unsigned char cell : cells.slice(y, y + 1).values()) std::cout << (cell != 0 ? '#' : '.');
    std::cout << '\n';
  }
}

int driver(glint::arguments) {
  constexpr int rows = 6;
  constexpr int columns = 8;
  board glider = board::zeros({rows, columns});
  for (const std::size_t alive : {1, columns + 2, 2 * columns, 2 * columns + 1, 2 * columns + 2})
    glider.values()[alive] = 1;

  const glint::launch_config tiles{.grid = {2, 2}, .block = {4, 4}};
  auto cells = glint::put(std::move(glider));
  for (int i = 0; i < 8; ++i) {
    cells = glint::launch<next_generation>(tiles, rows, columns, glint::in(cells), glint::out({rows, columns}));
  }
  auto none = glint::put(glint::tensor<int>::from({0}));
  auto living = glint::launch<count_living>({.grid = 2, .block = 32}, rows * columns, glint::in(cells),
                                            glint::inout(std::move(none)));  // nobody else has it: counted in place
  print(glint::get(cells).to_host());
  std::cout << glint::get(living).to_host().values()[0] << " cells live after 8 generations\n";
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
