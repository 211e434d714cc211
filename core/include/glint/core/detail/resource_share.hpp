// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

namespace glint::detail {

/// What the ledger has granted: given back when it is destroyed or reset, exactly once. Empty by default. Giving back
/// may run what was waiting for it (its `granted`), so no lock may be held then. Must not outlive the runtime.
/// Thread-compatible. One pointer.
class resource_share {
 public:
  /// Defined in core/src, with the ledger.
  struct held;

  resource_share() noexcept;
  explicit resource_share(std::unique_ptr<held> what) noexcept;
  resource_share(resource_share&&) noexcept;
  resource_share& operator=(resource_share&&) noexcept;
  ~resource_share();

  void reset() noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
  /// Indices of the devices of which it has a share: one, or several of which it has all; the one to work on first.
  [[nodiscard]] std::span<const int> devices() const noexcept;

 private:
  std::unique_ptr<held> held_;
};

}  // namespace glint::detail
