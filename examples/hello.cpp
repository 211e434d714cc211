// SPDX-License-Identifier: Apache-2.0
// A first task: `submit` returns a ref at once, a ref may stand wherever a value is expected, and `get` waits
// for it.
#include <iostream>
#include <string>

#include <glint/glint.hpp>

int add(int a, int b) {
  return a + b;
}

std::string greet(const std::string& name, int sum) {
  return "Hello, " + name + ": 1 + 2 + 3 is " + std::to_string(sum);
}

int driver(glint::arguments) {
  glint::object_ref<int> three = glint::submit<add>(1, 2);
  glint::object_ref<int> six = glint::submit<add>(three, 3);
  glint::object_ref<std::string> greeting = glint::submit<greet>("Glint", six);
  std::cout << glint::get(greeting) << '\n';
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
