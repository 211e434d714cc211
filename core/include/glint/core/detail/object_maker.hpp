// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <glint/store/entry.hpp>

namespace glint::detail {

class task_base;

/// Who waits so cannot go on as long as `enough` of `on` are pending.
struct wait_condition {
  std::vector<hold_ptr<store::entry>> on;
  std::size_t enough = 1;
};

/// Who is to make objects, as those see it who wait for them: a task, or a combination of other objects. Every producer
/// of an entry is one.
class object_maker : public store::producer {
 public:
  /// Null for what is no task.
  [[nodiscard]] virtual task_base* as_task() noexcept { return nullptr; }
  /// The task whose body makes the object now, where that is another than this maker's own: one that serves several.
  /// Precondition: pinned.
  [[nodiscard]] virtual store::producer_pin body() noexcept { return {}; }
  /// Ends its work on the object, as task_base::stop. Nothing: it does no work, so that who wants the object to fail
  /// fails it. Precondition: pinned.
  [[nodiscard]] virtual std::optional<bool> stop_making(const error& /*why*/, bool /*children*/) noexcept {
    return std::nullopt;
  }
  /// What it waits for now, as far as that is known: each of these keeps it from going on. Precondition: pinned.
  [[nodiscard]] virtual std::vector<wait_condition> waits_for() = 0;
  /// "task add", at any time while pinned. Runs no user code.
  [[nodiscard]] virtual std::string subject_at_any_time() noexcept = 0;

 protected:
  ~object_maker() = default;
};

/// The maker behind a pin; null if there is none.
[[nodiscard]] inline object_maker* maker_of(const store::producer_pin& pin) noexcept {
  return static_cast<object_maker*>(pin.get());
}

}  // namespace glint::detail
