#!/usr/bin/env bash
# Run a command with .venv and the built ROS packages on its paths, from any folder.
set -eo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
[ -f "$root/install/local_setup.bash" ] || { echo 'nothing is built yet; run: make build' >&2; exit 1; }
export PATH="$root/install/parking_monitor/lib/parking_monitor:$root/install/parking_fleet/lib/parking_fleet:$root/.venv/bin:$PATH"
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
[ -n "${ROS_DISTRO:-}" ] || export AMENT_PREFIX_PATH="$root/.venv"
# colcon's own scripts read variables that need not be set.
. "$root/install/local_setup.bash"
exec "$@"
