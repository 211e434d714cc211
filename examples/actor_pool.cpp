// SPDX-License-Identifier: Apache-2.0
// An actor pool: workers that each keep something costly to make, share a list of jobs, and give results in order; and
// a queue between those who make work and those who do it.
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include <glint/glint.hpp>

/// Keeps a table of primes, made once.
class prime_counter {
 public:
  explicit prime_counter(int limit) : prime_(static_cast<std::size_t>(limit) + 1, true) {
    for (std::size_t n = 2; n * n < prime_.size(); ++n) {
      for (std::size_t m = n * n; prime_[n] && m < prime_.size(); m += n) prime_[m] = false;
    }
  }
  /// Primes from 2 up to n.
  int up_to(int n) const {
    const auto begin = prime_.begin() + 2;
    return static_cast<int>(std::count(begin, prime_.begin() + n + 1, true));
  }

 private:
  std::vector<bool> prime_;
};

int produce(glint::queue<std::string> jobs, int count) {
  for (int i = 0; i < count; ++i) jobs.put("job " + std::to_string(i));
  return count;
}

int driver(glint::arguments) {
  std::vector<glint::actor_handle<prime_counter>> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(glint::spawn<prime_counter>(10'000));
  glint::actor_pool<prime_counter> pool(std::move(workers));
  for (const int primes : pool.map<&prime_counter::up_to>(std::vector<int>{10, 100, 1'000, 10'000})) {
    std::cout << primes << " primes\n";
  }

  glint::queue<std::string> jobs({.capacity = 2});  // at most two wait: a producer that is ahead waits for room
  const auto produced = glint::submit<produce>(jobs, 5);
  for (int i = 0; i < 5; ++i) std::cout << jobs.get() << '\n';
  std::cout << glint::get(produced) << " produced\n";
  return 0;
}

int main(int argc, char** argv) {
  return glint::run(argc, argv, driver);
}
