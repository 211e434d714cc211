// SPDX-License-Identifier: Apache-2.0
#include "own_kernels.hpp"

__global__ void next_generation(int rows, int columns, const unsigned char* cells, unsigned char* next) {
  const int x = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * blockDim.y + threadIdx.y);
  if (x >= columns || y >= rows) return;
  int neighbours = 0;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if (dx != 0 || dy != 0) neighbours += cells[(y + dy + rows) % rows * columns + (x + dx + columns) % columns];
    }
  }
  const bool alive = cells[y * columns + x] != 0;
  next[y * columns + x] = neighbours == 3 || (alive && neighbours == 2);
}

__global__ void count_living(int cell_count, const unsigned char* cells, int* count) {
  GLINT_SHARED(int, living);  // of the block
  if (threadIdx.x == 0) living = 0;
  __syncthreads();
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < cell_count && cells[i] != 0) atomicAdd(&living, 1);
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(count, living);
}
