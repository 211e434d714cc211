// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <glint/store/entry.hpp>
#include <glint/store/registry.hpp>

namespace glint::store::test {

/// An object with a value of `T` that nobody has published.
template <class T>
[[nodiscard]] intrusive_ptr<typed_entry<T>> make_object(T value) {
  auto made = make_intrusive<typed_entry<T>>();
  made->construct([&]() -> T { return std::move(value); });
  return made;
}

[[nodiscard]] inline error boom(errc code = errc::user_exception) {
  return error(code, "boom").with_subject("task boom");
}

/// Notes its name and the level that it was told of.
class noting final : public waiter {
 public:
  noting(readiness wanted, std::string name, std::vector<std::string>& log)
      : waiter(wanted), name_(std::move(name)), log_(log) {}
  void level_reached(entry& e) noexcept override {
    told = e.level();
    ++calls;
    log_.push_back(name_);
  }
  int calls = 0;
  readiness told = readiness::pending;

 private:
  std::string name_;
  std::vector<std::string>& log_;
};

}  // namespace glint::store::test
