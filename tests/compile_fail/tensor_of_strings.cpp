// SPDX-License-Identifier: Apache-2.0
// Elements are plain numbers.
#include <glint/gpu/tensor.hpp>

#include <string>

#include "wrong.hpp"

using text = std::string;
glint::tensor<WRONG(char, text)> names;
