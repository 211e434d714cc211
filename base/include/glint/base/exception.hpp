// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

#include <glint/base/error.hpp>

namespace glint {

/// What the public functions throw: an error in the clothes of an exception.
class exception : public std::exception {
 public:
  explicit exception(glint::error e) : error_(std::move(e)), text_(error_.describe()) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] const glint::error& error() const noexcept { return error_; }
  [[nodiscard]] errc code() const noexcept { return error_.code(); }

 private:
  glint::error error_;
  std::string text_;
};

/// A glint::exception whose chain begins with an exception of the user's, which is nested in it:
/// `std::rethrow_if_nested(e)` throws it again with its own type.
class user_exception final : public exception, public std::nested_exception {
 public:
  /// Precondition: called while the user's exception is the one being handled.
  explicit user_exception(glint::error e) : exception(std::move(e)) {}
};

/// Throws `e` as `user_exception` if a user's exception of this process began its chain, else as `exception`.
[[noreturn]] void throw_error(const error& e);

}  // namespace glint
