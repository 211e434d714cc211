// SPDX-License-Identifier: Apache-2.0
#include "kernel_run.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <glint/base/assert.hpp>

namespace glint::gpu::emulated {

constinit thread_local coordinates here;

namespace {

/// The grid that this thread runs; null outside of kernels.
constinit thread_local kernel_run* current_run = nullptr;

std::string text_of(const index3& at) {
  return "(" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " + std::to_string(at.z) + ")";
}

std::string file_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
}

std::string text_of(const char* what, const std::source_location& site) {
  return std::string(what) + " at " + file_name(site.file_name()) + ":" + std::to_string(site.line());
}

bool same(const std::source_location& a, const std::source_location& b) noexcept {
  if (a.line() != b.line() || a.column() != b.column()) return false;
  return a.file_name() == b.file_name() || std::string_view(a.file_name()) == b.file_name();
}

unsigned size(std::int64_t checked) noexcept {
  return static_cast<unsigned>(checked);
}

index3 size(const dims3& d) noexcept {
  return {size(d.x), size(d.y), size(d.z)};
}

/// The stacks of a thread of the operating system, kept for its next kernel: making one takes two system calls.
class stack_pool {
 public:
  [[nodiscard]] static stack_pool& of_this_thread() {
    thread_local stack_pool pool;
    return pool;
  }
  void put(thread_stack* stack) {
    std::unique_ptr<thread_stack> owned(stack);
    if (kept_.size() < kept_max) kept_.push_back(std::move(owned));
  }
  [[nodiscard]] thread_stack* take() {
    if (kept_.empty()) return nullptr;
    thread_stack* const stack = kept_.back().release();
    kept_.pop_back();
    return stack;
  }

 private:
  /// ThreadSanitizer has some 8,000 contexts for the whole process.
  static constexpr std::size_t kept_max = GLINT_TSAN ? 32 : block_threads_max;
  std::vector<std::unique_ptr<thread_stack>> kept_;
};

kernel_run& this_run() {
  GLINT_ASSERT(current_run != nullptr, "what only kernels may call was called outside of one");
  return *current_run;
}

}  // namespace

kernel_run::kernel_run(const grid_run& grid)
    : grid_(grid),
      count_(size(grid.config.block.x * grid.config.block.y * grid.config.block.z)),
      shared_(grid.config.shared_bytes),
      everybody_{.first = 0, .size = count_} {
  GLINT_ASSERT(current_run == nullptr, "a kernel inside of a kernel");
  current_run = this;
}

kernel_run::~kernel_run() {
  current_run = nullptr;
  for (thread_stack* stack : idle_) stack_pool::of_this_thread().put(stack);
}

void kernel_run::all_blocks() {
  here.block_dim = size(grid_.config.block);
  here.grid_dim = size(grid_.config.grid);
  index3 at{0, 0, 0};
  for (at.z = 0; at.z < here.grid_dim.z; ++at.z) {
    for (at.y = 0; at.y < here.grid_dim.y; ++at.y) {
      for (at.x = 0; at.x < here.grid_dim.x; ++at.x) block(at);
    }
  }
}

void kernel_run::block(const index3& at) {
  here.block = at;
  shared_.begin_block();
  begun_ = 0;
  next_ = {0, 0, 0};
  while (thread_stack* const next = work()) leave(*next);
  if (!failure_.empty()) throw std::runtime_error(failure_);
}

/// What a stack does between threads that wait: begins threads, one after the other. Returns the stack of one that can
/// go on when all have begun, or null when all have ended.
thread_stack* kernel_run::work() {
  while (begun_ < count_ && failure_.empty()) run_thread();
  if (ready_count_ == 0 && waiting_ > 0) fail(divergence());  // which makes all who wait ready
  return ready_count_ > 0 ? &take_ready() : nullptr;
}

/// The body of every stack but the caller's. Between two rounds the stack may have come to another grid.
void kernel_run::serve(void*) noexcept {
  for (;;) {
    kernel_run& run = *current_run;
    thread_stack* const next = run.work();
    run.idle_.push_back(run.running_);
    run.leave(next ? *next : run.own_);
  }
}

void kernel_run::run_thread() {
  current_ = begun_++;
  here.thread = next_;
  if (++next_.x == here.block_dim.x) {
    next_.x = 0;
    if (++next_.y == here.block_dim.y) next_.y = 0, ++next_.z;
  }
  try {
    grid_.call(grid_.parameters);
  } catch (const thread_ends&) {
  } catch (const std::exception& e) {
    fail_thread(e.what());
  } catch (...) {
    fail_thread("an exception that is no std::exception");
  }
}

void kernel_run::leave(thread_stack& to) noexcept {
  if (&to == running_) return;
  thread_stack& from = *std::exchange(running_, &to);
  from.switch_to(to);
}

thread_stack& kernel_run::take_ready() noexcept {
  const unsigned thread = ready_[ready_first_];
  ready_first_ = ready_first_ + 1 == count_ ? 0 : ready_first_ + 1;
  --ready_count_;
  return *waiters_[thread].stack;
}

void kernel_run::make_ready(unsigned thread) noexcept {
  waiters_[thread].what = nullptr;
  --waiting_;
  const unsigned end = ready_first_ + ready_count_++;
  ready_[end < count_ ? end : end - count_] = thread;
}

