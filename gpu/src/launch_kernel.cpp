// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/launch_kernel.hpp>

namespace glint::gpu::detail {

void require_contiguous(const tensor_base& t, const std::string& kernel) {
  if (t.contiguous()) return;
  throw exception(error(errc::invalid_argument, "a tensor " + t.shape().describe() + " that is not contiguous")
                      .with_subject("kernel " + kernel));
}

void launch_on(gpu_context& gpu, const kernel_launch& launch) {
  const auto launched = gpu.stream().launch(launch);
  if (!launched) throw_error(launched.error());
}

}  // namespace glint::gpu::detail
