// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>

#include "../support/interleavings.hpp"

/// Refs that leave the process and come home: not in the product yet, as nodes that borrow come with the second node.
/// It is the rule of the design as a small state machine, for whoever writes it: an id is made once and lock-free when
/// a ref escapes, threads only report that the local count of an escaped object reached zero, and the control loop
/// alone frees, after checking again.
///
/// What it takes, beyond those words (each is a rule below, with its mutant):
/// - that an object has escaped is told by the word of its counts, in the very operation that drops a user: who looks
///   before it drops may look before another thread's ref escapes, and then nobody reports;
/// - the control loop knows how many reports are to come, and frees when none is: who has brought the count to zero and
///   has not reported yet will touch the object once more, even if the count was up and down again meanwhile;
/// - only the control loop takes the count of an escaped object from zero up again, as a ref comes home: so it knows.
///   (Today promise::ref makes a user of a hold: of an object that has escaped it will have to ask.)
namespace escape_model {

using interleavings::check;

/// What a mutant leaves out, or weakens.
struct rules {
  static constexpr bool one_record = true;        ///< Of two threads that escape one object at once, one makes the id.
  static constexpr bool row_before_id = true;     ///< Ids go out through the control loop, behind the object's row.
  static constexpr bool told_by_the_word = true;  ///< Whether it has escaped, by the operation that drops a user.
  static constexpr bool control_frees = true;     ///< Nobody else.
  static constexpr bool checks_again = true;      ///< A report is no more than a reason to look.
  static constexpr bool counts_reports = true;    ///< Else: looks at the local count only.
  static constexpr auto publish = std::memory_order_release;  ///< The id's record;
  static constexpr auto find = std::memory_order_acquire;     ///< who comes second.
  static constexpr auto drop = std::memory_order_release;     ///< A user: what it did with the object;
  static constexpr auto last = std::memory_order_acquire;     ///< seen by who reports that it was the last, or frees.
  static constexpr auto report = std::memory_order_release;   ///< To the control loop;
  static constexpr auto listen = std::memory_order_acquire;   ///< which frees behind all that.
};

/// What an escaped object has besides: for others than the control loop the id only.
struct record {
  explicit record(int i) : id(i) {}
  interleavings::plain<int> id;
};

/// An object with one word of counts, as base's ref_counted has, and one bit more.
struct entry {
  static constexpr std::uint64_t one_user = 1;
  static constexpr std::uint64_t one_hold = std::uint64_t{1} << 16;
  static constexpr std::uint64_t escaped = std::uint64_t{1} << 32;
  static constexpr std::uint64_t users(std::uint64_t counts) { return counts % one_hold; }

  explicit entry(std::uint64_t counts_now) : counts(counts_now) {}
  void touch() const { check(!gone, "an object was touched that is gone"); }
  void destroy() {
    check(!gone, "an object was destroyed twice");
    gone = true;
    value.set(0);
  }

  interleavings::atomic<std::uint64_t> counts;
  interleavings::atomic<record*> about{nullptr};
  interleavings::plain<int> value{7};
  bool gone = false;
};

/// What the control loop gets: from this process's threads, and from the other node.
enum class message : std::uint8_t { none, sent, at_zero, home, released };

/// A queue of up to 16 messages, in order; the product's is tried by itself.
class inbox {
 public:
  void push(message m, std::memory_order order) {
    waiting_.update([m](std::uint64_t q) { return with(q, m); }, order);
    filled.set();
  }
  [[nodiscard]] message pop(std::memory_order order) {
    return static_cast<message>(waiting_.update([](std::uint64_t q) { return q >> 4; }, order) % 16);
  }
  interleavings::event filled;

 private:
  static std::uint64_t with(std::uint64_t queue, message m) {
    int at = 0;
    while (queue >> at != 0) at += 4;
    return queue | static_cast<std::uint64_t>(m) << at;
  }
  interleavings::atomic<std::uint64_t> waiting_{0};
};

/// One object's owner, and what the one node to which it is sent does with it: it sends the ref home so many times, and
/// then lets go of it.
template <class Rules>
class node {
 public:
  node(std::uint64_t users, std::uint64_t holds, int comes_home)
      : object(users * entry::one_user + holds * entry::one_hold), comes_home_(comes_home) {}

  // ---- any thread that has a ref

