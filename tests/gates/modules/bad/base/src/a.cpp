// SPDX-License-Identifier: Apache-2.0
#include <glint/base/nowhere.hpp>
