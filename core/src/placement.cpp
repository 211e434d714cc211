// SPDX-License-Identifier: Apache-2.0
#include "placement.hpp"

#include <cstring>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>
#include "device_completion.hpp"

namespace glint::detail {
namespace {

template <class Visit>
void for_each_tensor_of(store::entry& e, Visit visit) {
  if (!e.type().contains_tensors) return;
  e.type().visit_tensors(e.value(),
                         {[](void* context, tensor_base& t) { (*static_cast<Visit*>(context))(t); }, &visit});
}

/// What a value's tensors say of where they are.
struct whereabouts {
  bool elsewhere = false;                    ///< Some lie elsewhere than wanted.
  bool shared = false;                       ///< Some share storage with other tensors.
  gpu::device_context* on_device = nullptr;  ///< A device that some lie on.
};

whereabouts look(store::entry& e, memory_place wanted) {
  whereabouts seen;
  for_each_tensor_of(e, [&](tensor_base& t) {
    if (t.empty_handle()) return;
    if (t.place() != wanted) seen.elsewhere = true;
    if (!t.storage()->unique()) seen.shared = true;
    // What streams still do with host memory, a host function that writes there would not wait for.
    if (t.place().is_host() && !t.storage()->uses().empty()) seen.shared = true;
    if (auto* context = t.storage()->context()) seen.on_device = context;
  });
  return seen;
}

/// Copies the elements, row-major, without a device. Precondition: the host may read them.
result<tensor_base> copy_on_host(const tensor_base& t) {
  auto storage = gpu::storage::on_host(t.bytes());
  if (!storage) return fail(storage.error());
  tensor_base copy(*std::move(storage), t.dtype(), t.shape());
  const auto width = size_of(t.dtype());
  auto* to = static_cast<std::byte*>(copy.address());
  const auto* from = static_cast<const std::byte*>(t.address());
  if (t.contiguous()) {
    if (t.bytes() != 0) std::memcpy(to, from, t.bytes());
    return copy;
  }
  const auto shape = t.shape().values();
  const auto strides = t.strides();
  std::vector<std::int64_t> at(shape.size(), 0);
  for (std::int64_t i = 0; i < t.size(); ++i, to += width) {
    std::int64_t element = 0;
    for (std::size_t d = 0; d < at.size(); ++d) element += at[d] * strides[d];
    std::memcpy(to, from + element * static_cast<std::int64_t>(width), width);
    for (std::size_t d = at.size(); d-- > 0 && ++at[d] == shape[d];) at[d] = 0;
  }
  return copy;
}

/// A new object with a copy of the value, its tensors at `target` (null: the host); `all` copies also those that lie
/// there. Issued, becomes ready when the copies have run.
result<intrusive_ptr<store::entry>> copy_object(store::entry& source, gpu::device_context* target, bool all) {
  if (!source.type().clone) {
    return fail(errc::not_copyable, "a " + source.type().name() + " has to move to other memory, and cannot be copied");
  }
  intrusive_ptr<store::entry> copy(source.type().clone(source.value()), adopt);
  const memory_place wanted{target ? target->index() : -1};
  gpu::device_context* worker = target ? target : look(source, wanted).on_device;
  intrusive_ptr<gpu::stream> stream = worker ? worker->transfer_stream() : nullptr;
  device_origin from{.subject = "copy of an object of type " + source.type().name()};
  collect_last_writes(source, from.writes_before);
  if (stream) {
    from.begin = stream->now().sequence;
    GLINT_TRY(stream->wait(source.issued_at()));
  }
  std::optional<error> failure;
  for_each_tensor_of(*copy, [&](tensor_base& t) {
    if (failure || t.empty_handle() || (!all && t.place() == wanted)) return;
    auto copied = t.place().is_host() && !target ? copy_on_host(t) : t.copy_to(target, *stream);
    if (copied) {
      t = *std::move(copied);
    } else {
      failure = copied.error();
    }
  });
  if (failure) return fail(*std::move(failure));
  const gpu::stream_point at = stream ? stream->now() : gpu::stream_point{};
  hold_ptr<store::entry> producer(copy.get());
  producer->publish_issued(at);
  from.inputs.emplace_back(&source);
  std::vector<hold_ptr<store::entry>> results;
  results.push_back(std::move(producer));
  device_completion::start(std::move(results), at, std::move(from));
  return copy;
}

result<tensor_base> copy_where_it_lies(const tensor_base& t) {
  gpu::device_context* device = t.storage()->context();
  if (!device) return copy_on_host(t);
  const auto stream = device->transfer_stream();
  auto copy = t.copy_to(device, *stream);
  if (copy) GLINT_TRY(gpu::wait_reached(stream->now()));
  return copy;
}

}  // namespace

void make_private(const store::type_descriptor& type, void* value) {
  type.visit_tensors(value, {[](void*, tensor_base& t) {
                               if (t.empty_handle()) return;
                               auto copy = copy_where_it_lies(t);
                               if (!copy) throw_error(copy.error());
                               t = *std::move(copy);
                             },
                             nullptr});
}

void collect_last_writes(store::entry& e, std::vector<gpu::stream_point>& points) {
  for_each_tensor_of(e, [&points](tensor_base& t) {
    if (t.empty_handle()) return;
    if (auto written = t.storage()->last_write(); !written.empty()) points.push_back(std::move(written));
  });
}

gpu::device_context* placement::most_bytes(const task_base& task) {
  std::vector<std::pair<gpu::device_context*, std::size_t>> held;
  for (auto* a = task.arguments(); a; a = a->next()) {
    for_each_tensor_of(a->object(), [&held](tensor_base& t) {
      auto* context = t.empty_handle() ? nullptr : t.storage()->context();
      if (!context) return;
      for (auto& [device, bytes] : held) {
        if (device == context) {
          bytes += t.bytes();
          return;
        }
      }
      held.emplace_back(context, t.bytes());
    });
  }
  gpu::device_context* best = nullptr;
  std::size_t best_bytes = 0;
  for (const auto& [device, bytes] : held) {
    if (bytes > best_bytes) {
      best = device;
      best_bytes = bytes;
    }
  }
  return best;
}

result<void> placement::bring_arguments(task_base& task) {
  gpu::device_context* target = task.on_device() ? task.device.get() : nullptr;
  const memory_place wanted{target ? target->index() : -1};
  for (auto* a = task.arguments_; a; a = a->next_) {
    if (!a->object_->type().contains_tensors) continue;
    const whereabouts seen = look(*a->object_, wanted);
    if (a->owns()) {
      if (!seen.elsewhere && !seen.shared && a->object_->unique()) continue;
      auto copy = copy_object(*a->object_, target, true);
      if (!copy) return fail(copy.error());
      task.replace_argument(*a, *std::move(copy));
      a->private_ = true;
    } else if (seen.elsewhere) {
      auto copy = a->object_->cached_copy(wanted);
      if (!copy) {
        auto made = copy_object(*a->object_, target, false);
        if (!made) return fail(made.error());
        copy = a->object_->cache_copy(wanted, *std::move(made));
      }
      task.replace_argument(*a, std::move(copy));
    }
  }
  return {};
}

}  // namespace glint::detail
