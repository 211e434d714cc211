// SPDX-License-Identifier: Apache-2.0
#pragma once
#ifndef __CUDACC__
#include <cuda_runtime.h>
#endif
