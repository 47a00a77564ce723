#!/usr/bin/env bash
# Build the ROS packages with colcon into install/; quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."

newest=$(find src scripts/build.sh .venv/.setup-stamp -newer install/.built \
  \( -path 'src/parking_msgs/*' -o -name 'setup.*' -o -name 'package.xml' -o -path '*/launch/*' -o -path '*/config/*' \
     -o -name build.sh -o -name .setup-stamp \) -type f -print -quit 2>/dev/null || echo first)
# install/ points to build/, from where every node reads what it is; somebody may have removed that alone.
for package in parking_monitor parking_fleet; do
  [ -f "build/colcon/$package/$package.egg-info/entry_points.txt" ] || newest=$package
done
# Nodes start sooner when nobody has to compile their sources; quick when nothing changed.
.venv/bin/python -m compileall -q src/parking_monitor/parking_monitor src/parking_fleet/parking_fleet demo provisioning
ln -sf ../../provisioning/parking-provision .venv/bin/parking-provision
[ -z "$newest" ] && exit 0

printf '\033[1m==> Building the ROS packages (under a minute)\033[0m\n'
mkdir -p build
export PATH="$PWD/.venv/bin:$PATH"
if [ -z "${ROS_DISTRO:-}" ]; then
  export AMENT_PREFIX_PATH="$PWD/.venv" CMAKE_PREFIX_PATH="$PWD/.venv"
fi
if ! .venv/bin/colcon --log-base build/log build --base-paths src --build-base build/colcon --install-base install \
  --symlink-install --cmake-args -DBUILD_TESTING=OFF -DPython3_EXECUTABLE="$PWD/.venv/bin/python" \
  --no-warn-unused-cli >build/build.log 2>&1; then
  tail -n 40 build/build.log >&2
  echo 'build: failed; everything it said is in build/build.log' >&2
  exit 1
fi
touch install/.built
