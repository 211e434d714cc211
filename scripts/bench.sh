#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/bench.sh SUITE [options]: builds the release preset with the benchmarks' peers, runs a suite, prints its table and
# writes build/bench/SUITE.json. Suites: local; gpu, on a GPU where there is one and nvcc, else on an emulated device. Options go to the suite: --workers=N (default 2; 1, 2 and 4 are what
# docs/performance.md shows), --runs=N, --only=TEXT, --no-peers, --context=TEXT, --json=PATH.
# Peers are other libraries; each is optional, and what is missing is said together with how to install it.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
exec </dev/null  # nothing here asks, also when stdin is closed

peer_packages() { printf '%s\n' libtbb-dev libcaf-dev libstarpu-dev libomp-dev; }

# The figures can be had without the peers, so this only says what is missing.
report_missing_peers() {
  local name missing=()
  for name in $(peer_packages); do
    dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ "${#missing[@]}" -eq 0 ] || warn "not installed: ${missing[*]}; for their columns: apt-get install ${missing[*]}"
}

# A busy machine measures its own noise. What runs right now counts, not the load average: that still has our own build in it.
report_load() {
  local running
  running="$(cut -d ' ' -f 4 /proc/loadavg 2>/dev/null)" || return 0
  running=$((${running%/*} - 1))  # but the process that reads it
  [ "$running" -le 0 ] || warn "$running other threads run: these figures are not to be kept"
}

main() {
  local suite="${1:-}"
  case "$suite" in
    local | gpu) shift ;;
    *) fail "usage: scripts/bench.sh local|gpu [options]" ;;
  esac
  "$glint_root/scripts/setup.sh"
  local preset=release options=(-DGLINT_BENCH_PEERS=ON)
  if [ "$suite" = gpu ]; then
    options=()
    if has_gpu && find_nvcc >/dev/null; then preset=cuda; fi
  else
    report_missing_peers
  fi
  configure_preset "$preset" "${options[@]}"
  build_preset "$preset" "bench_$suite"
  report_load
  "$glint_root/build/$preset/bench/bench_$suite" --json="$glint_root/build/bench/$suite.json" "$@"
}

main "$@"
