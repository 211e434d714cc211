// SPDX-License-Identifier: Apache-2.0
#pragma once
#ifdef __CUDACC__
#include <cuda_runtime.h>
#endif
#include <glint/base/a.hpp>
#include <thrust/tuple.h>
