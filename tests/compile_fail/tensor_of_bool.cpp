// SPDX-License-Identifier: Apache-2.0
// bool has no dtype: its bytes have no fixed meaning on a device.
#include <glint/gpu/tensor.hpp>

#include "wrong.hpp"

glint::tensor<WRONG(char, bool)> mask;
