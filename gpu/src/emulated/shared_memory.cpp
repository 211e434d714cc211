// SPDX-License-Identifier: Apache-2.0
#include "shared_memory.hpp"

#include <cstring>
#include <new>

namespace glint::gpu::emulated {

void shared_memory_of_block::deleter::operator()(std::byte* at) const noexcept {
  ::operator delete (at, std::align_val_t{alignment});
}

shared_memory_of_block::piece::piece(const void* of, std::size_t size) : key(of), bytes(size) {
  if (size != 0) data.reset(static_cast<std::byte*>(::operator new (size, std::align_val_t{alignment})));
  fill();
}

void shared_memory_of_block::piece::fill() const noexcept {
  if (data) std::memset(data.get(), 0xff, bytes);
}

shared_memory_of_block::shared_memory_of_block(std::size_t dynamic_bytes) : dynamic_(nullptr, dynamic_bytes) {}

void shared_memory_of_block::begin_block() noexcept {
  dynamic_.fill();
  for (const piece& p : pieces_) p.fill();
}

void* shared_memory_of_block::of(const void* key, std::size_t bytes) {
  for (const piece& p : pieces_) {
    if (p.key == key) return p.data.get();
  }
  return pieces_.emplace_back(key, bytes).data.get();
}

}  // namespace glint::gpu::emulated
