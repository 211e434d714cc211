// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <vector>

#include <glint/core/detail/call_scope.hpp>
#include <glint/core/options.hpp>
#include <glint/store/entry.hpp>

/// What the templates of the public headers need of the runtime; defined in core/src.
namespace glint::detail {

class runtime;
class task_base;

/// Fixed-point units of an amount of `what`. Throws invalid_argument for a negative or absurd one.
[[nodiscard]] std::int32_t units_of(double amount, const char* what);
/// Throws invalid_argument for amounts that units_of refuses: asked before the task is made, which then owns itself.
void check(const task_options& options);
void check(const actor_options& options);
void check(const call_options& options);
/// Applies checked options to a task.
void apply(const task_options& options, task_base& task);
void apply(const call_options& options, task_base& call);

/// The task or call whose body the calling thread runs; null outside.
[[nodiscard]] task_base* current_task() noexcept;

/// Makes a task that has not started a child of the body that the calling thread runs, if it runs one.
void join_family(task_base& child) noexcept;

/// A number that no other task, actor or thread of this process calls under.
[[nodiscard]] std::uint64_t next_caller_id() noexcept;

/// As glint::cancel.
bool cancel(const intrusive_ptr<store::entry>& entry, bool recursive);
bool cancel(store::entry& entry, bool recursive);

/// Throws empty_ref for a ref to nothing.
void require_ref(const intrusive_ptr<store::entry>& entry);

using deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Blocks until the object is ready or failed; false when the deadline passed first. A worker gives its CPU slot back
/// meanwhile. Throws empty_ref; and why the calling task was stopped, if it is before the object is there.
bool wait_settled(const intrusive_ptr<store::entry>& entry, const deadline& until);

/// Blocks until `count` of the entries are settled, or the deadline; gives where the first `count` of those that are
/// stand, in order. Throws duplicate_ref, empty_ref, invalid_argument (count above the number), and as wait_settled.
[[nodiscard]] std::vector<std::size_t> wait_some(std::span<const intrusive_ptr<store::entry>> entries,
                                                 std::size_t count, const deadline& until);

/// Blocks until no stream uses host memory of the tensors inside: who takes the value may write there.
void wait_unused(store::entry& entry);

/// Gives each tensor inside a value, a copy of an object's, elements of its own where it lies, so that writing to them
/// changes no object. Blocks until they are copied. Throws out_of_memory and what a device refuses with.
void make_private(const store::type_descriptor& type, void* value);

/// Throws the failure of a failed entry, naming what failed.
[[noreturn]] void throw_failure(const store::entry& entry);

/// What a promise that was not kept fails its object with.
[[nodiscard]] error broken_promise(const std::string& type);
/// Throws empty_ref: the promise was kept already, or moved from.
[[noreturn]] void throw_ended_promise();

/// An object that is put may leave the device that its tensors lie on, when room is wanted there.
void let_move(store::entry& entry) noexcept;

/// Counts an object made by put.
void count_put() noexcept;

}  // namespace glint::detail