  void read() {
    object.touch();
    check(object.value.get() == 7, "a value was read that is gone");
  }
  /// The id of the object, made if it has none.
  int escape() {
    object.touch();
    record* known = object.about.load(Rules::find);
    if (!known) known = make_record();
    return known->id.get();
  }
  /// A ref goes to the other node.
  void send() {
    const int id = escape();
    if (id_sent_ == 0) id_sent_ = id;
    check(id == id_sent_, "one object has two ids");
    if (!Rules::row_before_id) answer();
    control.push(message::sent, Rules::report);
  }
  void drop() {
    object.touch();
    const bool looked = object.about.load(std::memory_order_relaxed) != nullptr;  // the mutant's
    const std::uint64_t before = object.counts.fetch_sub(entry::one_user, Rules::drop);
    const bool escaped = Rules::told_by_the_word ? (before & entry::escaped) != 0 : looked;
    if (before == entry::one_user) {
      (void)object.counts.load(Rules::last);
      object.destroy();
    } else if (entry::users(before) == 1 && escaped) {
      (void)object.counts.load(Rules::last);
      report();
    }
  }
  /// A hold of the runtime's own, a producer's.
  void unhold() {
    if (object.counts.fetch_sub(entry::one_hold, Rules::drop) != entry::one_hold) return;
    (void)object.counts.load(Rules::last);
    object.destroy();
  }

  // ---- the control loop

  /// Until the object is nobody's concern here any more. What comes from where is in no order.
  void run_control() {
    while (!freed_) {
      const bool answers_first = answers_ != 0 && interleavings::choose(2) == 1;
      const message m = answers_first ? message::none : control.pop(Rules::listen);
      if (m != message::none) {
        handle(m);
      } else if (answers_ != 0) {
        handle(next_answer());
      } else {
        control.filled.wait();
      }
    }
  }

  /// For a ref that came home, which is the caller's then.
  void await_arrival() {
    while (arrivals_ == 0) arrived_.wait();
    --arrivals_;
  }

  entry object;
  inbox control;

 private:
  /// The table's hold comes with the mark: from here on nobody but the control loop frees.
  record* make_record() {
    record& mine = records_.emplace_back(++last_id_);
    if (Rules::one_record) {
      record* first = nullptr;
      if (!object.about.compare_exchange_strong(first, &mine, Rules::publish, Rules::find)) return first;
    } else {
      object.about.store(&mine, Rules::publish);
    }
    object.counts.fetch_add(entry::one_hold | entry::escaped, std::memory_order_relaxed);
    return &mine;
  }
  void report() {
    object.touch();
    (void)object.about.load(Rules::find)->id.get();
    if (!Rules::control_frees) return free_if_unused();
    control.push(message::at_zero, Rules::report);
  }

  void handle(message m) {
    switch (m) {
      case message::sent:
        row_.set(true);
        grants_.set(grants_.get() + 1);
        if (Rules::row_before_id) answer();
        return;
      case message::at_zero:
        reports_to_come_.set(reports_to_come_.get() - 1);
        return Rules::checks_again ? free_if_unused() : free();
      case message::home:
        return come_home();
      default:
        grants_.set(grants_.get() - 1);
        return free_if_unused();
    }
  }
  void come_home() {
    check(row_.get(), "a ref that came home was refused");
    object.touch();
    const std::uint64_t before = object.counts.fetch_add(entry::one_user, std::memory_order_relaxed);
    if (entry::users(before) == 0) reports_to_come_.set(reports_to_come_.get() + 1);
    ++arrivals_;
    arrived_.set();
  }
  void free_if_unused() {
    object.touch();
    const bool nobody_here =
        Rules::counts_reports ? reports_to_come_.get() == 0 : entry::users(object.counts.load(Rules::last)) == 0;
    if (nobody_here && grants_.get() == 0) free();
  }
  /// The row first: then nobody finds it. A hold that is left destroys it later.
  void free() {
    check(row_.get() && grants_.get() == 0, "freed while the other node has a ref");
    check(entry::users(object.counts.load(std::memory_order_relaxed)) == 0, "freed while somebody here has a ref");
    row_.set(false);
    freed_ = true;
    constexpr std::uint64_t ours = entry::one_hold | entry::escaped;
    if (object.counts.fetch_sub(ours, Rules::drop) != ours) return;
    (void)object.counts.load(Rules::last);
    object.destroy();
  }

  /// The other node has got the ref: what it will send, in this order, at any time from now on.
  void answer() { answers_ += 1; }
  message next_answer() {
    if (comes_home_ > 0) {
      --comes_home_;
      return message::home;
    }
    --answers_;
    return message::released;
  }

  std::deque<record> records_;
  interleavings::event arrived_;
  int arrivals_ = 0;
  int last_id_ = 0;
  int id_sent_ = 0;
  int comes_home_;
  int answers_ = 0;
  interleavings::plain<bool> row_{false};
  interleavings::plain<int> grants_{0};
  interleavings::plain<int> reports_to_come_{1};  ///< An object that escapes has a user here.
  bool freed_ = false;
};

}  // namespace escape_model
