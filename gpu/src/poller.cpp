// SPDX-License-Identifier: Apache-2.0
//
// How no wakeup is lost. A stream with listeners is in the poller's hands, which `stream::watched_` says:
//  1. `notify` adds a listener and sets watched_ under the stream's lock; who turned it from false to true calls
//  `watch`,
//     which puts the stream into `inbox` under the poller's lock and signals.
//  2. The thread moves the inbox into its list under the same lock, and sleeps only after it has found, under that
//  lock,
//     inbox and list empty. So a stream put in before is seen, and one put in after signals a thread that waits.
//  3. A poll that leaves a stream without listeners clears watched_ under the stream's lock, and the thread then drops
//  the
//     stream. A listener added after that makes the stream enter by the inbox again, even while it is still in the list
//     (it is then polled twice in one round, which is harmless). One added before was seen by that poll.
//  4. A listener added to a watched stream does not signal: the thread looks again within `wait_max` anyway.
// Stopping: `stop` is seen under the lock too; the thread goes on until list and inbox are empty, and says so under the
// lock. Whoever calls `watch` later sees it there, and polls by itself.
#include <glint/gpu/poller.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include <glint/base/assert.hpp>
#include <glint/base/mutex.hpp>

namespace glint::gpu {

namespace {
using clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds spin_for{50};  // since something completed last
constexpr std::chrono::microseconds wait_min{50};
constexpr std::chrono::microseconds wait_max{200};
}  // namespace

/// What the thread and the poller share. Lock order: mutex_ is a leaf; streams are polled without it.
class poller::state {
 public:
  explicit state(mode how) noexcept : by_hand_(how == mode::by_hand) {}

  static void start(const std::shared_ptr<state>& self);
  void stop();
  void watch(intrusive_ptr<stream> s);
  void wait_idle();
  bool poll_once();
  [[nodiscard]] bool on_own_thread() const noexcept { return thread_id_.load() == std::this_thread::get_id(); }
  [[nodiscard]] std::uint64_t rounds() const noexcept { return rounds_.load(std::memory_order_relaxed); }

 private:
  void run();
  bool take_inbox();
  bool round();
  void pause();

  const bool by_hand_;
  std::atomic<std::uint64_t> rounds_{0};  // relaxed: a figure for tests
  std::atomic<std::thread::id> thread_id_{};
  mutex joining_;  // held by who ends the thread, so that every `stop` returns after its end
  std::thread thread_ GLINT_GUARDED_BY(joining_);

  mutex mutex_;
  std::condition_variable_any wake_;  // for the thread: inbox or stopping changed
  std::condition_variable_any idle_changed_;
  std::vector<intrusive_ptr<stream>> inbox_ GLINT_GUARDED_BY(mutex_);
  bool idle_ GLINT_GUARDED_BY(mutex_) = true;  // list and inbox are empty
  bool stopping_ GLINT_GUARDED_BY(mutex_) = false;
  bool stopped_ GLINT_GUARDED_BY(mutex_) = false;  // idle for good

  // The polling thread's own:
  std::vector<intrusive_ptr<stream>> watched_;
  clock::time_point progressed_at_{};
  std::chrono::microseconds wait_ = wait_min;
};

void poller::state::start(const std::shared_ptr<state>& self) {
  if (self->by_hand_) return;
  const lock_guard lock(self->joining_);
  self->thread_ = std::thread([self] { self->run(); });
}

void poller::state::stop() {
  {
    const lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (by_hand_) {
    while (poll_once()) std::this_thread::yield();
    return;
  }
  const bool own_thread = on_own_thread();
  const lock_guard lock(joining_);
  if (!thread_.joinable()) return;
  own_thread ? thread_.detach() : thread_.join();
}

void poller::state::watch(intrusive_ptr<stream> s) {
  {
    const lock_guard lock(mutex_);
    if (!stopped_) {
      inbox_.push_back(std::move(s));
      idle_ = false;
      wake_.notify_one();
      return;
    }
  }
  // Nobody polls any more. Work on a stream ends by itself, so this does too.
  while (s->poll(std::nullopt).waiting) std::this_thread::sleep_for(wait_min);
}

void poller::state::wait_idle() {
  const lock_guard lock(mutex_);
  while (!idle_) idle_changed_.wait(mutex_);
}

/// Moves the inbox into the list; sleeps while both are empty. False when the thread must end.
bool poller::state::take_inbox() {
  const lock_guard lock(mutex_);
  for (;;) {
    if (!inbox_.empty()) progressed_at_ = clock::now();
    watched_.insert(watched_.end(), std::make_move_iterator(inbox_.begin()), std::make_move_iterator(inbox_.end()));
    inbox_.clear();
    if (!watched_.empty()) return true;
    idle_ = true;
    idle_changed_.notify_all();
    stopped_ = stopping_;
    if (stopped_ || by_hand_) return false;
    wake_.wait(mutex_);
  }
}

/// Polls each watched stream once, with no lock held: listeners run in there. True while any has listeners.
bool poller::state::round() {
  bool progressed = false;
  const auto now = by_hand_ ? std::nullopt : std::optional(clock::now());
  std::erase_if(watched_, [&](const intrusive_ptr<stream>& s) {
    const stream::poll_outcome outcome = s->poll(now);
    progressed |= outcome.progressed || !outcome.waiting;
    return !outcome.waiting;
  });
  if (progressed) progressed_at_ = clock::now();
  rounds_.fetch_add(1, std::memory_order_relaxed);
  return !watched_.empty();
}

bool poller::state::poll_once() {
  GLINT_ASSERT(by_hand_, "the poller has a thread");
  if (take_inbox()) round();
  return take_inbox();  // what listeners brought, too
}

/// Yields while something completed lately, so that short work is noticed at once; then waits, longer each time.
void poller::state::pause() {
  if (clock::now() - progressed_at_ < spin_for) {
    wait_ = wait_min;
    std::this_thread::yield();
    return;
  }
  const lock_guard lock(mutex_);
  if (inbox_.empty()) wake_.wait_for(mutex_, wait_);
  wait_ = std::min(wait_ * 2, wait_max);
}

void poller::state::run() {
  thread_id_.store(std::this_thread::get_id());
  while (take_inbox()) {
    if (round()) pause();
  }
}

poller::poller(mode how) : state_(std::make_shared<state>(how)) {
  state::start(state_);
}

poller::~poller() {
  stop();
}

void poller::stop() {
  state_->stop();
}

void poller::wait_idle() {
  GLINT_ASSERT(!on_own_thread(), "the poller's thread would wait for itself");
  state_->wait_idle();
}

bool poller::poll_once() {
  return state_->poll_once();
}

bool poller::on_own_thread() const noexcept {
  return state_->on_own_thread();
}

std::uint64_t poller::rounds() const noexcept {
  return state_->rounds();
}

void poller::watch(intrusive_ptr<stream> s) {
  state_->watch(std::move(s));
}

}  // namespace glint::gpu
