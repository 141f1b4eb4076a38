# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# The Debian packages Salon needs, for data/start and tests/run to source.

# shellcheck disable=SC2034 # used by those who source it
build_packages='gcc libc6-dev meson ninja-build pkgconf gettext
  libglib2.0-dev libglib2.0-dev-bin libjson-glib-dev libsoup-3.0-dev libhiredis-dev libqrencode-dev libssl-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libgstreamer-plugins-bad1.0-dev libnice-dev
  libusrsctp-dev libseccomp-dev libcurl4-openssl-dev'
# gstreamer1.0-x has, beside windows, the elements that write into pictures.
# shellcheck disable=SC2034
run_packages='redis-server ca-certificates glib-networking libglib2.0-data gstreamer1.0-tools
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-nice gstreamer1.0-x
  fonts-dejavu-core'

say () {
  printf '\n== %s\n' "$*" >&2
}

missing_packages () {
  for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      printf '%s ' "$package"
  done
}

as_root () {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say "Please run as root: $*"
    exit 1
  fi
}

# install_packages PACKAGE...: those that are missing; nothing is asked of the network when none is.
install_packages () {
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  say "Installing: $missing"
  as_root apt-get update -q
  # shellcheck disable=SC2086 # the list is a list
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}
