// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "gpu/by_hand.hpp"
#include "gpu/kernels.hpp"
#include "gpu/node.hpp"
#include "gpu/suite.hpp"

namespace glint_bench {
namespace {

using floats = glint::object_ref<glint::tensor<float>>;
constexpr int numbers = 64;  // so few that the kernel costs nothing

floats numbers_on_device() {
  const std::vector<float> zeros(numbers, 0.f);
  auto x =
      glint::launch<kernels::add_one>(one_thread_each(numbers), numbers,
                                      glint::in(glint::tensor<float>::from(zeros, {numbers})), glint::out({numbers}));
  settle(x);
  return x;
}

/// `links` tasks, each with the ref of the one before, in place.
floats chain_of(floats x, int links) {
  for (int i = 0; i < links; ++i) {
    x = glint::launch<kernels::add_one_to>(one_thread_each(numbers), numbers, glint::inout(std::move(x)));
  }
  return x;
}

double chain_ahead(int workers, int links) {
  const gpu_node running(workers);
  settle(chain_of(numbers_on_device(), links));
  auto first = numbers_on_device();
  return ns_each(links, [&] { settle(chain_of(std::move(first), links)); });
}

double chain_by_hand(int links) {
  bare_device device;
  float* const x = device.memory(numbers * sizeof(float));
  const auto chain = [&] {
    for (int i = 0; i < links; ++i) device.add_one_to(numbers, x);
    device.finish();
  };
  chain();
  return ns_each(links, chain);
}

double events_of_a_chain(int workers, int links) {
  const gpu_node running(workers);
  auto first = numbers_on_device();
  const auto before = glint::statistics().events_on_devices;
  settle(chain_of(std::move(first), links));
  return static_cast<double>(glint::statistics().events_on_devices - before) / links;
}

double round_trip(int workers, int trips) {
  const gpu_node running(workers);
  auto x = numbers_on_device();
  return p50_ns(trips, [&x](int) {
    x = chain_of(std::move(x), 1);
    settle(x);
  });
}

double round_trip_by_hand(int trips) {
  bare_device device;
  float* const x = device.memory(numbers * sizeof(float));
  return p50_ns(trips, [&](int) {
    device.add_one_to(numbers, x);
    device.finish();
  });
}

}  // namespace

std::vector<row> chain_rows(const suite_options& o) {
  const int w = o.workers;
  const int links = o.count(1'000);
  const int trips = o.count(2'000);
  return {
      {"gpu.chain_ahead",
       "ns",
       "outside",
       [=] { return chain_ahead(w, links); },
       {{"by hand", [=] { return chain_by_hand(links); }}}},
      {"gpu.chain_events", "events", "outside", [=] { return events_of_a_chain(w, links); }, {}},
      {"gpu.round_trip",
       "ns",
       "outside",
       [=] { return round_trip(w, trips); },
       {{"by hand", [=] { return round_trip_by_hand(trips); }}}},
  };
}

}  // namespace glint_bench
