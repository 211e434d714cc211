// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <type_traits>

#include <glint/gpu/detail/emulated_thread.hpp>

/// CUDA's warp functions for the emulated device, behind the macros of glint/gpu/launch.hpp. All lanes of the warp take
/// part; what a lane reads of one that the block does not have, or beyond its part of `width` lanes, is its own value.
namespace glint::gpu::emulated {

template <class T>
concept shuffled = std::is_arithmetic_v<T> && !std::same_as<T, bool> && sizeof(T) >= 4 && sizeof(T) <= 8;

/// The functions for one mask, which has to be known when they are compiled.
template <unsigned Mask>
struct warp {
  static constexpr bool right = Mask == 0xffffffffU;
  static_assert(right, "glint: the mask of a warp function is 0xffffffff: all lanes take part on the emulated device");
  using place = std::source_location;

  template <shuffled T>
  static T shfl(T value, int source, int width = 32, const place& site = place::current()) {
    return exchange(value, "__shfl_sync", site, [=](int own) { return (own & ~(width - 1)) + (source & (width - 1)); });
  }
  template <shuffled T>
  static T shfl_up(T value, unsigned delta, int width = 32, const place& site = place::current()) {
    return exchange(value, "__shfl_up_sync", site, [=](int own) {
      const int source = own - static_cast<int>(delta);
      return source < (own & ~(width - 1)) ? own : source;
    });
  }
  template <shuffled T>
  static T shfl_down(T value, unsigned delta, int width = 32, const place& site = place::current()) {
    return exchange(value, "__shfl_down_sync", site, [=](int own) {
      const int source = own + static_cast<int>(delta);
      return source >= (own & ~(width - 1)) + width ? own : source;
    });
  }
  template <shuffled T>
  static T shfl_xor(T value, int mask, int width = 32, const place& site = place::current()) {
    return exchange(value, "__shfl_xor_sync", site, [=](int own) {
      const int source = own ^ mask;
      return source >= (own & ~(width - 1)) + width ? own : source;  // of a part before its own it may read
    });
  }
  static unsigned ballot(int predicate, const place& site = place::current()) {
    return votes(predicate, "__ballot_sync", site).yes;
  }
  static int all(int predicate, const place& site = place::current()) {
    const voted v = votes(predicate, "__all_sync", site);
    return v.yes == v.lanes;
  }
  static int any(int predicate, const place& site = place::current()) {
    return votes(predicate, "__any_sync", site).yes != 0;
  }
  static void wait(const place& site = place::current()) {
    unsigned count = 0;
    static_cast<void>(exchange_in_warp(0, "__syncwarp", count, site));
  }

 private:
  struct voted {
    unsigned yes;
    unsigned lanes;
  };
  static voted votes(int predicate, const char* what, const place& site) {
    unsigned count = 0;
    const warp_values& values = exchange_in_warp(predicate != 0, what, count, site);
    voted v{0, 0};
    for (unsigned i = 0; i < count; ++i) {
      v.lanes |= 1U << i;
      v.yes |= values[i] != 0 ? 1U << i : 0;
    }
    return v;
  }
  template <class T, class Source>
  static T exchange(T value, const char* what, const place& site, Source source) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(value));
    unsigned count = 0;
    const warp_values& values = exchange_in_warp(bits, what, count, site);
    const auto from = static_cast<unsigned>(source(static_cast<int>(lane())));
    if (from < count) std::memcpy(&value, &values[from], sizeof(value));
    return value;
  }
};

}  // namespace glint::gpu::emulated
