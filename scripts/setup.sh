#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/setup.sh: installs what Glint needs and is missing, from the packages of Debian 12 or Ubuntu 24.04, and says
# what it did. CUDA and NCCL are only looked for. It removes nothing: an installation that would remove a package is
# refused, and a Boost that conflicts with the user's is unpacked into build/deps instead.
# When everything is there it changes nothing, needs no privileges and does not touch the network.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
exec </dev/null
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

deps_dir="$glint_root/build/deps"
boost_version_min=108100  # the first Boost whose PFR has what base/ uses

# Sets the names that differ between the distributions: distribution, boost_package, jpeg_package.
detect_distribution() {
  local id version
  [ -r /etc/os-release ] || fail "/etc/os-release is missing: only Debian 12 and Ubuntu 24.04 are supported"
  id="$(. /etc/os-release && printf '%s' "${ID:-}")"
  version="$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")"
  distribution="$id $version"
  case "$distribution" in
    "debian 12") boost_package=libboost1.81-dev jpeg_package=libjpeg62-turbo-dev ;;
    "ubuntu 24.04") boost_package=libboost1.83-dev jpeg_package=libjpeg-turbo8-dev ;;
    *) fail "this is '$distribution': only Debian 12 and Ubuntu 24.04 are supported" ;;
  esac
}

# One line per package. clang-format has a fixed version on every distribution, because each version formats a little
# differently and the format gate has to say the same everywhere. git, python3 and ctags are what the gates run on.
packages() {
  printf '%s\n' g++ cmake ninja-build ccache pkg-config git python3 clang-format-14 universal-ctags \
    libspdlog-dev libfmt-dev libgtest-dev libgmock-dev libcereal-dev libthrust-dev libexpected-dev zlib1g-dev
}

# What examples are built with and everything else does without: where one of these cannot be had, cmake leaves its
# example out.
optional_packages() {
  printf '%s\n' libpng-dev "$jpeg_package" liblapack-dev
}

# Sets missing[] and missing_optional[]; the others are reported with one line. One dpkg-query for all, since each start
# of it costs.
find_missing() {
  local name have
  # shellcheck disable=SC2046  # one word a package is wanted; dpkg-query fails when it does not know one of them
  have="$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $(packages) $(optional_packages) 2>/dev/null || true)"
  have=" $(printf '%s\n' "$have" | sed -n 's/^installed //p' | tr '\n' ' ')"
  missing=()
  missing_optional=()
  for name in $(packages); do
    [[ "$have" == *" $name "* ]] || missing+=("$name")
  done
  for name in $(optional_packages); do
    [[ "$have" == *" $name "* ]] || missing_optional+=("$name")
  done
  [ "$have" = " " ] || say "already there:${have% }"
}

# boost_is_enough INCLUDE_DIR: whether a Boost with a recent PFR lies there.
boost_is_enough() {
  local version
  [ -r "$1/boost/pfr.hpp" ] || return 1
  version="$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' "$1/boost/version.hpp" 2>/dev/null)"
  [ "${version:-0}" -ge "$boost_version_min" ]
}

# Reports a usable Boost.PFR, wherever it came from; fails if there is none.
find_boost() {
  local dir
  for dir in "$deps_dir/usr/include" /usr/include /usr/local/include; do
    if boost_is_enough "$dir"; then
      say "already there: Boost.PFR in $dir"
      return 0
    fi
  done
  return 1
}

# as_root command...: directly, or by sudo. sudo asks for a password on the terminal, not on stdin.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo env LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

require_root() {
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "missing packages: $*. Run this as root or install sudo, or let an administrator run: apt-get install $*"
}

# Prints the packages that installing "$@" would remove.
would_remove() {
  local plan
  plan="$(apt-get install -s --no-install-recommends "$@" 2>&1)" || {
    printf '%s\n' "$plan" >&2
    fail "apt cannot install: $*$([ "${distribution% *}" = ubuntu ] && echo ' (is the component "universe" enabled?)')"
  }
  printf '%s\n' "$plan" | sed -n 's/^Remv \([^ ]*\).*/\1/p'
}

