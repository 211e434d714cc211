// SPDX-License-Identifier: Apache-2.0
// Generators: a task that makes many objects, one by one, at the pace of its reader. What it yields are refs like any
// others: they go into further tasks without being looked at.
#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <glint/glint.hpp>

/// Cuts a text into lines; a real one would read a file that does not fit into memory.
glint::generator<std::string> lines(std::string text) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (text[begin] == '!') throw std::runtime_error("unreadable");
    co_yield text.substr(begin, end - begin);
    begin = end + 1;
  }
}

std::size_t count_words(const std::string& line) {
  std::size_t words = 0;
  bool inside = false;
  for (const char c : line) {
    if (c != ' ' && !inside) ++words;
    inside = c != ' ';
  }
  return words;
}

glint::generator<int> numbers() {
  for (int n = 0;; ++n) co_yield n;  // without end: it stops with its reader
}

/// A reader that holds no thread either.
glint::co_task<int> sum_of_first(int count) {
  auto stream = glint::submit<numbers>({.read_ahead = 4});
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    const auto number = co_await stream;
    sum += co_await *number;
  }
  co_return sum;
}

int driver(glint::arguments) {
  std::vector<glint::object_ref<std::size_t>> counts;
  for (const auto& line : glint::submit<lines>(std::string("to be or\nnot to be\nthat is the question"))) {
    counts.push_back(glint::submit<count_words>(line));  // while the next line is being read
  }
  for (const auto& count : counts) std::cout << glint::get(count) << " words\n";

  for (const auto& line : glint::submit<lines>(std::string("fine\n!bad\nnever read"))) {
    try {
      std::cout << glint::get(line) << '\n';
    } catch (const glint::exception& e) {
      std::cout << "then: " << e.error().message() << '\n';
    }
  }
  std::cout << "0 + ... + 99 = " << glint::get(glint::submit<sum_of_first>(100)) << '\n';
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
