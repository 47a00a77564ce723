#!/usr/bin/env bash
# Run all tests: those of tests/unit beside the others, which mostly wait for processes and servers.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi
mkdir -p build
log=build/unit-tests.log
python -m pytest tests/unit >"$log" 2>&1 &
unit=$!
trap 'kill "$unit" 2>/dev/null' EXIT
python -m pytest tests/e2e tests/integration tests/launch tests/ros
others=$?
wait "$unit"
units=$?
trap - EXIT
cat "$log"
[ "$others" -eq 0 ] && [ "$units" -eq 0 ]
