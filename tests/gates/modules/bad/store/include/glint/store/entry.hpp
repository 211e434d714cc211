// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <glint/gpu/launch.hpp>
#include <spdlog/spdlog.h>

#include "../../../src/table.hpp"
