#!/bin/bash
# Run a program of the image, with ROS and the built packages on its paths: what the device does, unless
# another is named. DEVICE_ROOT stands for / where the image is only laid out, in tests.
set -eo pipefail
root=${DEVICE_ROOT:-}
umask 077
# shellcheck source=/dev/null
# The scripts of ROS read variables that need not be set.
. "$root/opt/ros/${ROS_DISTRO:-jazzy}/setup.bash"
. "$root/app/install/local_setup.bash"
export PATH="$root/app/install/parking_monitor/lib/parking_monitor:$root/app/venv/bin:$PATH"
export PYTHONPATH="$root/app${PYTHONPATH:+:$PYTHONPATH}"
exec "${@:-run_device}"
