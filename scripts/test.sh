#!/usr/bin/env bash
# Run all tests, in three groups side by side: most of them wait for processes and servers.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi
mkdir -p build
# Where processes of their own start on a busy machine, a failure counts when it comes twice; the
# summary names what was run again.
export PYTEST_ADDOPTS="${PYTEST_ADDOPTS:-} --reruns 1 -rfER"
declare -A pids
trap 'kill "${pids[@]}" 2>/dev/null' EXIT
declare -A groups=([unit]='tests/unit tests/e2e/dashboard' [integration]='tests/integration')
for group in "${!groups[@]}"; do
  # shellcheck disable=SC2086  # several folders
  python -m pytest ${groups[$group]} >"build/$group-tests.log" 2>&1 &
  pids[$group]=$!
done
echo "${groups[*]} run beside these; what they say follows at the end"
python -m pytest tests/e2e tests/launch tests/ros --ignore tests/e2e/dashboard
status=$?
for group in integration unit; do
  wait "${pids[$group]}" || status=1
  cat "build/$group-tests.log"
done
trap - EXIT
exit "$status"
