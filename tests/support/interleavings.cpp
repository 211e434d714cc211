// SPDX-License-Identifier: Apache-2.0
#include "interleavings.hpp"

#include <algorithm>
#include <deque>
#include <sstream>
#include <utility>

#include "fiber.hpp"

namespace interleavings {
namespace {

using detail::change;

constexpr std::size_t operations_max = 5'000;  // of one execution: more is taken for a loop without end

struct message {
  std::uint64_t value;
  view carried;  ///< What an acquire load of it gets to see.
};
struct place {
  std::vector<message> values;
  std::size_t made_by = 0;
  std::uint16_t made_at = 0;
  std::uint16_t seq_cst_floor = 0;  ///< No later seq_cst load returns an older value.
};
struct plain_state {
  std::size_t writer = 0;
  std::uint16_t written = 0;
  std::array<std::uint16_t, threads_max> read{};
};
struct thread_state {
  view current;
  view acquirable;  ///< What relaxed loads have met: an acquire fence makes it current.
  view released;    ///< Current at the last release fence: relaxed stores carry it.
  bool waits = false;
  std::size_t waits_for = 0;
  bool ended = false;
};
struct event_state {
  bool set = false;
  view carried;
};
struct choice {
  std::uint32_t taken;
  std::uint32_t count;
};
/// Unwinds a thread that waits for ever.
struct abandoned {};

bool acquires(std::memory_order o) {
  return o == std::memory_order_acquire || o == std::memory_order_consume || o == std::memory_order_acq_rel ||
         o == std::memory_order_seq_cst;
}
bool releases(std::memory_order o) {
  return o == std::memory_order_release || o == std::memory_order_acq_rel || o == std::memory_order_seq_cst;
}

class explorer {
 public:
  explicit explorer(options how) : how_(how) {
    for (std::size_t t = 1; t < threads_max; ++t) fibers_.emplace_back([this, t] { bodies_[t](); });
  }

  report run(const std::function<void(program&)>& make) {
    report result;
    do {
      execute(make);
      ++result.executions;
    } while (!failure_ && result.executions < how_.executions_max && next_branch());
    result.complete = !failure_ && path_.empty();
    if (failure_) {
      traced_ = true;  // the same again, to tell what led to it
      execute(make);
      result.failure = *failure_ + trace_.str();
    }
    return result;
  }

  // --- what a running thread calls ---

  std::size_t new_place(std::uint64_t value) {
    if (places_used_ == places_max) {
      fail("more atomics than the explorer has room for");
      return 0;
    }
    if (places_used_ == places_.size()) places_.emplace_back();
    place& p = places_[places_used_];
    p.values.clear();
    tick();
    p.made_by = running_;
    p.made_at = clock();
    p.seq_cst_floor = 0;
    p.values.push_back({value, {}});
    return places_used_++;
  }

  std::uint64_t load(std::size_t at, std::memory_order order) {
    point();
    place& p = visible(at);
    std::size_t floor = me().current.at[at];
    if (order == std::memory_order_seq_cst) floor = std::max<std::size_t>({floor, p.seq_cst_floor, fences_.at[at]});
    const std::size_t newest = p.values.size() - 1;
    const std::size_t index = newest - choose(static_cast<std::uint32_t>(newest - floor + 1));
    note("load", at, p.values[index].value, newest - index);
    return read(p, at, index, order);
  }

  void store(std::size_t at, std::uint64_t value, std::memory_order order) {
    point();
    place& p = visible(at);
    note("store", at, value, 0);
    append(p, at, value, order, nullptr);
  }

  std::uint64_t modify(std::size_t at, change what, std::memory_order success, std::memory_order failure) {
    point();
    place& p = visible(at);
    const std::size_t newest = p.values.size() - 1;
    const std::uint64_t old = p.values[newest].value;
    const auto next = what.of(what.context, old);
    note(next ? "modify" : "modify in vain", at, next ? *next : old, 0);
    read(p, at, newest, next ? success : failure);
    if (next) {
      const view before = p.values[newest].carried;  // a release sequence goes on through it
      append(p, at, *next, success, &before);
    }
    return old;
  }

  void fence(std::memory_order order) {
    point();
    thread_state& t = me();
    if (acquires(order)) t.current.join(t.acquirable);
    if (order == std::memory_order_seq_cst) {
      for (std::size_t i = 0; i < places_used_; ++i) {
        t.current.at[i] = std::max(t.current.at[i], places_[i].seq_cst_floor);
      }
      view global;  // only how new values are, not who has done what: a fence alone orders no plain accesses
      for (std::size_t i = 0; i < places_used_; ++i) {
        global.at[i] = fences_.at[i] = std::max(fences_.at[i], t.current.at[i]);
      }
      t.current.join(global);
    }
    if (releases(order)) t.released = t.current;
  }

