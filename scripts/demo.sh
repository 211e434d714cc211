#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/demo.sh [arguments of train_digits]: sets up, builds the main example optimized, and runs it.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
exec </dev/null  # nothing here asks, also when stdin is closed

"$glint_root/scripts/setup.sh"
configure_preset release
build_preset release train_digits
exec "$glint_root/build/release/examples/train_digits" "$@"
