// SPDX-License-Identifier: Apache-2.0
#include <glint/store/entry.hpp>

#include "table.hpp"
