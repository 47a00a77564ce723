#!/usr/bin/env bash
# Run all tests, in three groups side by side: most of them wait for processes and servers.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi
mkdir -p build
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
