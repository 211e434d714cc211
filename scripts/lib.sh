# SPDX-License-Identifier: Apache-2.0
# What the scripts share: where the repository is, how they speak, and how a preset is configured, built and tested.
# Source it with `. "$(dirname "$0")/lib.sh"`; it starts nothing by itself.
# shellcheck shell=bash

glint_root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"

# Exit codes of scripts/test.sh, so that a caller can say which stage failed.
# shellcheck disable=SC2034
glint_exit_setup=10 glint_exit_configure=11 glint_exit_build=12 glint_exit_tests=13

say() { printf '%s\n' "glint: $*"; }
warn() { printf '%s\n' "glint: warning: $*" >&2; }
fail() { printf '%s\n' "glint: error: $*" >&2; exit 1; }

job_count() { nproc 2>/dev/null || echo 1; }

# Prints the path of nvcc, or nothing. The toolkit's own folder is looked at because installers do not touch PATH.
find_nvcc() {
  local candidate
  for candidate in "$(command -v nvcc)" "${CUDA_HOME:+$CUDA_HOME/bin/nvcc}" /usr/local/cuda/bin/nvcc \
      /usr/local/cuda-*/bin/nvcc; do
    if [ -n "$candidate" ] && [ -x "$candidate" ]; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# Whether CUDA could run here.
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }

# Sanitizer defaults; what the caller has set comes later in the list and therefore wins.
export_sanitizer_options() {
  local supp="$glint_root/tests/sanitizers"
  export ASAN_OPTIONS="halt_on_error=1:detect_leaks=1:check_initialization_order=1:strict_string_checks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
  export LSAN_OPTIONS="suppressions='$supp/lsan.supp':print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
  export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1:suppressions='$supp/ubsan.supp'${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions='$supp/tsan.supp'${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
}

# gcc 12's sanitizers expect mappings in fixed ranges. Kernels that randomize more than 28 bits of an address break
# that ("unexpected memory mapping"), in some runs only; there the programs have to run without randomization.
aslr_is_too_wide() {
  local bits
  bits="$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null)" || return 0  # unknown: assume the worst, -R does no harm
  [ "${bits:-32}" -gt 28 ]
}

# in_preset PRESET command...: runs a command as the programs of that preset need it. Building counts: test programs
# are run once at build time to list their cases.
in_preset() {
  local preset="$1"
  shift
  case "$preset" in
    asan | tsan) ;;
    *) "$@"; return ;;
  esac
  (
    export_sanitizer_options
    if ! aslr_is_too_wide; then
      "$@"
    elif setarch "$(uname -m)" -R true 2>/dev/null; then
      setarch "$(uname -m)" -R "$@"
    else
      warn "address randomization is wide and setarch -R is not permitted; sanitizers may fail to start"
      "$@"
    fi
  )
}

# configure_preset PRESET [options of cmake...]
configure_preset() {
  local preset="$1" nvcc
  shift
  if [[ "$preset" = cuda* ]] && [ -z "${CUDACXX:-}" ] && nvcc="$(find_nvcc)"; then
    export CUDACXX="$nvcc"
  fi
  (cd -- "$glint_root" && cmake --preset "$preset" "$@")
}

# build_preset PRESET [target]
build_preset() {
  local preset="$1"
  (cd -- "$glint_root" &&
    in_preset "$preset" cmake --build --preset "$preset" --parallel "$(job_count)" ${2:+--target "$2"})
}

# Where the results of a preset's last test run lie, as JUnit XML.
junit_path() { printf '%s\n' "$glint_root/build/$1/junit.xml"; }

# Runs the tests of a built preset. Outputs are kept whole in the report: the reason of a skip stands in them.
test_preset() {
  local preset="$1"
  (cd -- "$glint_root" &&
    in_preset "$preset" ctest --preset "$preset" --parallel "$(job_count)" --output-junit "$(junit_path "$preset")" \
      --test-output-size-passed 65536 --test-output-size-failed 1048576)
}