  std::size_t new_plain() {
    plains_.emplace_back();
    return plains_.size() - 1;
  }

  void access_plain(std::size_t id, bool writes) {
    tick();
    plain_state& p = plains_[id];
    const view& now = me().current;
    bool ordered = now.at[places_max + p.writer] >= p.written;
    if (writes) {
      for (std::size_t t = 0; t < threads_max; ++t) ordered = ordered && now.at[places_max + t] >= p.read[t];
      p.writer = running_;
      p.written = clock();
    } else {
      p.read[running_] = clock();
    }
    if (!ordered) fail("a data race");
  }

  std::size_t new_event() {
    events_.emplace_back();
    return events_.size() - 1;
  }

  void wait_for(std::size_t event) {
    point();
    thread_state& t = me();
    while (!events_[event].set) {  // another that waited may have used it up
      t.waits = true;
      t.waits_for = event;
      fibers_[running_].yield();
      if (t.waits) throw abandoned();
    }
    events_[event].set = false;
    t.current.join(events_[event].carried);
  }

  void set(std::size_t event) {
    point();
    note("set event", event, 0, 0);
    events_[event].set = true;
    events_[event].carried.join(me().current);
    for (thread_state& t : threads_) {
      if (t.waits && t.waits_for == event) t.waits = false;
    }
  }

  std::uint32_t one_of(std::uint32_t count) {
    const std::uint32_t taken = choose(count);
    note("choice", 0, taken, 0);
    return taken;
  }

  void fail(const char* what) {
    if (!failure_) failure_ = what;
  }

 private:
  void execute(const std::function<void(program&)>& make) {
    begin();
    program p;
    make(p);
    count_ = p.threads.size();
    for (std::size_t t = 1; t <= count_; ++t) prepare(t, std::move(p.threads[t - 1]));
    while (pick()) fibers_[running_].resume();
    abandon_waiting();
    running_ = 0;
    for (std::size_t t = 1; t <= count_; ++t) threads_[0].current.join(threads_[t].current);
    if (p.check) p.check();
  }

  void begin() {
    depth_ = 0;
    preemptions_ = 0;
    operations_ = 0;
    places_used_ = 0;
    plains_.clear();
    events_.clear();
    threads_.fill({});
    fences_ = {};
    running_ = 0;
    next_ = 0;
    count_ = 0;
    failure_.reset();
  }

  void prepare(std::size_t t, std::function<void()> body) {
    threads_[t].current = threads_[0].current;
    bodies_[t] = [this, t, run = std::move(body)] {
      try {
        run();
      } catch (const abandoned&) {  // told by `abandon_waiting`
      }
      threads_[t].ended = true;
    };
  }

  void abandon_waiting() {
    for (std::size_t t = 1; t <= count_; ++t) {
      if (threads_[t].ended) continue;
      if (!how_.may_end_waiting) fail("all threads that have not ended wait");
      running_ = t;
      fibers_[t].resume();
    }
  }

  /// Threads that could go on, the running one first.
  std::size_t runnable(std::array<std::size_t, threads_max>& out) const {
    std::size_t n = 0;
    const auto can = [this](std::size_t t) { return !threads_[t].ended && !threads_[t].waits; };
    if (running_ != 0 && can(running_)) out[n++] = running_;
    for (std::size_t t = 1; t <= count_; ++t) {
      if (t != running_ && can(t)) out[n++] = t;
    }
    return n;
  }

  /// Whose turn it is; false: nobody can go on.
  bool pick() {
    if (next_ != 0) {
      running_ = std::exchange(next_, 0);
      return true;
    }
    std::array<std::size_t, threads_max> who{};
    const std::size_t n = runnable(who);
    if (n != 0) running_ = who[choose(static_cast<std::uint32_t>(n))];
    return n != 0;
  }

  /// Before each operation of a thread: another may be first.
  void point() {
    tick();
    if (running_ == 0 || failure_) return;
    if (++operations_ > operations_max) return fail("it does not end");
    if (preemptions_ >= how_.preemptions) return;
    std::array<std::size_t, threads_max> who{};
    const std::size_t n = runnable(who);
    const std::size_t next = who[choose(static_cast<std::uint32_t>(n))];
    if (next == running_) return;
    ++preemptions_;
    next_ = next;
    fibers_[running_].yield();
  }

