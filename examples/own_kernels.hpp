// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/gpu/launch.hpp>

/// One generation of Conway's game of life on a torus; cells are 0 or 1, row by row.
__global__ void next_generation(int rows, int columns, const unsigned char* cells, unsigned char* next);

/// Counts living cells into `*count`, which is 0 at first. Blocks of up to 1024 threads.
__global__ void count_living(int cell_count, const unsigned char* cells, int* count);
