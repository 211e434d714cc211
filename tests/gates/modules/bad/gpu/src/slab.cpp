// SPDX-License-Identifier: Apache-2.0
#include <glint/base/a.hpp>
#include <glint/store/entry.hpp>

#include "slab.hpp"
