// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/backends.hpp>

// What a build without CUDA says to those who ask for it; with CUDA, src/cuda has the answers.
#if !defined(GLINT_CUDA)

namespace glint::gpu {

result<int> cuda_device_count() {
  return 0;
}
std::string why_no_cuda() {
  return "built without CUDA";
}
result<intrusive_ptr<device>> make_cuda_device(int index) {
  return fail(errc::no_device, "no CUDA device " + std::to_string(index) + ": " + why_no_cuda());
}

}  // namespace glint::gpu

#endif
