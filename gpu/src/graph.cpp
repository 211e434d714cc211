// SPDX-License-Identifier: Apache-2.0
#include <glint/gpu/graph.hpp>

#include <utility>

namespace glint::gpu {

result<void> graph::launch(stream& on) {
  GLINT_TRY(native_->prepare());
  for (const stream_point& point : behind_) GLINT_TRY(on.wait(point));
  for (const graph_memory& m : memory_) {
    GLINT_TRY(m.written ? m.storage->wait_to_write(on) : m.storage->wait_to_read(on));
  }
  GLINT_TRY(on.replay(*native_));
  const stream_point done = on.now();
  for (const graph_memory& m : memory_) m.written ? m.storage->note_write(done) : m.storage->note_read(done);
  return {};
}

result<graph_update> graph::update(graph& other) {
  auto updated = native_->update(*other.native_);
  if (!updated || !updated->done) return updated;
  memory_ = std::exchange(other.memory_, {});  // what it had goes after the launches that used it
  behind_ = std::exchange(other.behind_, {});
  return updated;
}

std::size_t graph::device_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const graph_memory& m : memory_) bytes += m.storage->context() ? m.storage->bytes() : 0;
  return bytes;
}

}  // namespace glint::gpu
