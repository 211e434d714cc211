// SPDX-License-Identifier: Apache-2.0
#pragma once

// WRONG(good, bad) stands for the one token in which a compile-fail test differs from its twin that compiles.
// Each test uses it exactly once; scripts/compile_fail.py holds that.
#ifdef GLINT_COMPILE_FAIL
#define WRONG(good, bad) bad
#else
#define WRONG(good, bad) good
#endif
