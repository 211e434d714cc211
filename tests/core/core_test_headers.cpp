// SPDX-License-Identifier: Apache-2.0
// CMake keeps a precompiled header with a source file; this is the one.
