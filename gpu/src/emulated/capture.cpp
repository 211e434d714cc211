// SPDX-License-Identifier: Apache-2.0
#include "capture.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace glint::gpu::emulated {

bool capture::ended() {
  const lock_guard lock(mutex_);
  return ended_;
}

result<void> capture::usable() const {
  if (ended_) return fail(errc::device_error, "the capture has ended");
  if (!invalid_) return {};
  return fail(error(errc::device_error, "the capture is invalid already").with_cause(*invalid_));
}

result<std::size_t> capture::fork(const std::vector<std::uint32_t>& behind) {
  const lock_guard lock(mutex_);
  GLINT_TRY(usable());
  next_behind_.push_back(behind);
  return next_behind_.size() - 1;
}

result<void> capture::add(std::size_t lane, operation_label label, std::unique_ptr<operation> work) {
  const lock_guard lock(mutex_);
  GLINT_TRY(usable());
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({std::move(work), std::move(label), lane, std::exchange(next_behind_[lane], {number})});
  return {};
}

result<std::vector<std::uint32_t>> capture::behind(std::size_t lane) {
  const lock_guard lock(mutex_);
  GLINT_TRY(usable());
  return next_behind_[lane];
}

result<void> capture::depend(std::size_t lane, const std::vector<std::uint32_t>& behind) {
  const lock_guard lock(mutex_);
  GLINT_TRY(usable());
  std::vector<std::uint32_t> all;
  std::ranges::set_union(next_behind_[lane], behind, std::back_inserter(all));
  next_behind_[lane] = std::move(all);
  return {};
}

void capture::invalidate(error why) {
  const lock_guard lock(mutex_);
  if (!invalid_ && !ended_) invalid_ = std::move(why);
}

/// True when every operation is one that the first lane's end is behind.
bool capture::joined() const {
  std::vector<bool> before_end(nodes_.size());
  for (const auto i : next_behind_[0]) before_end[i] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!before_end[i]) return false;  // whoever is behind it came later, and was looked at
    for (const auto before : nodes_[i].behind) before_end[before] = true;
  }
  return true;
}

result<intrusive_ptr<graph_program>> capture::end() {
  std::vector<graph_node> nodes;
  std::size_t lanes = 0;
  std::vector<std::uint32_t> last;
  std::optional<error> why;
  {
    const lock_guard lock(mutex_);
    ended_ = true;
    why = invalid_;
    if (!why && !joined()) {
      why =
          error(errc::device_error,
                "a fork of the capture was not joined: the stream that began it must wait for what it left on others");
    }
    nodes.swap(nodes_);
    lanes = next_behind_.size();
    last.swap(next_behind_[0]);
  }
  if (why) return fail(*why);  // the operations go without the lock
  return make_intrusive<graph_program>(std::move(nodes), lanes, std::move(last));
}

}  // namespace glint::gpu::emulated
