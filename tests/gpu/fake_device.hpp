// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <glint/gpu/detail/kernel_launch.hpp>
#include <glint/gpu/device.hpp>

/// A device that does nothing until a test says so: `step` runs the oldest operation of a stream, `run` all that can.
/// What runs when is the test's choice, so that every interleaving can be shown without threads or sleeps.
namespace glint::gpu::test {

class fake_device;

/// What a record stands for; waits and queries hold on to it.
struct fake_record {
  bool done = false;
  std::optional<error> failure;
  std::optional<std::uint64_t> behind;  ///< Operations between the one that failed and the record.
};

class fake_event final : public native_event {
 public:
  fake_event(std::recursive_mutex& m, std::atomic<int>& queries) : mutex_(m), queries_(queries) {}
  /// Borrowed: stands for the other's newest record.
  fake_event(const fake_event& other) : newest(other.newest), mutex_(other.mutex_), queries_(other.queries_) {}
  result<bool> query() override;
  std::optional<std::uint64_t> behind_failure() override { return newest ? newest->behind : std::nullopt; }
  void* handle() const noexcept override { return const_cast<fake_event*>(this); }

  std::shared_ptr<fake_record> newest;

 private:
  std::recursive_mutex& mutex_;
  std::atomic<int>& queries_;
};

class fake_stream final : public native_stream {
 public:
  explicit fake_stream(intrusive_ptr<fake_device> device);
  ~fake_stream() override;

  result<void> copy(void* to, const void* from, std::size_t bytes) override;
  result<void> fill(void* to, std::byte value, std::size_t bytes) override;
  result<void> record(native_event& event) override;
  result<void> wait(native_event& event) override;
  result<void> enqueue(unique_function<void()> kernel) override;
  result<void> launch(const kernel_launch& launch) override { return enqueue(launch.on_host(launch)); }
  void* handle() const noexcept override { return const_cast<fake_stream*>(this); }

  /// Runs the oldest operation; false if there is none or it waits for another stream.
  bool step();

 private:
  struct operation {
    unique_function<void()> run;
    std::shared_ptr<fake_record> waits_for;  // null: for nothing
    std::shared_ptr<fake_record> records;    // null: nothing
  };
  result<void> push(operation o);

  intrusive_ptr<fake_device> device_;
  std::deque<operation> queue_;
  std::optional<error> failure_;  // since the last record
  std::uint64_t behind_ = 0;      // operations skipped since
};

/// Another library's stream: forwards, and leaves it alone at the end.
class fake_borrowed_stream final : public native_stream {
 public:
  explicit fake_borrowed_stream(fake_stream& of) : of_(of) {}
  result<void> copy(void* to, const void* from, std::size_t bytes) override { return of_.copy(to, from, bytes); }
  result<void> fill(void* to, std::byte value, std::size_t bytes) override { return of_.fill(to, value, bytes); }
  result<void> record(native_event& event) override { return of_.record(event); }
  result<void> wait(native_event& event) override { return of_.wait(event); }
  result<void> enqueue(unique_function<void()> kernel) override { return of_.enqueue(std::move(kernel)); }
  result<void> launch(const kernel_launch& launch) override { return of_.launch(launch); }
  void* handle() const noexcept override { return of_.handle(); }

 private:
  fake_stream& of_;
};

/// One recursive mutex for the device, its streams and its events: simple, and kernels may come back.
class fake_device final : public device {
 public:
  struct options {
    std::size_t capacity_bytes = std::size_t{1} << 30;
    int index = 0;
    backend_kind backend = backend_kind::emulated;  ///< Whose device it says it is.
  };
  explicit fake_device(options o) : options_(o) {
    info_.name = "fake " + std::to_string(o.index);
    info_.capacity_bytes = o.capacity_bytes;
  }
  fake_device() : fake_device(options{}) {}
  ~fake_device() override {
    for (auto& [slab, bytes] : slabs) std::free(slab);
    for (auto& [block, bytes] : pinned) std::free(block);
  }

  backend_kind backend() const noexcept override { return options_.backend; }
  int index() const noexcept override { return options_.index; }
  const device_info& info() const noexcept override { return info_; }

