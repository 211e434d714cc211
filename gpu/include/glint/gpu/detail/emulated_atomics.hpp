// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <concepts>
#include <type_traits>

/// CUDA's atomics for the emulated device, for the types that CUDA has them for; each returns what was there before.
/// Relaxed, as CUDA's. They are atomic among all streams of the process, whose threads are the machine's.
namespace glint::gpu::emulated {

template <class T, class... Ts>
concept one_of = (std::same_as<T, Ts> || ...);
using ull = unsigned long long;

/// Replaces `*at` by what `f` makes of it.
template <class T, class F>
T update(T* at, F f) noexcept {
  std::atomic_ref<T> value(*at);
  T before = value.load(std::memory_order_relaxed);
  while (!value.compare_exchange_weak(before, f(before), std::memory_order_relaxed)) {
  }
  return before;
}

}  // namespace glint::gpu::emulated

template <glint::gpu::emulated::one_of<int, unsigned, unsigned long long, float, double> T>
T atomicAdd(T* at, std::type_identity_t<T> value) noexcept {
  return std::atomic_ref<T>(*at).fetch_add(value, std::memory_order_relaxed);
}
template <glint::gpu::emulated::one_of<int, unsigned> T>
T atomicSub(T* at, std::type_identity_t<T> value) noexcept {
  return std::atomic_ref<T>(*at).fetch_sub(value, std::memory_order_relaxed);
}
template <glint::gpu::emulated::one_of<int, unsigned, unsigned long long, float> T>
T atomicExch(T* at, std::type_identity_t<T> value) noexcept {
  return std::atomic_ref<T>(*at).exchange(value, std::memory_order_relaxed);
}
template <glint::gpu::emulated::one_of<int, unsigned, long long, unsigned long long> T>
T atomicMin(T* at, std::type_identity_t<T> value) noexcept {
  return glint::gpu::emulated::update(at, [value](T before) { return value < before ? value : before; });
}
template <glint::gpu::emulated::one_of<int, unsigned, long long, unsigned long long> T>
T atomicMax(T* at, std::type_identity_t<T> value) noexcept {
  return glint::gpu::emulated::update(at, [value](T before) { return before < value ? value : before; });
}
template <glint::gpu::emulated::one_of<int, unsigned, unsigned long long> T>
T atomicCAS(T* at, std::type_identity_t<T> expected, std::type_identity_t<T> value) noexcept {
  std::atomic_ref<T>(*at).compare_exchange_strong(expected, value, std::memory_order_relaxed);
  return expected;
}
template <glint::gpu::emulated::one_of<int, unsigned, unsigned long long> T>
T atomicAnd(T* at, std::type_identity_t<T> value) noexcept {
  return std::atomic_ref<T>(*at).fetch_and(value, std::memory_order_relaxed);
}
template <glint::gpu::emulated::one_of<int, unsigned, unsigned long long> T>
T atomicOr(T* at, std::type_identity_t<T> value) noexcept {
  return std::atomic_ref<T>(*at).fetch_or(value, std::memory_order_relaxed);
}
template <glint::gpu::emulated::one_of<int, unsigned, unsigned long long> T>
T atomicXor(T* at, std::type_identity_t<T> value) noexcept {
  return std::atomic_ref<T>(*at).fetch_xor(value, std::memory_order_relaxed);
}
