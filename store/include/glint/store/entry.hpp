// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <glint/base/error.hpp>
#include <glint/base/intrusive_ptr.hpp>
#include <glint/base/mutex.hpp>
#include <glint/base/recycling_allocator.hpp>
#include <glint/base/serializable.hpp>
#include <glint/base/slab.hpp>
#include <glint/base/type_name.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/gpu/tensor.hpp>
#include <glint/gpu/tensors_in.hpp>
#include <glint/store/detail/held_bytes.hpp>
#include <glint/store/residency.hpp>
#include <glint/store/type_descriptor.hpp>

namespace glint::store {

class entry;

/// How far an object is. Levels only rise; `failed` may follow `issued`.
enum class readiness : std::uint8_t {
  pending,  ///< Nobody has made it yet.
  issued,   ///< The value is there, its tensors are valid in stream order after `entry::issued_at()`.
  ready,    ///< Valid for everybody.
  failed,   ///< Never to be valid; `entry::failure()` says why.
};

/// One who waits for an object to reach a level. Lives in its owner (a task's argument, a blocked thread's stack): the
/// entry links it, allocates nothing.
class waiter {
 public:
  /// A patient one does not make a stream tell of an issued object sooner than it would by itself.
  enum class haste : std::uint8_t { asks, patient };

  explicit waiter(readiness wanted, haste how = haste::asks) noexcept : wanted_(wanted), haste_(how) {}
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  virtual ~waiter() = default;

  /// The level was reached or the object failed. Called once, with no lock held, by whoever published; must not block.
  /// The waiter may be gone when this returns.
  virtual void level_reached(entry& e) noexcept = 0;

  [[nodiscard]] readiness wanted() const noexcept { return wanted_; }

 protected:
  readiness wanted_;

 private:
  friend class entry;
  friend class waiter_list;
  const haste haste_;
  waiter* previous_ = nullptr;
  waiter* next_ = nullptr;
  entry* waits_on_ = nullptr;  // guarded by that entry's lock
};

/// Intrusive doubly linked list in order of arrival.
class waiter_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push_back(waiter& w) noexcept;
  void erase(waiter& w) noexcept;
  [[nodiscard]] waiter* pop_front() noexcept;
  /// Whether anyone is not patient.
  [[nodiscard]] bool anyone_asks() const noexcept;
  /// Moves those that want at most `level` to the end of `out`.
  void extract(readiness level, waiter_list& out) noexcept;

 private:
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

/// Who is to make an object; reachable from the entry until the level first rises, so that who no longer wants the
/// object can say so. The store only keeps it in memory: what it is, its maker knows.
class producer {
 public:
  /// Keeps this in memory until `unpin`; called by an entry under its lock.
  virtual void pin() noexcept = 0;
  virtual void unpin() noexcept = 0;
  /// Shutdown's, while pinned: fails what it was to make, and asks it to stop.
  virtual void end(const error& why) noexcept = 0;

 protected:
  ~producer() = default;
};

/// A producer that cannot go away meanwhile, or none.
class producer_pin {
 public:
  constexpr producer_pin() noexcept = default;
  producer_pin(producer* pinned, adopt_t) noexcept : producer_(pinned) {}
  producer_pin(producer_pin&& other) noexcept : producer_(std::exchange(other.producer_, nullptr)) {}
  producer_pin& operator=(producer_pin other) noexcept {
    std::swap(producer_, other.producer_);
    return *this;
  }
  ~producer_pin() {
    if (producer_) producer_->unpin();
  }
  [[nodiscard]] producer* get() const noexcept { return producer_; }

 private:
  producer* producer_ = nullptr;
};

/// The header of an object: level, waiters, error, copies in other memories. The payload is the derived
/// `typed_entry`'s; nothing here depends on its bytes.
///
/// Thread-safe. One small lock an entry guards waiters and copies, never held while anybody is called; level reads are
/// one acquire load. There is no global lock or table: entries are found through refs only, and `registry` lists them
/// in shards, by thread, for shutdown.
///
/// Whoever makes an entry is its first *user*; the producer has a *hold*. Order: value (or error) is written, then the
/// level rises (release), then waiters are told.
class entry : public ref_counted, public slab_allocated {
 public:
  [[nodiscard]] readiness level() const noexcept { return level_.load(std::memory_order_acquire); }
  [[nodiscard]] bool settled() const noexcept { return level() >= readiness::ready; }
  [[nodiscard]] const type_descriptor& type() const noexcept { return type_; }
  /// When it was made, to within 4 ms or so: the coarse clock is read, which takes a quarter of the time of the exact
  /// one (11 ns of 55, measured on a virtual x86-64 machine).
  [[nodiscard]] std::chrono::system_clock::time_point created() const noexcept {
    return std::chrono::system_clock::time_point(std::chrono::nanoseconds(created_ns_));
  }

