// SPDX-License-Identifier: Apache-2.0
// One function is no choice.
#include <glint/glint.hpp>

#include "wrong.hpp"

int on_cpu(int x);
int on_gpu(glint::gpu_context& gpu, int x);

inline constexpr auto both = glint::variants<on_cpu, on_gpu>;
inline constexpr auto one = glint::variants<on_cpu>;

auto submit_it() {
  return glint::submit<WRONG(both, one)>(1);
}
