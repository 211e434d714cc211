// SPDX-License-Identifier: Apache-2.0
#include "checks.hpp"

#include <functional>

#include <glint/base/exception.hpp>

namespace glint::kernels::detail {
namespace {

std::string quoted(const operand& x) {
  return std::string(x.name) + " " + x.tensor.shape().describe();
}

std::string describe(memory_place place) {
  return place.is_host() ? "host memory" : "device " + std::to_string(place.device);
}

/// First byte of the elements and the one after the last.
struct byte_range {
  const std::byte* begin;
  const std::byte* end;
};

byte_range range_of(const tensor_base& t) {
  const auto* begin = static_cast<const std::byte*>(t.address());
  return {begin, begin + t.bytes()};
}

bool overlap(const byte_range& a, const byte_range& b) {
  const std::less<const std::byte*> before;
  return before(a.begin, b.end) && before(b.begin, a.end);
}

}  // namespace

operand_checks::operand_checks(gpu_context& gpu, std::string_view kernel, std::initializer_list<operand> operands)
    : kernel_(kernel) {
  const memory_place here{gpu.device().index()};
  for (const operand& x : operands) {
    if (x.tensor.empty_handle()) refuse(std::string(x.name) + " is a default-made tensor without storage");
    if (x.tensor.place() != here) {
      refuse(quoted(x) + " lies in " + describe(x.tensor.place()) + ", the kernel runs on " + describe(here));
    }
    if (!x.tensor.contiguous()) refuse(quoted(x) + " is not contiguous");
  }
}

void operand_checks::same_shape(const operand& expected, const operand& actual) const {
  if (actual.tensor.shape() != expected.tensor.shape()) {
    refuse(quoted(actual) + " does not have the shape of " + quoted(expected));
  }
}

void operand_checks::one_element(const operand& x) const {
  if (x.tensor.size() != 1) refuse(quoted(x) + " does not have exactly one element");
}

void operand_checks::has_shape(const operand& x, const extents& expected) const {
  if (x.tensor.shape() != expected) refuse(quoted(x) + " does not have the shape " + expected.describe());
}

void operand_checks::has_rank(const operand& x, std::size_t rank) const {
  if (x.tensor.shape().rank() != rank) {
    refuse(quoted(x) + " does not have " + std::to_string(rank) + (rank == 1 ? " dimension" : " dimensions"));
  }
}

matrix_shape operand_checks::matrix(const operand& x) const {
  has_rank(x, 2);
  return {.rows = x.tensor.shape()[0], .columns = x.tensor.shape()[1]};
}

void operand_checks::apart(const operand& a, const operand& b) const {
  if (a.tensor.size() == 0 || b.tensor.size() == 0) return;
  if (overlap(range_of(a.tensor), range_of(b.tensor))) refuse(quoted(a) + " and " + quoted(b) + " share memory");
}

void operand_checks::same_or_apart(const operand& a, const operand& b) const {
  const byte_range x = range_of(a.tensor);
  const byte_range y = range_of(b.tensor);
  if (x.begin == y.begin && x.end == y.end) return;
  apart(a, b);
}

void operand_checks::refuse(const std::string& reason) const {
  throw exception(error(errc::invalid_argument, std::string(kernel_) + ": " + reason)
                      .with_subject("kernel " + std::string(kernel_)));
}

}  // namespace glint::kernels::detail
