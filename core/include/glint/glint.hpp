// SPDX-License-Identifier: Apache-2.0
#pragma once

/// All of Glint that a program needs; algorithms for device functions are in <glint/kernels/kernels.hpp>.

#include <glint/base/exception.hpp>
#include <glint/base/local_only.hpp>
#include <glint/base/recycling_allocator.hpp>
#include <glint/core/actor.hpp>
#include <glint/core/actor_pool.hpp>
#include <glint/core/any_ref.hpp>
#include <glint/core/as_completed.hpp>
#include <glint/core/batch.hpp>
#include <glint/core/cancel.hpp>
#include <glint/core/co_task.hpp>
#include <glint/core/generator.hpp>
#include <glint/core/launch.hpp>
#include <glint/core/map.hpp>
#include <glint/core/metadata.hpp>
#include <glint/core/object_ref.hpp>
#include <glint/core/objects.hpp>
#include <glint/core/options.hpp>
#include <glint/core/promise.hpp>
#include <glint/core/queue.hpp>
#include <glint/core/runtime.hpp>
#include <glint/core/sleep.hpp>
#include <glint/core/submit.hpp>
#include <glint/core/table.hpp>
#include <glint/core/this_task.hpp>
#include <glint/core/variants.hpp>
#include <glint/core/wait.hpp>
#include <glint/core/when.hpp>
#include <glint/gpu/gpu_context.hpp>
#include <glint/gpu/tensor.hpp>
