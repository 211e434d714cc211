// SPDX-License-Identifier: Apache-2.0
#include <caf/all.hpp>

#include <vector>

#include "harness/measure.hpp"
#include "peers/peers.hpp"

/// CAF, the C++ Actor Framework (0.17): event-based actors on its work-stealing scheduler, with no middleman.
namespace glint_bench {
namespace {

/// An actor system for one run: its idle workers poll.
class session {
 public:
  explicit session(int workers) : config_(workers), system_(config_) {}
  [[nodiscard]] caf::actor_system& get() { return system_; }

 private:
  struct config : caf::actor_system_config {
    explicit config(int workers) { set("scheduler.max-threads", static_cast<std::size_t>(workers)); }
  };
  config config_;
  caf::actor_system system_;
};

struct count_state {
  int count = 0;
};

/// Counts what it is sent, and says so to `over` when all is there.
caf::behavior sink(caf::stateful_actor<count_state>* self, int expected, caf::actor over) {
  return {[=](int d) {
    self->state.count += d;
    if (self->state.count == expected) self->send(over, 1);
  }};
}

/// Answers each message.
caf::behavior counter(caf::stateful_actor<count_state>* self) {
  return {[=](int d) { return self->state.count += d; }};
}

/// Sends n messages to `to` once it is told to.
caf::behavior flooder(caf::event_based_actor* self, int n, caf::actor to) {
  return {[=](int) {
    for (int i = 0; i < n; ++i) self->send(to, 1);
  }};
}

/// The same with requests: each has its answer. So many are on their way at once, and no more, as CAF looks for the
/// handler of an answer among all that are awaited, one by one.
constexpr int requests_ahead = 32;

struct asker_state {
  int asked = 0;
  int answered = 0;
};

void ask(caf::stateful_actor<asker_state>* self, int n, const caf::actor& to, const caf::actor& over) {
  if (self->state.asked == n) return;
  ++self->state.asked;
  self->request(to, caf::infinite, 1).then([=](int) {
    if (++self->state.answered == n) self->send(over, 1);
    ask(self, n, to, over);
  });
}

caf::behavior asker(caf::stateful_actor<asker_state>* self, int n, caf::actor to, caf::actor over) {
  return {[=](int) {
    for (int i = 0; i < requests_ahead; ++i) ask(self, n, to, over);
  }};
}

/// One request after the other.
void rally(caf::stateful_actor<count_state>* self, int left, const caf::actor& with, const caf::actor& over) {
  self->request(with, caf::infinite, 1).then([=](int) {
    if (left == 1) {
      self->send(over, 1);
    } else {
      rally(self, left - 1, with, over);
    }
  });
}

caf::behavior player(caf::stateful_actor<count_state>* self, caf::actor with, caf::actor over) {
  return {[=](int n) { rally(self, n, with, over); }};
}

void await(caf::scoped_actor& self) {
  self->receive([](int) {});
}

double one_to_one(const peer_setting& s, bool with_answers) {
  session running(s.workers);
  caf::scoped_actor self(running.get());
  const int n = s.count(100'000);
  caf::actor from;
  if (with_answers) {
    from = running.get().spawn(asker, n, running.get().spawn(counter), caf::actor(self));
  } else {
    from = running.get().spawn(flooder, n, running.get().spawn(sink, n, caf::actor(self)));
  }
  return ns_each(n, [&] {
    self->send(from, 1);
    await(self);
  });
}

template <caf::spawn_options Options>
double ping_pong(int workers, int n) {
  session running(workers);
  caf::scoped_actor self(running.get());
  const caf::actor pong = running.get().spawn<Options>(counter);
  const caf::actor ping = running.get().spawn<Options>(player, pong, caf::actor(self));
  self->send(ping, 1'000);
  await(self);
  return ns_each(n, [&] {
    self->send(ping, n);
    await(self);
  });
}

/// As ours: many at once, each with a first answer.
double spawn(const peer_setting& s) {
  session running(s.workers);
  caf::scoped_actor self(running.get());
  const int n = s.count(20'000);
  return ns_each(n, [&] {
    for (int i = 0; i < n; ++i) {
      const caf::actor a = running.get().spawn(counter);
      self->send(a, 1);
    }
    int left = n;
    self->receive_while([&left] { return left > 0; })([&left](int) { --left; });
  });
}

}  // namespace

std::vector<peer> caf_peers() {
  return {
      {"actors.one_to_one", "caf send", [](const peer_setting& s) { return one_to_one(s, false); }},
      {"actors.one_to_one", "caf request", [](const peer_setting& s) { return one_to_one(s, true); }},
      {"actors.ping_pong_same", "caf",
       [](const peer_setting& s) { return ping_pong<caf::no_spawn_options>(1, s.count(20'000)); }},
      {"actors.ping_pong_across", "caf",
       [](const peer_setting& s) { return ping_pong<caf::no_spawn_options>(2, s.count(20'000)); }},
      {"actors.ping_pong_across", "caf detached",
       [](const peer_setting& s) { return ping_pong<caf::detached>(2, s.count(20'000)); }},
      {"actors.spawn", "caf", spawn},
  };
}

}  // namespace glint_bench
