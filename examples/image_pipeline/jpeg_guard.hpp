// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs both, and includes neither
#include <string>

#include <jpeglib.h>

#include <jerror.h>

namespace images {

/// What libjpeg calls for errors and warnings: keeps the text, and jumps out of libjpeg.
struct jpeg_escape {
  jpeg_error_mgr manager{};  // first: libjpeg gives the address of this one back
  std::jmp_buf target{};
  char text[JMSG_LENGTH_MAX] = "";

  /// Becomes the error manager of `owner`. Precondition: stays where it is.
  template <class Owner>
  void attach_to(Owner& owner) {
    owner.err = jpeg_std_error(&manager);
    manager.error_exit = fails;
    manager.emit_message = hears;
    manager.output_message = [](j_common_ptr) {};
  }

  [[noreturn]] static void fails(j_common_ptr owner) {
    auto* self = reinterpret_cast<jpeg_escape*>(owner->err);
    self->manager.format_message(owner, self->text);
    std::longjmp(self->target, 1);
  }
  /// Negative levels are warnings: pixels were missing or wrong, and libjpeg made some up. Bytes too many are not.
  static void hears(j_common_ptr owner, int level) {
    if (level < 0 && owner->err->msg_code != JWRN_EXTRANEOUS_DATA) fails(owner);
  }
  /// Whether the data came to an end too early.
  [[nodiscard]] bool was_truncation() const {
    return manager.msg_code == JWRN_JPEG_EOF || manager.msg_code == JERR_INPUT_EOF;
  }
};

/// Calls `f`, which calls libjpeg; false if libjpeg jumped out. The jump skips destructors: `f`, and whatever it calls
/// before libjpeg, may have only trivial ones, so everything else belongs to the caller.
template <class F>
[[nodiscard, gnu::noinline]] bool jpeg_succeeds(jpeg_escape& escape, const F& f) {
  if (setjmp(escape.target) != 0) return false;
  f();
  return true;
}

}  // namespace images
