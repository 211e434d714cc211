// SPDX-License-Identifier: Apache-2.0
// A pipeline on a device: functions whose first parameter is gpu_context& run there. They enqueue kernels and
// return, the next stage starts in stream order behind them, and nobody waits before the result is asked for.
// Without a GPU it runs on an emulated device.
#include <cmath>
#include <iostream>
#include <numeric>
#include <vector>

#include <glint/glint.hpp>
#include <glint/kernels/kernels.hpp>

using vector = glint::tensor<double>;

vector scale(glint::gpu_context& gpu, const vector& x, double factor) {
  auto y = gpu.empty_like(x);
  glint::kernels::scale(gpu, x, factor, y);
  return y;
}

vector square(glint::gpu_context& gpu, const vector& x) {
  auto y = gpu.empty_like(x);
  glint::kernels::transform(gpu, x, glint::kernels::square{}, y);
  return y;
}

vector sum(glint::gpu_context& gpu, const vector& x) {
  auto total = gpu.empty<double>({1});
  glint::kernels::reduce(gpu, x, glint::kernels::add{}, total);
  return total;
}

int driver(glint::arguments) {
  std::vector<double> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 1.0);
  auto x = glint::put(vector::from(numbers, {1000}));
  auto half = glint::submit<scale>(x, 0.5);
  auto squares = glint::submit<square>(half);
  auto total = glint::submit<sum>(squares);  // all three are submitted before the first has run
  const double result = glint::get(total).to_host().values()[0];
  std::cout << "sum of (n / 2)^2 for n = 1 to 1000: " << std::lround(result) << '\n';
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