  /// Why it failed. Precondition: level() == failed.
  [[nodiscard]] const error& failure() const noexcept;
  /// The point of a stream after which the tensors inside are valid. Precondition: the level was issued before.
  [[nodiscard]] const gpu::stream_point& issued_at() const noexcept { return issued_at_; }
  /// The native value. Precondition: issued or ready.
  [[nodiscard]] void* value() noexcept { return payload(); }

  /// Whether the value was constructed: the producer's to ask, and anyone's once the level is issued or ready.
  [[nodiscard]] bool has_value() const noexcept { return has_value_; }

  /// The maker's, before anyone else knows the entry.
  void made_by(producer& maker) noexcept { producer_ = &maker; }
  /// Who is to make it; nothing once the level rose, or for what was put.
  [[nodiscard]] producer_pin pin_producer() noexcept;

  /// Links `w` unless its level is reached already. True: `w.level_reached` will be called once. False: go on yourself.
  /// For an issued object the stream is asked to tell (gpu::stream::ask), unless `w` is patient.
  [[nodiscard]] bool add(waiter& w) noexcept;
  /// Unlinks `w`. True: it will not be called. False: it was called or is being called right now.
  [[nodiscard]] bool remove(waiter& w) noexcept;

  /// The producer's: destroys a value that was constructed and will not be published.
  void discard() noexcept { destroy_value(); }
  /// The producer's: the value was constructed in place. False if the entry had failed meanwhile (shutdown).
  bool publish_ready() noexcept;
  /// The same at once, by who has just made the entry and shown it to nobody, while the runtime cannot go away.
  void begin_ready() noexcept { level_.store(readiness::ready, std::memory_order_release); }
  bool publish_issued(gpu::stream_point at) noexcept;
  /// Anybody's: false if it was ready or failed already.
  bool fail(error e) noexcept;

  /// Shutdown's: fails a pending entry and drops the value and the copies of any other. Precondition: no task runs.
  void empty(const error& why) noexcept;

  /// Keeps the tensors inside where they are until `unpin`; nothing for a type without. Whoever looks at a value with
  /// tensors has to. False: this is a copy that was dropped. Precondition: issued or ready; see residency.
  [[nodiscard]] bool pin() noexcept { return !residency_ || residency_->pin(); }
  void unpin() noexcept {
    if (residency_) residency_->unpin(true);
  }
  /// After a look only.
  void unpin_unused() noexcept {
    if (residency_) residency_->unpin(false);
  }
  /// Keeps them there for good: somebody is given a reference to the value.
  void expose() noexcept {
    if (residency_) residency_->expose();
  }
  /// By its only user, who goes: an issued object's tensors go with him, so that their memory is free in order of its
  /// stream, though its producer holds the object until it is ready. Nothing while somebody has pinned them.
  void drop_issued_tensors() noexcept;
  /// Null for a type without tensors, and before the value is published.
  [[nodiscard]] residency* where() const noexcept { return residency_.get(); }
  /// The producer's, before it publishes at once (begin_ready): others do it themselves.
  void track() noexcept {
    if (type_.contains_tensors && !residency_) residency_ = std::make_unique<residency>();
  }

  /// A copy of this object at `place`, if one is cached.
  [[nodiscard]] intrusive_ptr<entry> cached_copy(memory_place place) noexcept;
  /// Caches `copy`; returns it, or the one that somebody else cached first.
  [[nodiscard]] intrusive_ptr<entry> cache_copy(memory_place place, intrusive_ptr<entry> copy) noexcept;
  /// Forgets the copy at `place`, for who has made its tensors the object's own.
  void forget_copy(memory_place place) noexcept;

 protected:
  explicit entry(const type_descriptor& type) noexcept;
  ~entry() override;

  /// Destroys the value if there is one; for the derived type's destructor.
  void destroy_value() noexcept;

