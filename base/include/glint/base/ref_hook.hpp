// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace glint {

class ref_counted;
template <class T>
class intrusive_ptr;

/// How base finds refs inside of values without knowing them: whoever defines a ref type specializes this with
///
///     static constexpr bool is_ref = true;
///     static intrusive_ptr<ref_counted> counted(const T& ref);      // null for an empty ref
///     static T from_counted(intrusive_ptr<ref_counted> object);     // may be given null
///
/// The pointers never become bytes: encode collects them beside the bytes, and these hold an index. Bytes are not
/// trusted, so `from_counted` checks that `object` is what a T refers to, and throws glint::exception otherwise; decode
/// returns that as malformed_data.
template <class T>
struct ref_traits {
  static constexpr bool is_ref = false;
};

}  // namespace glint
