// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/platform.hpp>

#include <string>
#include <utility>

#include <glint/base/log.hpp>
#include <glint/gpu/backends.hpp>
#include <glint/gpu/pinned_memory.hpp>

namespace glint::gpu {

namespace {

using device_list = std::vector<intrusive_ptr<device>>;

result<device_list> cuda_devices(int count) {
  device_list devices;
  for (int i = 0; i < count; ++i) {
    auto made = make_cuda_device(i);
    if (!made) return fail(std::move(made).error());
    devices.push_back(std::move(*made));
  }
  return devices;
}

result<device_list> emulated_devices(const platform_options& options) {
  if (options.emulated_devices < 0) {
    return fail(errc::invalid_argument, std::to_string(options.emulated_devices) + " emulated devices");
  }
  if (options.emulated_peer_group < 0) {
    return fail(errc::invalid_argument, "a group of " + std::to_string(options.emulated_peer_group) + " peers");
  }
  device_list devices;
  for (int i = 0; i < options.emulated_devices; ++i) {
    const int group = options.emulated_peer_group == 0 ? 0 : i / options.emulated_peer_group;
    auto made =
        make_emulated_device({.index = i, .capacity_bytes = options.emulated_capacity_bytes, .peer_group = group});
    if (!made) return fail(std::move(made).error());
    devices.push_back(std::move(*made));
  }
  return devices;
}

result<device_list> devices_for(const platform_options& options) {
  if (options.backend == platform_options::choice::emulated) return emulated_devices(options);
  const bool demanded = options.backend == platform_options::choice::cuda;
  const auto count = cuda_device_count();
  if (count && *count > 0) return cuda_devices(*count);
  if (demanded && !count) return fail(count.error());
  if (demanded) return fail(errc::no_device, "no CUDA device: " + why_no_cuda());
  if (!count) log(log_level::warning, "CUDA devices are left out: ", count.error().describe());
  return emulated_devices(options);
}

}  // namespace

result<intrusive_ptr<platform>> platform::create(const platform_options& options) {
  auto devices = devices_for(options);
  if (!devices) return fail(std::move(devices).error());
  return create_from(std::move(*devices), options.pinned_bytes);
}

result<intrusive_ptr<platform>> platform::create_from(std::vector<intrusive_ptr<gpu::device>> devices,
                                                      std::size_t pinned_bytes) {
  auto poller = make_intrusive<gpu::poller>();
  auto counters = make_intrusive<statistics_counters>();
  intrusive_ptr<pinned_memory> pinned;
  if (!devices.empty() && pinned_bytes != 0) pinned = pinned_memory::create(devices.front(), pinned_bytes);
  std::vector<intrusive_ptr<device_context>> contexts;
  for (auto& device : devices) {
    auto context = device_context::create(std::move(device), poller, counters, pinned);
    if (!context) return fail(std::move(context).error());
    contexts.push_back(std::move(*context));
  }
  return intrusive_ptr<platform>(new platform(std::move(contexts), std::move(poller), std::move(counters)), adopt);
}

platform::platform(std::vector<intrusive_ptr<device_context>> devices, intrusive_ptr<gpu::poller> poller,
                   intrusive_ptr<statistics_counters> counters) noexcept
    : devices_(std::move(devices)), poller_(std::move(poller)), counters_(std::move(counters)) {}

platform::~platform() {
  close();
}

void platform::drain() {
  for (const auto& context : devices_) {
    for (const auto& stream : context->streams()) {
      // A failure belongs to the objects concerned, which hear of it by themselves; here only the end matters.
      static_cast<void>(wait_reached(stream->now()));
    }
  }
  poller_->wait_idle();
}

void platform::close() {
  drain();
  poller_->stop();
}

}  // namespace glint::gpu
