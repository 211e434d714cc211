// SPDX-License-Identifier: Apache-2.0
#include <glint/base/serialization.hpp>

#include <new>

#include <glint/base/exception.hpp>

namespace glint::detail {

void fail_nesting() {
  throw exception(error(errc::invalid_argument,
                        "a value that nests deeper than " + std::to_string(nesting_max) + " cannot be encoded"));
}

void fail_valueless_variant() {
  throw exception(error(errc::invalid_argument, "a variant that is valueless by exception cannot be encoded"));
}

error decode_error(std::exception_ptr thrown, const std::string& type) {
  const std::string subject = "value of type " + type;
  try {
    std::rethrow_exception(thrown);
  } catch (const exception& e) {
    // The reader's own failure says all; another one is the type's.
    if (e.code() == errc::malformed_data && e.error().subject().empty()) return e.error().with_subject(subject);
    return error(errc::malformed_data, "the type's own function refused the data")
        .with_subject(subject)
        .with_cause(e.error());
  } catch (const std::bad_alloc&) {
    return error(errc::out_of_memory, "no memory to decode").with_subject(subject);
  } catch (...) {
    return error(errc::malformed_data, "the type's own function refused the data")
        .with_subject(subject)
        .with_cause(error_from_exception(thrown, type));
  }
}

}  // namespace glint::detail
