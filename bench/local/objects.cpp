// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "local/node.hpp"
#include "local/suite.hpp"

namespace glint_bench {
namespace {

double put_small(int workers, int n) {
  const node running(workers);
  return ns_each(n, [n] {
    for (int i = 0; i < n; ++i) keep(glint::put(i));
  });
}

double get_ready(int workers, int n) {
  const node running(workers);
  const auto ref = glint::put(1);
  return ns_each(n, [&ref, n] {
    for (int i = 0; i < n; ++i) keep(glint::get(ref));
  });
}

/// One by one, as they come: `wait` for one of those that are left, until none is.
double wait_one_by_one(int workers, int n) {
  const node running(workers);
  warm_up();
  return ns_each(n, [n] {
    std::vector<glint::object_ref<int>> left;
    for (int i = 0; i < n; ++i) left.push_back(glint::submit<increment>(i));
    while (!left.empty()) left = glint::wait(left, {.count = 1}).pending;
  });
}

using byte_vector = std::vector<std::uint8_t>;

double gb_per_s(std::size_t bytes, double ns) {
  return static_cast<double>(bytes) / ns;
}

/// The value before is given up first: whoever recycles memory has some.
double put_copy(int workers, const byte_vector& source) {
  const node running(workers);
  for (int i = 0; i < 2; ++i) keep(glint::put(source));
  return gb_per_s(source.size(), ns_each(1, [&source] { keep(glint::put(source)); }));
}

/// The same in memory that the process has never had: everything that is free is held by others.
double put_copy_first_touch(int workers, const byte_vector& source, std::vector<std::unique_ptr<byte_vector>>& held) {
  const node running(workers);
  glint::object_ref<byte_vector> ref;
  const double ns = ns_each(1, [&] { ref = glint::put(source); });
  held.push_back(std::make_unique<byte_vector>(glint::get(std::move(ref))));
  return gb_per_s(source.size(), ns);
}

/// The same as a tensor, whose memory Glint takes itself.
double put_copy_tensor(int workers, const byte_vector& source) {
  const node running(workers);
  const auto copy = [&source] {
    const std::span<const std::uint8_t> bytes(source);
    return glint::put(glint::tensor<std::uint8_t>::from(bytes, {static_cast<std::int64_t>(bytes.size())}));
  };
  for (int i = 0; i < 2; ++i) keep(copy());
  return gb_per_s(source.size(), ns_each(1, [&copy] { keep(copy()); }));
}

}  // namespace

std::vector<row> object_rows(const suite_options& o) {
  const int w = o.workers;
  const int many = o.count(100'000);
  const int waits = o.count(1'000);
  const auto source = std::make_shared<const byte_vector>(static_cast<std::size_t>(o.count(64 << 20)), std::uint8_t{1});
  const auto held = std::make_shared<std::vector<std::unique_ptr<byte_vector>>>();
  return {
      {"objects.put_small", "ns", "outside", [=] { return put_small(w, many); }, {}},
      {"objects.get_ready", "ns", "outside", [=] { return get_ready(w, many); }, {}},
      {"objects.put_copy_64m", "GB/s", "outside", [=] { return put_copy(w, *source); }, {}},
      {"objects.put_copy_64m_tensor", "GB/s", "outside", [=] { return put_copy_tensor(w, *source); }, {}},
      {"objects.put_copy_64m_first", "GB/s", "outside", [=] { return put_copy_first_touch(w, *source, *held); }, {}},
      {"objects.wait_1000",
       "ns",
       "outside",
       [=] { return wait_one_by_one(w, waits); },
       {{"wait_100", [=] { return wait_one_by_one(w, waits < 10 ? 1 : waits / 10); }}}},
  };
}

}  // namespace glint_bench
