// SPDX-License-Identifier: Apache-2.0
// Errors: what a task throws fails its ref, and with it the tasks that wait for it, which never run. The error keeps
// its code, what failed, its cause, and the type that was thrown. Misuse is thrown at the call.
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

#include <glint/glint.hpp>

struct not_a_number : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int parse(const std::string& text) {
  if (text.find_first_not_of("0123456789") != std::string::npos) throw not_a_number("'" + text + "' is not a number");
  return std::stoi(text);
}

int add(int a, int b) {
  return a + b;
}

int driver(glint::arguments) {
  const auto good = glint::submit<parse>(std::string("38"));
  const auto bad = glint::submit<parse>(std::string("4x"));
  const auto sum = glint::submit<add>(good, bad);  // never runs: one of its arguments fails

  try {
    std::cout << glint::get(sum) << '\n';
  } catch (const glint::exception& e) {
    const glint::error& first = e.error().root_cause();
    std::cout << e.error().subject() << ": " << to_string(e.code()) << '\n'
              << "because of " << first.subject() << ": " << first.message() << '\n';
    try {
      std::rethrow_if_nested(e);
    } catch (const not_a_number&) {
      std::cout << "what was thrown has kept its type\n";
    }
  }

  // Without exceptions: nothing yet, a value or an error.
  if (const auto settled = glint::try_get(bad); settled && !*settled) {
    std::cout << "a result: " << to_string(settled->error().code()) << '\n';
  }
  std::cout << "another task is not concerned: " << glint::get(good) << '\n';

  const auto large = glint::submit<add>({.name = "large sum", .cpus = 10'000}, 1, 2);
  try {
    glint::get(large);
  } catch (const glint::exception& e) {
    std::cout << e.error().subject() << ": " << to_string(e.code()) << '\n';
  }

  try {
    glint::get(glint::object_ref<int>());
  } catch (const glint::exception& e) {
    std::cout << "at the call: " << to_string(e.code()) << '\n';
  }
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
