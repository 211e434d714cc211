// SPDX-License-Identifier: Apache-2.0
#include "graph.hpp"

#include <algorithm>
#include <utility>

#include <glint/base/assert.hpp>

#include "emulated_device.hpp"
#include "engine.hpp"
#include "tsan.hpp"

namespace glint::gpu::emulated {
namespace {

/// One run of an operation that others will run again. Made by the enqueuing thread for each replay, so that the order
/// from that enqueue to this run has a name of its own.
class replayed_operation final : public operation {
 public:
  replayed_operation(operation& of, const graph_program* program) : of_(of), program_(program) {}
  void run() override {
    struct at_end {
      const graph_program* program;
      ~at_end() { tsan_release(program); }  // only who destroys the operations acquires this
    };
    const at_end done{program_};
    of_.run();
  }

 private:
  operation& of_;
  const graph_program* const program_;  // a name
};

intrusive_ptr<mark> opened_mark() {
  auto m = make_intrusive<mark>();
  m->open();
  return m;
}

std::string numbered(std::size_t i) {
  return "operation " + std::to_string(i + 1) + ": ";
}

}  // namespace

graph_program::graph_program(std::vector<graph_node> nodes, std::size_t lanes, std::vector<std::uint32_t> last)
    : nodes_(std::move(nodes)), lanes_(lanes), last_(std::move(last)), has_mark_(nodes_.size()) {
  for (const graph_node& n : nodes_) {
    for (const auto before : n.behind) {
      if (nodes_[before].lane != n.lane) has_mark_[before] = true;
    }
  }
  for (const auto before : last_) {
    if (nodes_[before].lane != 0) has_mark_[before] = true;
  }
  tsan_release(this);
}

void graph_program::destroy() noexcept {
  tsan_acquire(this);
  delete this;
}

std::string graph_program::difference(const graph_program& other) const {
  const std::size_t both = std::min(size(), other.size());
  for (std::size_t i = 0; i < both; ++i) {
    const graph_node& mine = nodes_[i];
    const graph_node& theirs = other.nodes_[i];
    if (!(mine.label == theirs.label)) {
      return numbered(i) + theirs.label.what + " where the graph has " + mine.label.what;
    }
    if (mine.lane != theirs.lane || mine.behind != theirs.behind) {
      return numbered(i) + theirs.label.what + " runs on another stream or behind other operations";
    }
  }
  if (size() < other.size()) return numbered(both) + other.nodes_[both].label.what + " where the graph ends";
  if (size() > other.size()) return numbered(both) + "none where the graph has " + nodes_[both].label.what;
  return last_ == other.last_ ? "" : "its end is behind other operations";
}

void graph_program::enqueue(std::span<engine* const> engines, const how& h) {
  GLINT_ASSERT(engines.size() == lanes_, "a graph's replay needs an engine for each of its lanes");
  engine& own = *engines[0];
  own.begin_parts();
  if (h.after) own.wait_part(h.after);
  if (lanes_ > 1) {
    const auto start = opened_mark();
    own.edge_from(start);
    for (engine* e : engines.subspan(1)) e->first_edge_to(start);
  }
  std::vector<intrusive_ptr<mark>> marks(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const graph_node& n = nodes_[i];
    engine& e = *engines[n.lane];
    for (const auto before : n.behind) {
      if (nodes_[before].lane != n.lane) e.edge_to(marks[before]);
    }
    std::unique_ptr<operation> work = std::make_unique<replayed_operation>(*n.work, this);
    const bool on_order = n.label.may_fail_on_order && h.device->faults().take_kernel();
    if (on_order || (h.first_fails && i == 0)) work = std::make_unique<failing_operation>(std::move(work));
    e.run_part(std::move(work), intrusive_ptr<ref_counted>(this));
    if (has_mark_[i]) e.edge_from(marks[i] = opened_mark());
  }
  for (const auto before : last_) {
    if (nodes_[before].lane != 0) own.edge_to(marks[before]);
  }
  h.end->open();
  own.edge_from(h.end);
}

emulated_graph::emulated_graph(intrusive_ptr<emulated_device> device, intrusive_ptr<graph_program> program)
    : device_(std::move(device)), program_(std::move(program)) {}

emulated_graph::~emulated_graph() {
  let_go(std::move(program_));
}

void emulated_graph::let_go(intrusive_ptr<graph_program> program) {
  intrusive_ptr<ref_counted> given(std::move(program));
  if (last_ran_on_) last_ran_on_->let_go(given);
}

result<void> emulated_graph::prepare() {
  if (program_) return {};
  return fail(errc::invalid_argument, "a graph whose operations were given to another");
}

result<graph_update> emulated_graph::update(native_graph& other) {
  auto* const from = dynamic_cast<emulated_graph*>(&other);
  if (from == nullptr || from->device_ != device_ || from == this) {
    return fail(errc::invalid_argument, "update of a graph by itself or by one of another device");
  }
  GLINT_TRY(prepare());
  GLINT_TRY(from->prepare());
  if (std::string why = program_->difference(*from->program_); !why.empty()) return graph_update{false, std::move(why)};
  let_go(std::exchange(program_, std::exchange(from->program_, nullptr)));
  return graph_update{true, {}};
}

intrusive_ptr<mark> emulated_graph::next_replay(intrusive_ptr<mark> end, intrusive_ptr<engine> on) noexcept {
  last_ran_on_ = std::move(on);
  return std::exchange(newest_end_, std::move(end));
}

}  // namespace glint::gpu::emulated
