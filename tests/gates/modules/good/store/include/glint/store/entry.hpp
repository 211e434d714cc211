// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <glint/base/a.hpp>
#include <glint/gpu/slabs.hpp>