  [[nodiscard]] virtual void* payload() noexcept = 0;
  bool has_value_ = false;  // written by the producer before the level rises

 private:
  friend class registry;

  /// Links a waiter. True: linked. `asked`: the point to ask for, once no lock is held.
  [[nodiscard]] bool link(waiter& w, gpu::stream_point& asked) noexcept;
  /// Whether anyone who waits is not patient.
  [[nodiscard]] bool somebody_asks() noexcept;
  [[nodiscard]] bool usable_copy() const noexcept;
  bool rise(readiness to, std::unique_ptr<const error> failure) noexcept;

  std::atomic<readiness> level_{readiness::pending};
  std::uint8_t shard_ = 0;  // registry's, by the thread that made it
  spin_mutex mutex_;
  waiter_list waiters_ GLINT_GUARDED_BY(mutex_);
  const type_descriptor& type_;
  const std::int64_t created_ns_;         // since the epoch
  std::unique_ptr<const error> failure_;  // written once, before the level is failed
  gpu::stream_point issued_at_;           // written once, before the level is issued
  std::unique_ptr<residency> residency_;  // made before the level rises, for types with tensors
  producer* producer_ = nullptr;  // guarded by mutex_ once the entry is shared; null when the level is not pending
  entry* registry_previous_ = nullptr;  // guarded by the shard's lock
  entry* registry_next_ = nullptr;
  bool registered_ = true;
};

/// The descriptor of `T`: one static instance.
template <class T>
[[nodiscard]] const type_descriptor& descriptor_of() noexcept;

/// An object with its native value inside: no serialization, no second allocation. Derived from only by entries that
/// must do something when they go (core's combinations).
template <class T>
class typed_entry : public entry {
 public:
  typed_entry() noexcept : entry(descriptor_of<T>()) {}

  /// Constructs the value from what `make` returns, in place. The producer's, once, before publishing.
  template <class Make>
  void construct(Make&& make) {
    ::new (static_cast<void*>(&storage_)) T(std::forward<Make>(make)());
    has_value_ = true;
  }

  [[nodiscard]] T& get() noexcept { return *std::launder(reinterpret_cast<T*>(&storage_)); }

 protected:
  ~typed_entry() override { destroy_value(); }

 private:
  void* payload() noexcept final { return &storage_; }

  alignas(T) std::byte storage_[sizeof(T)];
};

namespace detail {

/// Whether values can be copied: std::vector<std::unique_ptr<T>> claims to be copy constructible and is not.
template <class T>
constexpr bool copyable() noexcept {
  if constexpr (requires { typename T::value_type; }) {
    if constexpr (!std::is_same_v<typename T::value_type, T> && std::is_object_v<typename T::value_type>) {
      return std::is_copy_constructible_v<T> && copyable<typename T::value_type>();
    }
  }
  return std::is_copy_constructible_v<T>;
}

template <class T>
void visit_tensors(void* value, const tensor_visitor& visitor) {
  for_each_tensor(*static_cast<T*>(value), [&visitor](tensor_base& t) { visitor.function(visitor.context, t); });
}

template <class T>
entry* clone(const void* value) {
  auto copy = make_intrusive<typed_entry<T>>();
  copy->construct([value]() -> T { return glint::detail::copy_of(*static_cast<const T*>(value)); });
  return copy.detach();
}

template <class T>
constexpr type_descriptor describe() noexcept {
  type_descriptor d{.name = &type_name<T>,
                    .bytes = sizeof(T),
                    .serializable = serializable<T>,
                    .held_bytes = nullptr,
                    .contains_tensors = contains_tensor<T>,
                    .visit_tensors = nullptr,
                    .clone = nullptr,
                    .destroy = [](void* value) noexcept { static_cast<T*>(value)->~T(); }};
  if constexpr (std::is_same_v<T, unit>) d.name = &type_name<void>;
  if constexpr (contains_tensor<T>) d.visit_tensors = &visit_tensors<T>;
  if constexpr (copyable<T>()) d.clone = &clone<T>;
  if constexpr (may_hold_bytes<T>()) d.held_bytes = &held_bytes_of<T>;
  return d;
}

}  // namespace detail

template <class T>
const type_descriptor& descriptor_of() noexcept {
  static constexpr type_descriptor descriptor = detail::describe<T>();
  return descriptor;
}

}  // namespace glint::store
