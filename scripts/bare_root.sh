#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/bare_root.sh DIR [command...]: shows that a fresh machine needs nothing but the repository. Makes a bare
# Debian 12 root in DIR/root (needs root and debootstrap), clones the last commit into it, and runs scripts/demo.sh and
# scripts/test.sh there, or the given command instead. Uncommitted changes are not seen.
# DIR is kept: DIR/pristine.tar is the untouched root, so that a second run starts bare again without downloading.
set -euo pipefail
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
exec </dev/null

suite=bookworm
mirror="${GLINT_DEBIAN_MIRROR:-}"  # empty: the one that debootstrap takes by itself
mounts=(proc sys dev/shm)

# Takes the mounts away, the last one first. A mount that stays is reported, and then nothing may be deleted.
unmount_all() {
  local index
  for ((index = ${#mounts[@]} - 1; index >= 0; index--)); do
    if mountpoint -q "$root/${mounts[index]}"; then
      umount "$root/${mounts[index]}" || umount --lazy "$root/${mounts[index]}" || warn "$root/${mounts[index]} is still mounted"
    fi
  done
}

# Whether anything at all is mounted below the root. Deleting through a bind mount would delete the host's files.
anything_mounted() { awk '{print $5}' /proc/self/mountinfo | grep -q -e "^$root/" -e "^$root\$"; }

remove_old_root() {
  unmount_all
  anything_mounted && fail "something is mounted below $root; unmount it first"
  rm -rf --one-file-system -- "$root"
}

# Fills $root from the archive of the untouched system, which is made once.
make_root() {
  remove_old_root
  if [ ! -e "$dir/pristine.tar" ]; then
    say "debootstrap of $suite into $root"
    debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} >"$dir/debootstrap.log" ||
      { tail -n 5 "$dir/debootstrap.log" >&2; fail "debootstrap failed; see $dir/debootstrap.log"; }
    tar -C "$root" --numeric-owner -cf "$dir/pristine.tar.part" .
    mv "$dir/pristine.tar.part" "$dir/pristine.tar"
  else
    mkdir -p "$root"
    tar -C "$root" --numeric-owner -xf "$dir/pristine.tar"
  fi
}

# copy_in PATH: a file or folder of the host to the same place in the root, if the host has it. Links are followed.
copy_in() {
  [ -e "$1" ] || return 0
  mkdir -p "$root$(dirname -- "$1")"
  rm -rf -- "${root:?}$1"
  cp -rL -- "$1" "$root$1"
}

# The way to the package mirror: name service, sources if the host is of the same release, proxies, certificates.
copy_network_settings() {
  local file
  copy_in /etc/resolv.conf
  copy_in /etc/hosts
  copy_in /etc/ssl/certs
  copy_in /usr/local/share/ca-certificates
  for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
    if grep -qs -i -e proxy -e cainfo "$file"; then copy_in "$file"; fi
  done
  # The distribution's own sources only: others need keys that a bare root lacks.
  if grep -q "VERSION_CODENAME=$suite" /etc/os-release; then
    rm -f "$root/etc/apt/sources.list"
    copy_in /etc/apt/sources.list
    copy_in /etc/apt/sources.list.d/debian.sources
  fi
}

mount_all() {
  mkdir -p "$root/proc" "$root/sys" "$root/dev/shm"
  mount -t proc proc "$root/proc"
  mount --bind /sys "$root/sys"  # not recursive, so that unmounting it reaches nothing of the host's
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
}

# A clone without history and without anything that is not committed.
copy_repository() {
  git -c safe.directory='*' clone -q --no-local --depth 1 "file://$glint_root" "$root/glint"
}

# An environment as empty as that of a new machine; only proxies pass.
in_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    chroot "$root" "$@"
}

run_timed() {
  local start="$SECONDS" rc=0
  say "in the bare root: $*"
  in_root "$@" || rc=$?
  say "in the bare root: $* ended with $rc after $((SECONDS - start)) s"
  return "$rc"
}

main() {
  local rc=0
  [ "$#" -ge 1 ] || fail "usage: scripts/bare_root.sh DIR [command...]"
  [ "$(id -u)" -eq 0 ] || fail "chroot and mount need root"
  command -v debootstrap >/dev/null || fail "debootstrap is not installed"
  mkdir -p "$1"
  dir="$(cd -- "$1" && pwd -P)"
  root="$dir/root"
  shift
  trap unmount_all EXIT
  trap 'exit 130' INT TERM
  make_root
  copy_network_settings
  copy_repository
  mount_all
  if [ "$#" -gt 0 ]; then
    run_timed "$@" || rc=1
  else
    run_timed /glint/scripts/demo.sh || rc=1
    run_timed /glint/scripts/test.sh || rc=1
  fi
  exit "$rc"
}

main "$@"
