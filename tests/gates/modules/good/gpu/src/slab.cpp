// SPDX-License-Identifier: Apache-2.0
#include "slab.hpp"

#include <cuda_runtime.h>