  result<void*> reserve(std::size_t bytes) override {
    const std::lock_guard lock(mutex);
    if (lost) return fail(errc::device_lost, "lost");
    if (bytes > info_.capacity_bytes - reserved_bytes) return fail(errc::out_of_memory, "the fake is full");
    void* slab = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
    slabs[slab] = bytes;
    reserved_bytes += bytes;
    return slab;
  }
  void unreserve(void* slab, std::size_t bytes) noexcept override {
    const std::lock_guard lock(mutex);
    reserved_bytes -= bytes;
    slabs.erase(slab);
    std::free(slab);
  }
  result<void*> allocate_pinned(std::size_t bytes) override {
    const std::lock_guard lock(mutex);
    ++pinned_calls;
    if (refuses_pinned) return fail(errc::out_of_memory, "the fake locks no memory");
    void* block = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    pinned[block] = bytes;
    return block;
  }
  void free_pinned(void* block, std::size_t) noexcept override {
    const std::lock_guard lock(mutex);
    pinned.erase(block);
    std::free(block);
  }
  result<std::unique_ptr<native_stream>> create_stream() override {
    auto made = std::make_unique<fake_stream>(intrusive_ptr<fake_device>(this));
    const std::lock_guard lock(mutex);
    streams.push_back(made.get());
    return made;
  }
  result<std::unique_ptr<native_event>> create_event() override {
    const std::lock_guard lock(mutex);
    if (lost) return fail(errc::device_lost, "lost");
    return std::make_unique<fake_event>(mutex, queries);
  }
  /// A handle is a fake_stream's address, or one of `default_streams`.
  result<std::unique_ptr<native_stream>> borrow_stream(void* handle) override {
    const std::lock_guard lock(mutex);
    const auto named = default_streams.find(reinterpret_cast<std::intptr_t>(handle));
    fake_stream* of = named == default_streams.end() ? static_cast<fake_stream*>(handle) : named->second;
    return std::make_unique<fake_borrowed_stream>(*of);
  }
  result<std::unique_ptr<native_event>> borrow_event(void* handle) override {
    const std::lock_guard lock(mutex);
    return std::make_unique<fake_event>(*static_cast<const fake_event*>(handle));
  }
  result<bool> holds(const void* at, std::size_t bytes) override {
    const std::lock_guard lock(mutex);
    const auto* const first = static_cast<const std::byte*>(at);
    return std::any_of(slabs.begin(), slabs.end(), [&](const auto& slab) {
      const auto* const begin = static_cast<const std::byte*>(slab.first);
      return first >= begin && first + bytes <= begin + slab.second;
    });
  }

  /// Runs the oldest operation of the i-th stream that lives, counted from 0 in the order of making.
  bool step(std::size_t i) {
    const std::lock_guard lock(mutex);
    return streams.at(i)->step();
  }
  /// Runs what can run; true if anything did.
  bool run() {
    const std::lock_guard lock(mutex);
    bool any = false;
    for (bool more = true; more;) {
      more = false;
      for (fake_stream* s : streams) more |= s->step();
      any |= more;
    }
    return any;
  }

  std::recursive_mutex mutex;
  bool knows_what_failed = true;  ///< As the emulated device and not as CUDA.
  bool lost = false;
  std::vector<fake_stream*> streams;
  std::map<std::intptr_t, fake_stream*> default_streams;  ///< What the driver has names for instead of addresses.
  std::map<void*, std::size_t> slabs;
  std::size_t reserved_bytes = 0;
  std::map<void*, std::size_t> pinned;
  int pinned_calls = 0;
  bool refuses_pinned = false;
  std::atomic<int> queries{0};
  std::atomic<int> waits{0};

 private:
  options options_;
  device_info info_;
};

inline result<bool> fake_event::query() {
  const std::lock_guard lock(mutex_);
  queries_.fetch_add(1);
  if (!newest) return true;
  if (!newest->done) return false;
  if (newest->failure) return fail(*newest->failure);
  return true;
}

inline fake_stream::fake_stream(intrusive_ptr<fake_device> device) : device_(std::move(device)) {}

inline fake_stream::~fake_stream() {
  const std::lock_guard lock(device_->mutex);
  while (!queue_.empty()) {
    if (!step() && !device_->run()) std::abort();  // waits for what never comes
  }
  std::erase(device_->streams, this);
}

inline result<void> fake_stream::push(operation o) {
  const std::lock_guard lock(device_->mutex);
  if (device_->lost) return fail(errc::device_lost, "lost");
  queue_.push_back(std::move(o));
  return {};
}

inline result<void> fake_stream::copy(void* to, const void* from, std::size_t bytes) {
  return push({[=] { std::memcpy(to, from, bytes); }, {}, {}});
}
inline result<void> fake_stream::fill(void* to, std::byte value, std::size_t bytes) {
  return push({[=] { std::memset(to, std::to_integer<int>(value), bytes); }, {}, {}});
}
inline result<void> fake_stream::enqueue(unique_function<void()> kernel) {
  return push({std::move(kernel), {}, {}});
}

inline result<void> fake_stream::record(native_event& event) {
  const std::lock_guard lock(device_->mutex);
  auto made = std::make_shared<fake_record>();
  GLINT_TRY(push({{}, {}, made}));
  dynamic_cast<fake_event&>(event).newest = std::move(made);
  return {};
}

inline result<void> fake_stream::wait(native_event& event) {
  const std::lock_guard lock(device_->mutex);
  device_->waits.fetch_add(1);
  return push({{}, dynamic_cast<fake_event&>(event).newest, {}});
}

inline bool fake_stream::step() {
  const std::lock_guard lock(device_->mutex);
  if (queue_.empty() || (queue_.front().waits_for && !queue_.front().waits_for->done)) return false;
  operation o = std::move(queue_.front());
  queue_.pop_front();
  if (failure_ && !o.records) ++behind_;
  if (o.run && !failure_) {
    try {
      o.run();
    } catch (const std::exception& e) {
      failure_ = error(errc::kernel_failed, e.what());
      behind_ = 0;
    }
  }
  if (o.records) {
    o.records->done = true;
    if (failure_ && device_->knows_what_failed) o.records->behind = behind_;
    o.records->failure = std::exchange(failure_, std::nullopt);
  }
  return true;
}

}  // namespace glint::gpu::test
