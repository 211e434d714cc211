// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <glint/core/detail/resource_share.hpp>
#include <glint/gpu/stream.hpp>
#include <glint/store/entry.hpp>

namespace glint::detail {

/// Gives the share back once `object` is settled, at once if it is or is null: an actor's, whose last calls may still
/// run on its device when its object is gone.
void give_back_after(resource_share share, store::entry* object) noexcept;
/// Gives the share back once the point is reached, at once if it is: a body's that threw after it had enqueued work.
void give_back_after(resource_share share, const gpu::stream_point& point) noexcept;

}  // namespace glint::detail
