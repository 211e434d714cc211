// SPDX-License-Identifier: Apache-2.0
#include <glint/base/a.hpp>
#include <spdlog/spdlog.h>
