// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <glint/base/assert.hpp>

namespace glint::detail {

/// Lets calls in while the runtime runs, and lets shutdown wait until those inside are out.
///
/// Calls count themselves in a shard of their thread, so that no word is shared on the way of a submit. Protocol
/// (Dekker, all seq_cst): a call adds itself and then reads `open_`; `close` clears `open_` and then reads the counts.
/// Either the call sees the gate closed, or `close` sees the call.
class call_gate {
 public:
  void open() noexcept { open_.store(true); }

  /// True: inside until `leave`. False: closed.
  [[nodiscard]] bool enter() noexcept {
    auto& inside = shard();
    inside.fetch_add(1);
    if (open_.load()) return true;
    leave();
    return false;
  }

  void leave() noexcept {
    auto& inside = shard();
    if (inside.fetch_sub(1) == 1 && !open_.load()) inside.notify_all();
  }

  /// Refuses new calls and waits for those inside. They are short: none blocks on work.
  void close() noexcept {
    open_.store(false);
    for (auto& s : shards_) {
      for (auto n = s.inside.load(); n != 0; n = s.inside.load()) s.inside.wait(n);
    }
  }

  [[nodiscard]] bool is_open() const noexcept { return open_.load(); }

 private:
  struct alignas(64) counter {
    std::atomic<std::uint32_t> inside{0};
  };
  [[nodiscard]] std::atomic<std::uint32_t>& shard() noexcept {
    static std::atomic<std::uint32_t> next{0};
    thread_local const std::uint32_t mine = next.fetch_add(1, std::memory_order_relaxed) % shard_count;
    return shards_[mine].inside;
  }

  static constexpr std::uint32_t shard_count = 32;
  std::atomic<bool> open_{false};
  std::array<counter, shard_count> shards_{};
};

}  // namespace glint::detail
