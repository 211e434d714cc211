// SPDX-License-Identifier: Apache-2.0
#include "gpu/by_hand.hpp"

#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/base/type_name.hpp>
#include <glint/gpu/detail/kernel_launch.hpp>

#include "gpu/kernels.hpp"

namespace glint_bench {
namespace {

template <class T>
T value(glint::result<T> r) {
  if (!r) throw glint::exception(std::move(r).error());
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

template <auto Kernel, class... P>
void launch(glint::gpu::native_stream& stream, int n, P... rest) {
  std::tuple<int, P...> values{n, rest...};
  auto addresses = std::apply(
      [](auto&... v) {
        return std::array<void*, sizeof...(P) + 2>{static_cast<void*>(&v)..., nullptr};
      },
      values);
  value(stream.launch({&glint::function_name<Kernel>, one_thread_each(n), reinterpret_cast<const void*>(Kernel),
                       addresses.data(), &values, &glint::gpu::detail::kernel_entry<Kernel>::on_host}));
}

}  // namespace

/// What was reserved, given back at the end.
class bare_device::slabs {
 public:
  explicit slabs(glint::gpu::device& of) : device_(of) {}
  ~slabs() {
    for (const auto& [at, bytes] : all_) device_.unreserve(at, bytes);
  }
  slabs(const slabs&) = delete;
  slabs& operator=(const slabs&) = delete;
  void* take(std::size_t bytes) {
    void* const at = value(device_.reserve(bytes));
    all_.emplace_back(at, bytes);
    return at;
  }

 private:
  glint::gpu::device& device_;
  std::vector<std::pair<void*, std::size_t>> all_;
};

glint::launch_config one_thread_each(int n) {
  return {.grid = (n + 63) / 64, .block = 64};
}

bare_device::bare_device() : platform_(value(glint::gpu::platform::create({}))) {
  auto& device = platform_->devices().front()->device();
  slabs_ = std::make_unique<slabs>(device);
  stream_ = value(device.create_stream());
  event_ = value(device.create_event());
}

bare_device::~bare_device() {
  stream_.reset();
}

std::string bare_device::name() const {
  return platform_->devices().front()->device().info().name;
}

float* bare_device::memory(std::size_t bytes) {
  return static_cast<float*>(slabs_->take(bytes));
}

void bare_device::copy(void* to, const void* from, std::size_t bytes) {
  value(stream_->copy(to, from, bytes));
}

void bare_device::add_one(int n, const float* x, float* y) {
  launch<&kernels::add_one>(*stream_, n, x, y);
}

void bare_device::add_one_to(int n, float* x) {
  launch<&kernels::add_one_to>(*stream_, n, x);
}

void bare_device::finish() {
  value(stream_->record(*event_));
  while (!value(event_->query())) {
  }
}

}  // namespace glint_bench