# The optional ones that are missing, each for itself: who has no privileges, or another package in its place, goes on
# without.
provide_optional() {
  local name
  for name in "${missing_optional[@]}"; do
    if [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; then
      (install_packages "$name") || warn "going on without $name: its example is left out"
    else
      warn "going on without $name: its example is left out (apt-get install $name)"
    fi
  done
}

update_lists() {
  say "updating the package lists"
  as_root apt-get update -q >/dev/null || warn "apt-get update failed; going on with the lists that are there"
}

# install_packages names...: all or nothing, and never at the price of another package.
install_packages() {
  local removed
  removed="$(would_remove "$@")" || exit 1
  [ -z "$removed" ] ||
    fail "installing $* would remove: $(printf '%s' "$removed" | tr '\n' ' '); nothing was changed, please decide yourself"
  as_root apt-get install -q -y --no-install-recommends --no-remove "$@" >&2 || fail "apt could not install: $*"
  say "installed: $*"
}

# Puts the headers of the Boost package into build/deps, where cmake looks first. They are unpacked beside it and
# moved at the end, so that an interrupted run leaves nothing half.
unpack_boost() {
  local staging
  mkdir -p "$deps_dir"
  staging="$(mktemp -d "$deps_dir/staging.XXXXXX")"
  (cd "$staging" && apt-get download -q "$boost_package" >&2 && dpkg -x ./*.deb tree) ||
    { rm -rf "$staging"; fail "could not download and unpack $boost_package"; }
  boost_is_enough "$staging/tree/usr/include" || { rm -rf "$staging"; fail "$boost_package has no usable Boost.PFR"; }
  rm -rf "${deps_dir:?}/usr"
  mv "$staging/tree/usr" "$deps_dir/usr"
  rm -rf "$staging"
  say "unpacked: $boost_package into $deps_dir (another Boost is installed and stays)"
}

# Another Boost is what is installed as headers (a -dev package would be replaced) or what apt would remove.
other_boost_present() {
  [ -e /usr/include/boost/version.hpp ] || [ -n "$(would_remove "$boost_package")" ]
}

provide_boost() {
  if other_boost_present; then
    unpack_boost
  else
    require_root "$boost_package"
    install_packages "$boost_package"
  fi
}

detect_cuda() {
  local nvcc version
  if nvcc="$(find_nvcc)"; then
    version="$("$nvcc" --version | sed -n 's/.*release [^,]*, V\(.*\)/\1/p')"
    say "detected: CUDA ${version:-of unknown version} ($nvcc)"
  else
    say "detected: CUDA not found (the cuda preset is skipped)"
  fi
}

detect_nccl() {
  local nvcc root dir header
  nvcc="$(find_nvcc)" && root="$(dirname -- "$(dirname -- "$(readlink -f "$nvcc")")")" || root=""
  for dir in ${NCCL_HOME:+"$NCCL_HOME/include"} ${root:+"$root/include"} /usr/local/include /usr/include; do
    header="$dir/nccl.h"
    if [ -r "$header" ]; then
      say "detected: NCCL $(nccl_version "$header") ($header)"
      return 0
    fi
  done
  say "detected: NCCL not found"
}

nccl_version() {
  sed -n 's/^#define NCCL_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\)$/\2/p' "$1" | paste -s -d .
}

main() {
  local need_boost=no
  detect_distribution
  find_missing
  find_boost || need_boost=yes
  if [ "${#missing[@]}" -gt 0 ] || [ "${#missing_optional[@]}" -gt 0 ] || [ "$need_boost" = yes ]; then
    [ "${#missing[@]}" -eq 0 ] || require_root "${missing[@]}"
    if [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; then update_lists; fi
    [ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"
    [ "$need_boost" = no ] || provide_boost
    provide_optional
  fi
  detect_cuda
  detect_nccl
  say "setup is complete ($distribution)"
}

main "$@"
