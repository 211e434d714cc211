// SPDX-License-Identifier: Apache-2.0
#pragma once

inline std::string planted() { return "needs <string>, and does not include it"; }
