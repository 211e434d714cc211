// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/detail/use_list.hpp>

#include <utility>

namespace glint::gpu {

stream_point use_scope::point() const {
  const std::uint64_t settled = sequence();
  return settled == open ? stream_->now() : stream_point{stream_, settled};
}

void use_scope::close() {
  std::uint64_t expected = open;
  sequence_.compare_exchange_strong(expected, stream_->now().sequence);
}

}  // namespace glint::gpu

namespace glint::gpu::detail {

namespace {

/// True when `newer`, noted after `older` on the same stream, covers it. An open scope covers what was noted before,
/// but nothing covers an open scope: its owner may go on enqueueing.
bool covers(const memory_use& newer, const memory_use& older) {
  const std::uint64_t last = older.known_sequence();
  if (last == use_scope::open) return newer.scope == older.scope && newer.scope;
  return newer.known_sequence() >= last;
}

}  // namespace

void use_list::note_read(memory_use use) {
  place(std::move(use));
}

void use_list::note_write(memory_use use) {
  memory_use displaced;
  {
    const spin_guard lock(mutex_);
    set_last_write(use);
    displaced = std::move(use);
  }
  if (!displaced.empty() && !displaced.over()) place(std::move(displaced));
}

/// Makes `use` the last write. Leaves in it what must still be placed among the other uses: the write before, unless
/// the new one covers it; or the new one, when the write before is an open scope of the same stream, which covers it.
void use_list::set_last_write(memory_use& use) {
  if (!last_write_.empty() && last_write_.stream == use.stream && covers(last_write_, use)) return;
  std::swap(last_write_, use);
}

void use_list::place(memory_use use) {
  for (;;) {
    std::size_t wanted = 0;
    {
      const spin_guard lock(mutex_);
      if (try_place(use)) return;
      wanted = more_.size() * 2 + inline_count;
    }
    std::vector<memory_use> larger;
    larger.reserve(wanted);
    const spin_guard lock(mutex_);
    if (more_.capacity() >= wanted) continue;
    for (memory_use& u : more_) larger.push_back(std::move(u));  // within its capacity
    more_.swap(larger);
  }
}

bool use_list::try_place(memory_use& use) {
  memory_use* vacant = nullptr;
  for (std::size_t i = 0; i < count(); ++i) {
    memory_use& u = at(i);
    if (u.empty() || u.over()) {
      vacant = &u;
    } else if (u.stream == use.stream) {
      if (covers(u, use)) return true;
      if (covers(use, u)) return std::swap(u, use), true;
    }
  }
  if (vacant) return std::swap(*vacant, use), true;
  if (more_.size() == more_.capacity()) return false;
  more_.push_back(std::move(use));
  return true;
}

stream_point use_list::last_write() const {
  memory_use last;
  {
    const spin_guard lock(mutex_);
    last = last_write_;
  }
  return last.empty() ? stream_point{} : last.point();  // may take the stream's lock
}

std::vector<stream_point> use_list::points() const {
  std::vector<memory_use> uses;
  for (std::size_t wanted = inline_count + 1;; wanted = wanted * 2) {
    uses.reserve(wanted);
    const spin_guard lock(mutex_);
    if (uses.capacity() < 1 + first_.size() + more_.size()) continue;
    uses.push_back(last_write_);
    uses.insert(uses.end(), first_.begin(), first_.end());
    uses.insert(uses.end(), more_.begin(), more_.end());
    break;
  }
  std::vector<stream_point> points;
  for (const memory_use& u : uses) {
    if (!u.empty() && !u.over()) points.push_back(u.point());
  }
  return points;
}

}  // namespace glint::gpu::detail
