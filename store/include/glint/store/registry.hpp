// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <glint/base/error.hpp>

namespace glint::store {

class entry;

/// Lists the live entries of the process, so that shutdown can fail and empty them. Sharded by the thread that made
/// them: making one takes a lock that in practice no other thread wants. Never destroyed: entries may outlive `main`.
/// Lock order: a shard before an entry.
class registry {
 public:
  /// Fails every entry that is pending or issued: wakes all who wait. New ones may appear meanwhile.
  static void fail_unsettled(const error& why) noexcept;
  /// Fails and empties every entry and forgets it. Precondition: no task runs and nobody makes entries.
  static void empty_all(const error& why) noexcept;
  /// Entries listed now; for tests of leaks.
  [[nodiscard]] static std::size_t count() noexcept;

 private:
  friend class entry;
  static std::uint8_t add(entry& e) noexcept;
  static void remove(entry& e) noexcept;
  template <class Act>
  static void for_each(bool forget, Act act) noexcept;
};

}  // namespace glint::store
