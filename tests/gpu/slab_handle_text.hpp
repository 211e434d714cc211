// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include <glint/gpu/slab_handle.hpp>

/// Slab handles as words.
namespace glint::gpu {

inline std::string text_of(const slab_handle& handle) {
  std::string text;
  for (const std::byte b : handle.bytes) {
    for (const unsigned half : {std::to_integer<unsigned>(b) >> 4, std::to_integer<unsigned>(b) & 15}) {
      text += "0123456789abcdef"[half];
    }
  }
  return text;
}

/// Precondition: a text of `text_of`.
inline slab_handle handle_of(const std::string& text) {
  slab_handle handle;
  for (std::size_t i = 0; i < handle.bytes.size(); ++i) {
    handle.bytes[i] = static_cast<std::byte>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  }
  return handle;
}

}  // namespace glint::gpu
