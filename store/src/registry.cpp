// SPDX-License-Identifier: Apache-2.0
#include <glint/store/registry.hpp>

#include <array>
#include <atomic>
#include <vector>

#include <glint/base/mutex.hpp>
#include <glint/store/entry.hpp>

namespace glint::store {
namespace {

constexpr std::size_t shard_count = 64;

struct alignas(64) shard {
  spin_mutex mutex;
  entry* first GLINT_GUARDED_BY(mutex) = nullptr;
  std::size_t count GLINT_GUARDED_BY(mutex) = 0;
};

/// Constant-initialized and without a destructor that does anything: usable before and after `main`.
constinit std::array<shard, shard_count> shards{};

std::uint8_t this_thread_shard() noexcept {
  static constinit std::atomic<std::uint32_t> next{0};
  thread_local const auto mine = static_cast<std::uint8_t>(next.fetch_add(1, std::memory_order_relaxed) % shard_count);
  return mine;
}

/// The object has no name of its own: its type says most.
error naming(const error& why, const entry& e) {
  return why.with_subject("object of type " + e.type().name());
}

}  // namespace

std::uint8_t registry::add(entry& e) noexcept {
  const std::uint8_t index = this_thread_shard();
  shard& s = shards[index];
  const spin_guard guard(s.mutex);
  e.registry_previous_ = nullptr;
  e.registry_next_ = s.first;
  if (s.first) s.first->registry_previous_ = &e;
  s.first = &e;
  ++s.count;
  return index;
}

void registry::remove(entry& e) noexcept {
  shard& s = shards[e.shard_];
  const spin_guard guard(s.mutex);
  if (!e.registered_) return;
  (e.registry_previous_ ? e.registry_previous_->registry_next_ : s.first) = e.registry_next_;
  if (e.registry_next_) e.registry_next_->registry_previous_ = e.registry_previous_;
  --s.count;
}

template <class Act>
void registry::for_each(bool forget, Act act) noexcept {
  for (shard& s : shards) {
    std::vector<hold_ptr<entry>> alive;
    {
      const spin_guard guard(s.mutex);
      for (entry* e = s.first; e; e = e->registry_next_) {
        if (forget) e->registered_ = false;
        if (e->hold_if_alive()) alive.emplace_back(e, adopt);
      }
      if (forget) {
        s.first = nullptr;
        s.count = 0;
      }
    }
    for (const auto& e : alive) act(*e);
  }
}

void registry::fail_unsettled(const error& why) noexcept {
  for_each(false, [&why](entry& e) {
    if (const auto maker = e.pin_producer(); maker.get()) maker.get()->end(why);
    if (!e.settled()) e.fail(naming(why, e));
  });
}

void registry::empty_all(const error& why) noexcept {
  for_each(true, [&why](entry& e) { e.empty(naming(why, e)); });
}

std::size_t registry::count() noexcept {
  std::size_t total = 0;
  for (shard& s : shards) {
    const spin_guard guard(s.mutex);
    total += s.count;
  }
  return total;
}

}  // namespace glint::store
