// SPDX-License-Identifier: Apache-2.0
#include "cuda_graph.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cuda_status.hpp"

namespace glint::gpu::cuda {
namespace {

/// The graph's nodes, in the order in which they were captured as far as the driver keeps it; empty on a failure.
std::vector<cudaGraphNode_t> nodes_of(cudaGraph_t graph) {
  std::size_t count = 0;
  if (cudaGraphGetNodes(graph, nullptr, &count) != cudaSuccess) count = 0;
  std::vector<cudaGraphNode_t> nodes(count);
  if (count != 0 && cudaGraphGetNodes(graph, nodes.data(), &count) != cudaSuccess) nodes.clear();
  return nodes;
}

/// What a node is, for people; empty for one that is no operation.
std::string kind_of(cudaGraphNode_t node) {
  cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
  if (cudaGraphNodeGetType(node, &type) != cudaSuccess) return "a node of unknown type";
  switch (type) {
    case cudaGraphNodeTypeEmpty:
      return {};
    case cudaGraphNodeTypeKernel:
      return "a kernel";
    case cudaGraphNodeTypeMemcpy:
      return "a copy";
    case cudaGraphNodeTypeMemset:
      return "a fill";
    default:
      return "a node of type " + std::to_string(static_cast<int>(type));
  }
}

const char* text_of(cudaGraphExecUpdateResult result) noexcept {
  switch (result) {
    case cudaGraphExecUpdateErrorTopologyChanged:
      return "other operations, or in another order";
    case cudaGraphExecUpdateErrorNodeTypeChanged:
      return "another kind of operation";
    case cudaGraphExecUpdateErrorFunctionChanged:
    case cudaGraphExecUpdateErrorUnsupportedFunctionChange:
      return "another kernel";
    case cudaGraphExecUpdateErrorParametersChanged:
      return "parameters that the driver cannot change";
    case cudaGraphExecUpdateErrorAttributesChanged:
      return "attributes that the driver cannot change";
    case cudaGraphExecUpdateErrorNotSupported:
      return "an operation that the driver does not update";
    default:
      return "refused by the driver";
  }
}

}  // namespace

cuda_graph::cuda_graph(intrusive_ptr<cuda_device> device, cudaGraph_t graph)
    : device_(std::move(device)), graph_(graph) {
  const auto nodes = nodes_of(graph_);
  operations_ = static_cast<std::size_t>(
      std::count_if(nodes.begin(), nodes.end(), [](cudaGraphNode_t n) { return !kind_of(n).empty(); }));
}

cuda_graph::~cuda_graph() {
  destroy();
}

void cuda_graph::destroy() noexcept {
  if (is_unloading()) return;
  const current_device scope(device_->index());
  log_failure(scope.status(), "cudaSetDevice", device_->subject());
  if (executable_) log_failure(cudaGraphExecDestroy(executable_), "cudaGraphExecDestroy", device_->subject());
  if (graph_) log_failure(cudaGraphDestroy(graph_), "cudaGraphDestroy", device_->subject());
  executable_ = nullptr;
  graph_ = nullptr;
  operations_ = 0;
}

result<void> cuda_graph::prepare() {
  if (!graph_) return fail(errc::invalid_argument, "a graph whose operations were given to another");
  if (executable_) return {};
  const current_device scope(device_->index());
  GLINT_TRY(check(scope.status(), "cudaSetDevice", device_->subject()));
  return check(cudaGraphInstantiate(&executable_, graph_, 0), "cudaGraphInstantiate", device_->subject());
}

result<void> cuda_graph::launch(cudaStream_t stream) {
  GLINT_TRY(prepare());
  const current_device scope(device_->index());
  GLINT_TRY(check(scope.status(), "cudaSetDevice", device_->subject()));
  return check(cudaGraphLaunch(executable_, stream), "cudaGraphLaunch", device_->subject());
}

std::string cuda_graph::describe(const cudaGraphExecUpdateResultInfo& refusal, const cuda_graph& other) const {
  const std::string why = text_of(refusal.result);
  const auto nodes = nodes_of(other.graph_);
  const auto at = std::find(nodes.begin(), nodes.end(), refusal.errorNode);
  if (refusal.errorNode && at != nodes.end()) {
    return "operation " + std::to_string(at - nodes.begin() + 1) + ": " + kind_of(*at) + ": " + why;
  }
  return why + ": " + std::to_string(other.operations_) + " operations where the graph has " +
         std::to_string(operations_);
}

result<graph_update> cuda_graph::update(native_graph& other) {
  auto* const from = dynamic_cast<cuda_graph*>(&other);
  if (from == nullptr || from->device_ != device_ || from == this) {
    return fail(errc::invalid_argument, "update of a graph by itself or by one of another device");
  }
  if (!from->graph_) return fail(errc::invalid_argument, "update by a graph whose operations were given to another");
  GLINT_TRY(prepare());
  const current_device scope(device_->index());
  GLINT_TRY(check(scope.status(), "cudaSetDevice", device_->subject()));
  cudaGraphExecUpdateResultInfo refusal{};
  const cudaError_t status = cudaGraphExecUpdate(executable_, from->graph_, &refusal);
  if (status == cudaErrorGraphExecUpdateFailure) {
    static_cast<void>(cudaGetLastError());  // an answer, no failure
    return graph_update{false, describe(refusal, *from)};
  }
  GLINT_TRY(check(status, "cudaGraphExecUpdate", device_->subject()));
  std::swap(graph_, from->graph_);  // goes with `from`
  std::swap(operations_, from->operations_);
  from->destroy();
  return graph_update{true, {}};
}

}  // namespace glint::gpu::cuda
