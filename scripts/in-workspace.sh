#!/usr/bin/env bash
# Run a command with .venv and the built ROS packages on its paths.
set -eo pipefail
cd "$(dirname "$0")/.."
[ -f install/local_setup.bash ] || { echo 'nothing is built yet; run: make build' >&2; exit 1; }
export PATH="$PWD/install/parking_monitor/lib/parking_monitor:$PWD/.venv/bin:$PATH"
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
[ -n "${ROS_DISTRO:-}" ] || export AMENT_PREFIX_PATH="$PWD/.venv"
# colcon's own scripts read variables that need not be set.
. install/local_setup.bash
exec "$@"
