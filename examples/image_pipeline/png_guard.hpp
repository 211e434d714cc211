// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <png.h>

#include <csetjmp>
#include <cstdio>

namespace images {

/// The last error of libpng, kept where a jump over frames cannot lose it.
struct png_message {
  char text[200] = "";
};

/// What libpng calls for an error: keeps the text, and jumps out of libpng.
[[noreturn]] inline void png_fails(png_structp png, png_const_charp text) {
  auto* message = static_cast<png_message*>(png_get_error_ptr(png));
  std::snprintf(message->text, sizeof message->text, "%s", text);
  png_longjmp(png, 1);
}
/// Warnings are about what a reader can do without, such as text that is damaged.
inline void png_warns(png_structp, png_const_charp) {}

/// Calls `f`, which calls libpng; false if libpng jumped out. The jump skips destructors: `f`, and whatever it calls
/// before libpng, may have only trivial ones, so everything else belongs to the caller.
template <class F>
[[nodiscard, gnu::noinline]] bool png_succeeds(png_structp png, const F& f) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  f();
  return true;
}

/// Chunks that are carried over, in places before the pixels.
inline constexpr char png_kept_chunks[][5] = {"cICP", "cHRM", "gAMA", "iCCP", "sRGB", "pHYs", "eXIf"};

}  // namespace images
