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

std::vector<glint::object_ref<int>> submit_many(int n) {
  std::vector<glint::object_ref<int>> refs;
  refs.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) refs.push_back(glint::submit<increment>(i));
  return refs;
}

/// So often that as many refs as in the longest row are waited for: short runs would be all noise.
template <class Wait>
double ns_a_ref(int workers, int n, int of, const Wait& wait) {
  const node running(workers);
  warm_up();
  const int times = of / n;
  return ns_each(times * n, [&] {
    for (int i = 0; i < times; ++i) wait(submit_many(n));
  });
}

/// One by one, as they come: `wait` for one of those that are left, until none is.
void wait_one_by_one(std::vector<glint::object_ref<int>> left) {
  while (!left.empty()) left = glint::wait(std::move(left), {.count = 1}).pending;
}

/// The same by who keeps the list, so that each call makes a copy of what is left.
void wait_copying(std::vector<glint::object_ref<int>> left) {
  while (!left.empty()) left = glint::wait(left, {.count = 1}).pending;
}

void as_they_complete(std::vector<glint::object_ref<int>> refs) {
  for (auto& ref : glint::as_completed(std::move(refs))) keep(ref);
}

using byte_vector = std::vector<std::uint8_t>;

double gb_per_s(std::size_t bytes, double ns) {
  return static_cast<double>(bytes) / ns;
}

/// The value before is given up first: whoever recycles memory has some.
template <class Vector>
double put_copy(int workers, const Vector& source, std::uint64_t malloc_keep_bytes = 0) {
  const node running(workers, malloc_keep_bytes);
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

/// 1,000 refs beside 100: linear is when both cost the same a ref.
row wait_row(const char* name, void (*wait)(std::vector<glint::object_ref<int>>), const suite_options& o) {
  const int n = o.count(1'000);
  const int tenth = n < 10 ? 1 : n / 10;
  const auto sample = [w = o.workers, n, wait](int refs) { return ns_a_ref(w, refs, n, wait); };
  return {name, "ns", "outside", [=] { return sample(n); }, {{"100 refs", [=] { return sample(tenth); }}}};
}

}  // namespace

std::vector<row> object_rows(const suite_options& o) {
  const int w = o.workers;
  const int many = o.count(100'000);
  const auto source = std::make_shared<const byte_vector>(static_cast<std::size_t>(o.count(64 << 20)), std::uint8_t{1});
  const auto recycled = std::make_shared<const glint::recycled_vector<std::uint8_t>>(source->size(), std::uint8_t{1});
  constexpr std::uint64_t malloc_kept = std::uint64_t{1} << 30;
  const auto held = std::make_shared<std::vector<std::unique_ptr<byte_vector>>>();
  return {
      {"objects.put_small", "ns", "outside", [=] { return put_small(w, many); }, {}},
      {"objects.get_ready", "ns", "outside", [=] { return get_ready(w, many); }, {}},
      {"objects.put_copy_64m", "GB/s", "outside", [=] { return put_copy(w, *recycled); }, {}},
      {"objects.put_copy_64m_kept", "GB/s", "outside", [=] { return put_copy(w, *source, malloc_kept); }, {}},
      {"objects.put_copy_64m_plain", "GB/s", "outside", [=] { return put_copy(w, *source); }, {}},
      {"objects.put_copy_64m_tensor", "GB/s", "outside", [=] { return put_copy_tensor(w, *source); }, {}},
      {"objects.put_copy_64m_first", "GB/s", "outside", [=] { return put_copy_first_touch(w, *source, *held); }, {}},
      wait_row("objects.wait_1000", wait_one_by_one, o),
      wait_row("objects.as_completed_1000", as_they_complete, o),
      wait_row("objects.wait_1000_copying", wait_copying, o),
  };
}

}  // namespace glint_bench
