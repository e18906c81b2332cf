#!/bin/bash
# Installs what is missing on Debian (12 or later) or Ubuntu (24.04 or later), and makes .venv.
#   scripts/setup.sh run    what the sender needs
#   scripts/setup.sh dev    that, and what tests, lint and bench need
# Does nothing, in well under a second, when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:-run}
run_packages=(
  python3-venv python3-gi
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  libcap2-bin # without setcap, GStreamer's PTP helper would be installed setuid root
)
dev_packages=(gstreamer1.0-tools iproute2 linuxptp ptpd jackd2 ffmpeg tshark gstreamer1.0-alsa avahi-daemon avahi-utils curl nftables tmux systemd-container)
# Ubuntu has Chromium as a snap only, which no test can drive in a network of its own; its tests are skipped there.
if [[ $(. /etc/os-release 2>/dev/null && echo "${ID:-}") == debian ]]; then
  dev_packages+=(chromium chromium-driver)
fi
# PulseAudio would push PipeWire's replacements for it from a desktop; its tests are skipped there.
if ! dpkg-query --show --showformat='${db:Status-Status}\n' pipewire-alsa pipewire-pulse 2>/dev/null | grep -q '^installed'; then
  dev_packages+=(pulseaudio pulseaudio-utils libasound2-plugins)
fi
# Its dependency PyGObject would be built from C sources; the binding comes from python3-gi.
stubs='pygobject-stubs==2.20.0'
# Not the `python3` on PATH: only the system's own sees python3-gi.
system_python=/usr/bin/python3

say() { printf 'setup: %s\n' "$*"; }
die() {
  printf 'setup: %s\n' "$@" >&2
  exit 3
}

case $level in
run) packages=("${run_packages[@]}") ;;
dev) packages=("${run_packages[@]}" "${dev_packages[@]}") ;;
*)
  printf 'usage: %s run|dev\n' "$0" >&2
  exit 2
  ;;
esac

missing_packages() {
  dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' |
    grep --line-regexp --invert-match --fixed-strings --file=- <(printf '%s\n' "${packages[@]}") | tr '\n' ' ' || true
}

# As root, or through sudo; sudo would drop the variables, so env sets them behind it.
# NEEDRESTART_SUSPEND: Ubuntu would offer to restart services. Debconf questions (jackd2, tshark) keep their
# default answer, which is "no" for both, or the one given earlier.
apt() {
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"
}

may_install() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null || return
  sudo -n true 2>/dev/null || [[ -t 0 ]] # without a terminal nobody could type the password
}

install_packages() {
  local missing
  missing=$(missing_packages)
  [[ -n $missing ]] || return 0
  local by_hand="install by hand, as root:  apt-get install --no-install-recommends $missing"
  may_install || die "these system packages are missing, and there is no permission to install them: $missing" "$by_hand"
  say "installing system packages: $missing"
  # shellcheck disable=SC2086  # a list of package names
  {
    apt-get install --simulate --no-install-recommends $missing >/dev/null 2>&1 || apt update ||
      say "the package lists could not be brought up to date"
    apt install --yes --no-install-recommends $missing ||
      { say "once more, with new package lists" && apt update && apt install --yes --no-install-recommends $missing; } ||
      die "the system packages could not be installed (see above)" "$by_hand"
  } </dev/null
}

check_other_system() {
  "$system_python" -c '
import ensurepip, venv, gi
for name in ("Gst", "GstApp", "GstAudio", "GstNet"):
    gi.require_version(name, "1.0")
' 2>/dev/null || die "this set-up installs packages on Debian and Ubuntu only, and here something is missing" \
    "install Python 3.11 or later with venv, GStreamer 1.22 or later with the base and good plugins, and PyGObject" \
    "for $system_python; then run this again (tests also need ptp4l, ptpd, ip, jackd, ffmpeg, tshark, gst-launch-1.0)"
}

make_venv() {
  "$system_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python 3.11 or later is needed; $system_python is $("$system_python" -V 2>&1)" \
      "use Debian 12, Ubuntu 24.04 or later"
  say "making .venv with $("$system_python" -V)"
  rm -rf .venv
  "$system_python" -m venv --system-site-packages .venv
}

install_python() {
  local pip=(.venv/bin/python -m pip --disable-pip-version-check install)
  [[ -t 1 ]] || pip+=(--quiet)
  say "installing Python packages for level '$level' (the first time a few minutes)"
  "${pip[@]}" --editable .
  [[ $level == dev ]] || return 0
  # The group is read here because Debian 12's pip does not know --group.
  .venv/bin/python -c '
import pathlib, tomllib
print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["dependency-groups"]["dev"], sep="\n")
' >.venv/dev-requirements.txt
  "${pip[@]}" --requirement .venv/dev-requirements.txt
  "${pip[@]}" --no-deps "$stubs"
}

# A judge of SDP that exists for Node.js only; its tests are skipped without it.
install_judge() {
  command -v npm >/dev/null || return 0
  npm install --silent --no-audit --no-fund --prefix .venv/node sdpoker@0.1.0 >/dev/null ||
    say "sdpoker could not be installed; its tests will be skipped"
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  install_packages
else
  check_other_system
fi

# What .venv was made for: these files, this folder, this Python.
wanted=$({ cat pyproject.toml scripts/setup.sh && pwd && "$system_python" -V; } | sha256sum | cut -d' ' -f1)
done_levels=$(cat .venv/setup-stamp 2>/dev/null || true)
if [[ $done_levels == *"$level $wanted"* || $done_levels == *"dev $wanted"* ]] && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

# A venv of another folder or another Python is made anew; one that is only out of date is brought up to date.
home=$("$system_python" -V) && home="$home in $PWD"
if [[ $(cat .venv/setup-home 2>/dev/null) != "$home" ]] || ! .venv/bin/python -c '' 2>/dev/null; then
  make_venv
  printf '%s\n' "$home" >.venv/setup-home
fi
rm -f .venv/setup-stamp
install_python
[[ $level != dev ]] || install_judge
# An engine without work compiles the packet path and ends; what it compiled is kept.
.venv/bin/python -m aes67_sender.engine </dev/null
printf '%s %s\n' "$level" "$wanted" >.venv/setup-stamp
say "ready"
