// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <glint/core/detail/actor_state.hpp>

namespace glint::detail {

/// The saved state of an actor that restarts, and when the next is due. Guarded by the actor's mailbox lock, but for
/// `calls`, which does not change.
///
/// One state is on its way at a time: it has been made by `save`, and is being copied to the host, or what the actor
/// had enqueued before it still runs. It becomes the saved one when all of that has gone well; what is due meanwhile
/// waits.
class state_keeper {
 public:
  /// Due after so many calls that change the object; 0: only when asked for.
  state_keeper(std::unique_ptr<const state_calls> calls, std::uint32_t every) noexcept
      : calls_(std::move(calls)), every_(every) {}

  [[nodiscard]] const state_calls& calls() const noexcept { return *calls_; }

  void call_ended() noexcept {
    if (every_ != 0 && ++calls_since_ >= every_) due_ = true;
  }
  void ask() noexcept { due_ = true; }
  [[nodiscard]] bool due() const noexcept { return due_ && !under_way_ && !spoiled_; }
  [[nodiscard]] bool under_way() const noexcept { return under_way_; }

  void begin() noexcept {
    due_ = false;
    calls_since_ = 0;
    under_way_ = true;
  }
  /// The state is there; returns the one before it, which is to be dropped under no lock.
  [[nodiscard]] intrusive_ptr<store::entry> arrived(intrusive_ptr<store::entry> state) noexcept {
    under_way_ = false;
    failures_ = 0;
    return std::exchange(saved_, std::move(state));
  }
  /// There is none, and the one before it stays. Returns how many in a row have failed.
  std::uint32_t failed() noexcept {
    under_way_ = false;
    return ++failures_;
  }

  /// The object is half changed, or its device is lost: it is not saved any more.
  void spoil() noexcept { spoiled_ = true; }
  /// Another object begins: what was saved is to be loaded into it.
  void begin_life() noexcept {
    spoiled_ = due_ = false;
    calls_since_ = 0;
    load_due_ = static_cast<bool>(saved_);
  }
  [[nodiscard]] bool load_due() const noexcept { return load_due_; }
  [[nodiscard]] intrusive_ptr<store::entry> begin_load() noexcept {
    load_due_ = false;
    return saved_;
  }
  /// There will be no other life. What it returns is to be dropped under no lock.
  [[nodiscard]] intrusive_ptr<store::entry> forget() noexcept {
    spoiled_ = true;
    return std::exchange(saved_, nullptr);
  }

 private:
  const std::unique_ptr<const state_calls> calls_;
  const std::uint32_t every_;
  std::uint32_t calls_since_ = 0;
  std::uint32_t failures_ = 0;
  bool due_ = false;
  bool under_way_ = false;
  bool spoiled_ = false;
  bool load_due_ = false;
  intrusive_ptr<store::entry> saved_;
};

}  // namespace glint::detail