  std::uint32_t choose(std::uint32_t count) {
    if (count <= 1 || failure_) return 0;
    if (depth_ == path_.size()) path_.push_back({0, count});
    return path_[depth_++].taken;
  }

  bool next_branch() {
    while (!path_.empty() && path_.back().taken + 1 == path_.back().count) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }

  place& visible(std::size_t at) {
    place& p = places_[at];
    if (me().current.at[places_max + p.made_by] < p.made_at) fail("an atomic is used that is not known to be made");
    return p;
  }

  std::uint64_t read(place& p, std::size_t at, std::size_t index, std::memory_order order) {
    thread_state& t = me();
    const message& m = p.values[index];
    const auto seen = static_cast<std::uint16_t>(index);
    t.current.at[at] = std::max(t.current.at[at], seen);
    t.acquirable.join(m.carried);
    if (acquires(order)) t.current.join(m.carried);
    if (order == std::memory_order_seq_cst) p.seq_cst_floor = std::max(p.seq_cst_floor, seen);
    return m.value;
  }

  /// `continued`: what the value that this one replaces carried, of a release sequence.
  void append(place& p, std::size_t at, std::uint64_t value, std::memory_order order, const view* continued) {
    thread_state& t = me();
    const auto index = static_cast<std::uint16_t>(p.values.size());
    t.current.at[at] = index;
    view carried = releases(order) ? t.current : t.released;
    carried.at[at] = index;
    if (continued) carried.join(*continued);
    p.values.push_back({value, carried});
    if (order == std::memory_order_seq_cst) p.seq_cst_floor = index;
  }

  void note(const char* what, std::size_t at, std::uint64_t value, std::size_t behind) {
    if (!traced_ || failure_) return;
    trace_ << "\n  thread " << running_ << ": " << what << " #" << at << " = " << static_cast<std::int64_t>(value);
    if (behind != 0) trace_ << " (" << behind << " behind the newest)";
  }

  thread_state& me() { return threads_[running_]; }
  std::uint16_t clock() { return me().current.at[places_max + running_]; }
  void tick() { ++me().current.at[places_max + running_]; }

  const options how_;
  std::deque<fiber> fibers_ = std::deque<fiber>(1);  // thread 0 is the explorer itself
  std::array<std::function<void()>, threads_max> bodies_;
  std::vector<choice> path_;
  std::size_t depth_ = 0;

  // Of the present execution.
  std::array<thread_state, threads_max> threads_;
  std::size_t count_ = 0;
  std::size_t running_ = 0;
  std::size_t next_ = 0;  ///< Who was chosen to interrupt; 0: nobody.
  int preemptions_ = 0;
  std::size_t operations_ = 0;
  std::deque<place> places_;
  std::size_t places_used_ = 0;
  std::vector<plain_state> plains_;
  std::vector<event_state> events_;
  view fences_;  ///< What has happened before any seq_cst fence.
  std::optional<std::string> failure_;
  bool traced_ = false;
  std::ostringstream trace_;
};

explorer* present = nullptr;  // of the one thread that explores

}  // namespace

report explore(const std::function<void(program&)>& make, options how) {
  explorer e(how);
  present = &e;
  report result = e.run(make);
  present = nullptr;
  return result;
}

void check(bool holds, const char* what) {
  if (!holds) present->fail(what);
}

std::uint32_t choose(std::uint32_t count) {
  return present->one_of(count);
}

namespace detail {

std::size_t new_place(std::uint64_t value) {
  return present->new_place(value);
}
std::uint64_t load(std::size_t place, std::memory_order order) {
  return present->load(place, order);
}
void store(std::size_t place, std::uint64_t value, std::memory_order order) {
  present->store(place, value, order);
}
std::uint64_t modify(std::size_t place, change what, std::memory_order success, std::memory_order failure) {
  return present->modify(place, what, success, failure);
}
void fence(std::memory_order order) {
  present->fence(order);
}
std::size_t new_plain() {
  return present->new_plain();
}
void access_plain(std::size_t plain, bool writes) {
  present->access_plain(plain, writes);
}
std::size_t new_event() {
  return present->new_event();
}
void wait_for(std::size_t event) {
  present->wait_for(event);
}
void set(std::size_t event) {
  present->set(event);
}

}  // namespace detail
}  // namespace interleavings
