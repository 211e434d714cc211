// SPDX-License-Identifier: Apache-2.0
// A first actor: any class. It keeps its state between calls, and one caller's calls run in the order of the
// calls. What a method throws arrives where its result is asked for, with its type.
#include <iostream>
#include <stdexcept>
#include <vector>

#include <glint/glint.hpp>

class counter {
 public:
  explicit counter(int start) : count_(start) {}

  int add(int amount) {
    if (amount < 0) throw std::invalid_argument("a counter does not count down");
    return count_ += amount;
  }

 private:
  int count_;
};

int driver(glint::arguments) {
  auto hits = glint::spawn<counter>({.name = "hits"}, 10);
  std::vector<glint::object_ref<int>> counts;
  for (int i = 1; i <= 4; ++i) counts.push_back(hits.call<&counter::add>(i));
  for (const auto& count : counts) std::cout << "count: " << glint::get(count) << '\n';

  auto refused = hits.call<&counter::add>(-1);
  try {
    glint::get(refused);
  } catch (const glint::exception& e) {
    std::cout << "refused: " << e.error().message() << '\n';
  }
  std::cout << "count: " << glint::get(hits.call<&counter::add>(0)) << '\n';
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
