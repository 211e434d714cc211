// SPDX-License-Identifier: Apache-2.0
#pragma once

// All that base's header includes: below it brings in nothing but itself.
#include <atomic>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <glint/base/assert.hpp>
#include "../support/interleavings.hpp"

/// base's ref_counted, intrusive_ptr and hold_ptr as `under_model::glint::...`: the product's own header, read once
/// more where `std::atomic` is the explorer's. So what is tried is what runs, and the product need not be a template.
namespace under_model {

/// In place of an order of the product, for a mutant.
struct weaker_orders {
  std::optional<std::memory_order> subtract{};
  std::optional<std::memory_order> load{};
};
inline weaker_orders weaker{};

template <class T>
class count_atomic : public interleavings::atomic<T> {
  using base = interleavings::atomic<T>;

 public:
  using base::base;
  T load(std::memory_order order) const noexcept { return base::load(weaker.load.value_or(order)); }
  T fetch_sub(T value, std::memory_order order) noexcept {
    return base::fetch_sub(value, weaker.subtract.value_or(order));
  }
};

namespace std {
using namespace ::std;
template <class T>
struct hash;
template <class T>
using atomic = count_atomic<T>;
}  // namespace std

#pragma push_macro("GLINT_ASSERT")
#undef GLINT_ASSERT
#define GLINT_ASSERT(condition, text) ::interleavings::check(condition, text)
#include <glint/base/intrusive_ptr.hpp>
#pragma pop_macro("GLINT_ASSERT")

/// For the scope: the product's orders, but for these.
class with_weaker {
 public:
  explicit with_weaker(weaker_orders orders) { weaker = orders; }
  ~with_weaker() { weaker = {}; }
  with_weaker(const with_weaker&) = delete;
  with_weaker& operator=(const with_weaker&) = delete;
};

}  // namespace under_model