/// A stack for the next thread to begin on.
thread_stack& kernel_run::free_stack() {
  if (!idle_.empty()) {
    thread_stack& stack = *idle_.back();
    idle_.pop_back();
    return stack;
  }
  if (thread_stack* const kept = stack_pool::of_this_thread().take()) return *kept;
  return *new thread_stack(&kernel_run::serve, nullptr);  // idle_ has it when its threads have ended
}

void kernel_run::wait(group& all, const char* what, const std::source_location& site) {
  if (!failure_.empty()) throw thread_ends();
  if (waiters_.empty()) {
    ready_.resize(count_);
    waiters_.resize(count_);
  }
  if (all.arrived == 0) {
    all.what = what;
    all.site = site;
  } else if (!same(all.site, site)) {
    fail_thread("divergent barrier: " + text_of(what, site) + " is called while others wait in " +
                text_of(all.what, all.site));
    throw thread_ends();
  }
  if (++all.arrived < all.size) return suspend(what, site);
  all.arrived = 0;
  for (unsigned thread = all.first; thread < all.first + all.size; ++thread) {
    if (waiters_[thread].what != nullptr) make_ready(thread);  // all but this one, which goes on at once
  }
}

void kernel_run::suspend(const char* what, const std::source_location& site) {
  const unsigned self = current_;
  thread_stack* to = begun_ < count_ ? &free_stack() : nullptr;
  waiters_[self] = {.stack = running_, .what = what, .site = site};
  ++waiting_;
  if (!to) {
    if (ready_count_ == 0) fail(divergence());  // which makes all who wait ready, this one among them
    to = &take_ready();
  }
  leave(*to);
  current_ = self;
  here.thread = coordinates_of(self);
  if (!failure_.empty()) throw thread_ends();
}

void kernel_run::fail(const std::string& what) {
  if (failure_.empty()) failure_ = "kernel " + grid_.name + ", block " + text_of(here.block) + what;
  for (unsigned thread = 0; thread < waiters_.size(); ++thread) {
    if (waiters_[thread].what != nullptr) make_ready(thread);
  }
}

void kernel_run::fail_thread(const std::string& what) {
  fail(", thread " + text_of(coordinates_of(current_)) + ": " + what);
}

std::string kernel_run::divergence() const {
  std::map<std::string, unsigned> waiting;
  for (const waiter& w : waiters_) {
    if (w.what != nullptr) ++waiting[text_of(w.what, w.site)];
  }
  std::string text = ": divergent barrier: of " + std::to_string(count_) + " threads ";
  for (const auto& [where, count] : waiting) text += std::to_string(count) + " wait in " + where + ", ";
  return text + std::to_string(count_ - waiting_) + " have ended";
}

void kernel_run::wait_for_block(const std::source_location& site) {
  wait(everybody_, "__syncthreads", site);
}

const warp_values& kernel_run::exchange_in_warp(std::uint64_t mine, const char* what, unsigned& count,
                                                const std::source_location& site) {
  if (warps_.empty()) {
    warps_.resize((count_ + warp_lanes - 1) / warp_lanes);
    for (unsigned i = 0; i < warps_.size(); ++i) {
      const unsigned first = i * warp_lanes;
      warps_[i].lanes.first = first;
      warps_[i].lanes.size = std::min(warp_lanes, count_ - first);
    }
  }
  warp& w = warps_[current_ / warp_lanes];
  warp_values& values = w.values[w.exchanges % 2];
  values[current_ % warp_lanes] = mine;
  if (w.lanes.arrived + 1 == w.lanes.size) ++w.exchanges;
  wait(w.lanes, what, site);
  count = w.lanes.size;
  return values;
}

index3 kernel_run::coordinates_of(unsigned thread) const noexcept {
  const unsigned row = thread / here.block_dim.x;
  return {thread % here.block_dim.x, row % here.block_dim.y, row / here.block_dim.y};
}

void run(const grid_run& grid) {
  kernel_run(grid).all_blocks();
}

void wait_for_block(const std::source_location& site) {
  this_run().wait_for_block(site);
}

const warp_values& exchange_in_warp(std::uint64_t mine, const char* what, unsigned& count,
                                    const std::source_location& site) {
  return this_run().exchange_in_warp(mine, what, count, site);
}

unsigned lane() noexcept {
  return this_run().current_thread() % warp_lanes;
}

void* shared_memory(const void* key, std::size_t bytes) {
  return this_run().shared().of(key, bytes);
}

void* dynamic_shared_memory() {
  void* const at = this_run().shared().dynamic();
  if (!at) trap("dynamic_shared without launch_config::shared_bytes");
  return at;
}

void trap(const char* what) {
  throw std::runtime_error(what);
}

void assertion_failed(const char* condition, const char* file, unsigned line, const char* function) {
  if (!current_run) {
    std::fprintf(stderr, "%s:%u: %s: Assertion `%s' failed.\n", file, line, function, condition);
    std::abort();
  }
  throw std::runtime_error("assertion `" + std::string(condition) + "' failed at " + file_name(file) + ":" +
                           std::to_string(line));
}

}  // namespace glint::gpu::emulated
