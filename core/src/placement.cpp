// SPDX-License-Identifier: Apache-2.0
#include "placement.hpp"

#include <algorithm>
#include <vector>

#include <glint/base/exception.hpp>
#include <glint/core/detail/runtime_access.hpp>
#include <glint/gpu/poller.hpp>
#include <glint/gpu/storage.hpp>
#include "device_completion.hpp"
#include "runtime.hpp"

namespace glint::detail {
namespace {

/// What a value's tensors say of where they are.
struct whereabouts {
  bool elsewhere = false;                    ///< Some lie elsewhere than wanted.
  bool shared = false;                       ///< Some share storage with other tensors, or with what is not Glint's.
  gpu::device_context* on_device = nullptr;  ///< A device that some lie on.
};

whereabouts look(store::entry& e, memory_place wanted) {
  whereabouts seen;
  for_each_tensor_of(e, [&](tensor_base& t) {
    if (t.empty_handle()) return;
    if (t.place() != wanted) seen.elsewhere = true;
    if (!t.storage()->unique() || t.storage()->read_only()) seen.shared = true;
    // What streams still do with host memory, a host function that writes there would not wait for.
    if (t.place().is_host() && !t.storage()->uses().empty()) seen.shared = true;
    if (auto* context = t.storage()->context()) seen.on_device = context;
  });
  return seen;
}

/// Where a copy goes, and of what.
struct copy_order {
  gpu::device_context* target = nullptr;  ///< Null: the host.
  runtime* owner = nullptr;               ///< To be told of what comes to lie on a device.
  bool all = false;                       ///< Also tensors that lie there already.
  bool stays = false;                     ///< It is no copy that can be made again.
};

/// Brings the tensors of a clone of `source` to where they are wanted. It is issued then, and becomes ready when the
/// copies have run.
result<intrusive_ptr<store::entry>> send(store::entry& source, intrusive_ptr<store::entry> copy,
                                         const copy_order& order) {
  gpu::device_context* const target = order.target;
  const memory_place wanted{target ? target->index() : -1};
  gpu::device_context* worker = target ? target : look(*copy, wanted).on_device;
  intrusive_ptr<gpu::stream> stream = worker ? worker->transfer_stream() : nullptr;
  device_origin from{.subject = "copy of an object of type " + source.type().name(),
                     .owner = order.owner,
                     .device = order.owner && target ? target->index() : -1};
  collect_last_writes(*copy, from.writes_before);
  if (stream) {
    stream->part();  // from what others copy
    from.begin = stream->now().sequence;
    GLINT_TRY(stream->wait(source.issued_at()));
  }
  std::optional<error> failure;
  for_each_tensor_of(*copy, [&](tensor_base& t) {
    if (failure || t.empty_handle() || (!order.all && t.place() == wanted)) return;
    auto copied = t.place().is_host() && !target ? t.copy_on_host() : t.copy_to(target, *stream, &from.sides);
    if (copied) {
      t = *std::move(copied);
    } else {
      failure = copied.error();
    }
  });
  if (failure) return fail(*std::move(failure));
  const gpu::stream_point at = stream ? stream->now() : gpu::stream_point{};
  hold_ptr<store::entry> producer(copy.get());
  producer->track();
  producer->where()->secondary = !order.stays;
  if (order.owner) order.owner->admission().tier().add(*producer);
  producer->publish_issued(at);
  from.inputs.emplace_back(&source);
  if (from.device >= 0) order.owner->admission().work_enqueued(from.device);
  std::vector<hold_ptr<store::entry>> results;
  results.push_back(std::move(producer));
  device_completion::start(std::move(results), at, std::move(from));
  return copy;
}

/// A new object with a copy of the value elsewhere. Precondition: the source is pinned.
result<intrusive_ptr<store::entry>> copy_object(store::entry& source, const copy_order& order) {
  if (!source.type().clone) {
    return fail(errc::not_copyable, "a " + source.type().name() + " has to move to other memory, and cannot be copied");
  }
  return send(source, intrusive_ptr<store::entry>(source.type().clone(source.value()), adopt), order);
}

result<tensor_base> copy_where_it_lies(const tensor_base& t) {
  gpu::device_context* device = t.storage()->context();
  if (!device) return t.copy_on_host();
  const auto stream = device->transfer_stream();
  stream->part();
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
    if (!a->object().type().contains_tensors || !a->object().pin()) continue;
    for_each_tensor_of(a->object(), [&held](tensor_base& t) {
      auto* context = t.empty_handle() ? nullptr : t.storage()->context();
      if (!context) return;
      const auto known = std::ranges::find(held, context, [](const auto& h) { return h.first; });
      if (known == held.end()) {
        held.emplace_back(context, t.bytes());
      } else {
        known->second += t.bytes();
      }
    });
    a->object().unpin_unused();
  }
  const auto most = std::ranges::max_element(held, {}, [](const auto& h) { return h.second; });
  return most == held.end() || most->second == 0 ? nullptr : most->first;
}

/// An object that is given twice counts once, as do tensors that share storage. What is taken and has to be copied for
/// that, because others hold it, counts as missing too.
placement::load placement::load_of(const task_base& task) {
  load all;
  const memory_place wanted{task.device->index()};
  std::vector<const gpu::storage*> counted;
  for (auto* a = task.arguments(); a; a = a->next()) {
    if (!a->object().type().contains_tensors) continue;
    const bool copied = static_cast<bool>(a->object().cached_copy(wanted));
    const bool taken_from_others = a->owns() && !a->object().unique();
    for_each_tensor_of(a->object(), [&](tensor_base& t) {
      if (t.empty_handle()) return;
      const bool known = std::ranges::find(counted, t.storage()) != counted.end();
      if (known && !taken_from_others) return;
      counted.push_back(t.storage());
      all.bytes += t.bytes();
      if (taken_from_others || (t.place() != wanted && !copied)) all.missing_bytes += t.bytes();
    });
  }
  return all;
}

void placement::pin_arguments(task_base& task) noexcept {
  for (auto* a = task.arguments_; a; a = a->next_) {
    if (!a->pinned_) a->pinned_ = a->object_->type().contains_tensors && a->object_->pin();
  }
}

void placement::unpin_arguments(task_base& task) noexcept {
  for (auto* a = task.arguments_; a; a = a->next_) a->unpin();
}

namespace {

/// The copy of a borrowed object where it is wanted, pinned: what is cached may be dropped until then, and is made
/// anew.
result<intrusive_ptr<store::entry>> pinned_copy(store::entry& object, const copy_order& order) {
  const memory_place wanted{order.target ? order.target->index() : -1};
  for (;;) {
    auto copy = object.cached_copy(wanted);
    if (!copy) {
      auto made = copy_object(object, order);
      if (!made) return fail(made.error());
      copy = object.cache_copy(wanted, *std::move(made));
    }
    if (copy->pin()) return copy;
  }
}

}  // namespace

intrusive_ptr<store::entry> placement::clone_of(store::entry& object) noexcept {
  try {
    return intrusive_ptr<store::entry>(object.type().clone(object.value()), adopt);
  } catch (...) {  // of the user's copy constructor: then there is none
    return nullptr;
  }
}

/// Host memory that a stream is still to write is not copied before that: the value's maker has given it away.
result<intrusive_ptr<store::entry>> placement::kept_on_host(store::entry& object) noexcept {
  if (!object.type().contains_tensors) return intrusive_ptr<store::entry>(&object);
  (void)object.pin();
  bool written = false;
  for_each_tensor_of(object, [&written](tensor_base& t) {
    if (!t.empty_handle() && t.place().is_host() && !t.storage()->last_write().reached()) written = true;
  });
  result<intrusive_ptr<store::entry>> made = [&]() -> result<intrusive_ptr<store::entry>> {
    try {
      return copy_object(object, {.all = !written, .stays = true});
    } catch (...) {  // of the user's copy constructor
      return fail(error_from_exception(std::current_exception(), "copy of a " + object.type().name()));
    }
  }();
  object.unpin_unused();
  return made;
}

intrusive_ptr<store::entry> placement::send_to_host(store::entry& object, intrusive_ptr<store::entry> clone) noexcept {
  try {
    auto sent = send(object, std::move(clone), {});
    if (sent) return object.cache_copy(memory_place::host(), *std::move(sent));
  } catch (...) {  // of the user's code that runs when a clone goes
  }
  return nullptr;
}

result<void> placement::bring_arguments(task_base& task) {
  gpu::device_context* target = task.on_device() ? task.device.get() : nullptr;
  const memory_place wanted{target ? target->index() : -1};
  pin_arguments(task);
  for (auto* a = task.arguments_; a; a = a->next_) {
    if (!a->object_->type().contains_tensors) continue;
    const whereabouts seen = look(*a->object_, wanted);
    if (a->owns()) {
      if (!seen.elsewhere && !seen.shared && a->object_->unique()) continue;
      auto copy = copy_object(*a->object_, {.target = target, .owner = &task.owner(), .all = true});
      if (!copy) return fail(copy.error());
      (void)(*copy)->pin();
      task.replace_argument(*a, *std::move(copy), true);
    } else if (seen.elsewhere) {
      auto copy = pinned_copy(*a->object_, {.target = target, .owner = &task.owner()});
      if (!copy) return fail(copy.error());
      task.replace_argument(*a, *std::move(copy), false);
    }
  }
  return {};
}

}  // namespace glint::detail
