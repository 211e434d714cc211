// SPDX-License-Identifier: Apache-2.0
// Coroutines: a task that waits in co_await holds no thread, so that ten thousand of them may wait on two. Errors are
// thrown where they are awaited; when_all and times are awaited like refs.
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <utility>
#include <vector>

#include <glint/glint.hpp>

using namespace std::chrono_literals;

glint::co_task<int> fib(int n) {
  if (n < 2) co_return n;
  const auto a = glint::submit<fib>(n - 1);
  const auto b = glint::submit<fib>(n - 2);
  co_return co_await a + co_await b;
}

/// A file server that is slow, and down now and then.
int fetch(int page) {
  if (page % 3 == 2) throw std::runtime_error("page " + std::to_string(page) + " is missing");
  return 100 + page;
}

/// A coroutine of another's task: called by name, not submitted.
glint::co_task<int> fetch_patiently(int page) {
  for (int attempt = 0;; ++attempt) {
    try {
      co_return co_await glint::submit<fetch>(page);
    } catch (const glint::exception&) {
      if (attempt == 2) co_return 0;
    }
    co_await glint::sleep_for(1ms);
  }
}

glint::co_task<int> fetch_all(int pages) {
  int sum = 0;
  for (int page = 0; page < pages; ++page) sum += co_await fetch_patiently(page);
  co_return sum;
}

glint::co_task<int> wait_for(const glint::object_ref<int>& start) {
  co_return co_await start + 1;
}

glint::co_task<int> add_both(glint::object_ref<int> a, glint::object_ref<int> b) {
  const auto [x, y] = co_await glint::when_all(a, b);
  co_return glint::get(x) + glint::get(y);  // both are there
}

int driver(glint::arguments) {
  std::cout << "fib(20) = " << glint::get(glint::submit<fib>(20)) << '\n';
  std::cout << "pages: " << glint::get(glint::submit<fetch_all>(4)) << '\n';
  std::cout << "both: " << glint::get(glint::submit<add_both>(glint::submit<fetch>(0), glint::submit<fetch>(1)))
            << '\n';

  const auto start = glint::submit([]() -> glint::co_task<int> {
    co_await glint::sleep_for(20ms);
    co_return 1;
  });
  std::vector<glint::object_ref<int>> waiting;
  for (int i = 0; i < 10'000; ++i) waiting.push_back(glint::submit<wait_for>(start));
  int sum = 0;
  for (const auto& ref : waiting) sum += glint::get(ref);
  std::cout << "ten thousand waited: " << sum << '\n';
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
