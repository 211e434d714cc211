// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <glint/base/type_name.hpp>
#include <glint/base/unique_function.hpp>
#include <glint/gpu/kernel_config.hpp>

namespace glint::gpu {

/// One launch, as streams take it. Everything that it points to has to live until the call returns.
struct kernel_launch {
  const std::string& (*name)();
  launch_config config;    ///< Was checked.
  const void* function;    ///< The kernel as the host's compiler made it: what `kernel_tables` is asked for.
  void** arguments;        ///< Addresses of the parameters' values, in order.
  const void* parameters;  ///< The same values, as the tuple that `on_host` copies.
  /// Makes what runs on the emulated device.
  unique_function<void()> (*on_host)(const kernel_launch&);
};

}  // namespace glint::gpu

namespace glint::gpu::emulated {

/// A grid to be run by the calling thread.
struct grid_run {
  const std::string& name;
  launch_config config;
  void (*call)(const void* parameters);  ///< Calls the kernel: one thread of the grid.
  const void* parameters;
};

/// Runs all blocks, one after the other, on a stream's thread. Throws std::runtime_error, which says why the kernel
/// failed and in which block. See docs/decisions/0012-kernels-compiled-twice.md for how, and what it costs.
void run(const grid_run& grid);

}  // namespace glint::gpu::emulated

namespace glint::gpu::detail {

template <class F>
struct kernel_signature {
  static constexpr bool right = false;
  static constexpr bool returns_void = true;
};
template <class R, class... P>
struct kernel_signature<R (*)(P...)> {
  static constexpr bool right = true;
  static constexpr bool returns_void = std::is_void_v<R>;
  static constexpr bool plain =
      ((!std::is_reference_v<P> && std::is_trivially_copyable_v<P>)&&...);  ///< Can be copied to a device.
  static constexpr std::size_t count = sizeof...(P);
  using parameters = std::tuple<P...>;
};
template <auto Kernel>
using kernel_signature_of = kernel_signature<std::remove_cv_t<decltype(Kernel)>>;

/// True for what can be launched; otherwise the first wrong thing is reported as one line.
template <auto Kernel>
constexpr bool check_kernel() noexcept {
  using signature = kernel_signature_of<Kernel>;
  static_assert(signature::right, "glint: launch: a kernel is a function");
  static_assert(signature::returns_void, "glint: launch: a kernel returns void");
  if constexpr (signature::right && signature::returns_void) {
    static_assert(signature::plain, "glint: launch: a kernel's parameters are pointers and trivially copyable values");
    return signature::plain;
  }
  return false;
}

/// What a stream is given for a kernel: its functions, typed no more.
template <auto Kernel>
struct kernel_entry {
  using parameters = typename kernel_signature_of<Kernel>::parameters;

  static void call(const void* values) { std::apply(Kernel, *static_cast<const parameters*>(values)); }
  static unique_function<void()> on_host(const kernel_launch& launch) {
    return [name = launch.name, config = launch.config, values = *static_cast<const parameters*>(launch.parameters)] {
      emulated::run({name(), config, &kernel_entry::call, &values});
    };
  }
};

}  // namespace glint::gpu::detail
