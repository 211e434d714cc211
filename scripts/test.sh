#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/test.sh [preset]: sets up, configures, builds and runs all tests of a preset (default: dev).
# Exit codes: 10 setup, 11 configure, 12 build, 13 tests failed.
set -uo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
exec </dev/null  # nothing here asks, also when stdin is closed

main() {
  local preset="${1:-dev}" rc=0
  rm -f "$(junit_path "$preset")"  # a stale report must not speak for this run
  "$glint_root/scripts/setup.sh" || exit "$glint_exit_setup"
  configure_preset "$preset" || exit "$glint_exit_configure"
  build_preset "$preset" || exit "$glint_exit_build"
  test_preset "$preset" || rc="$glint_exit_tests"
  "$glint_root/scripts/ci_summary.py" --junit "$preset=$(junit_path "$preset")" || rc="$glint_exit_tests"
  exit "$rc"
}

main "$@"
