// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

inline std::string planted() { return "includes what it needs"; }
