#!/usr/bin/env bash
# Run all tests, part by part and a few parts at a time: most of them wait for processes and servers.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
  exec python -m pytest "$@"
fi
# The longest begin, so that none of them is alone at the end.
parts=(
  tests/e2e/dashboard
  'tests/ros tests/launch'
  'tests/e2e --ignore tests/e2e/dashboard'
  tests/unit
  tests/integration/{cloud,detection,provisioning}
)
for folder in tests/integration/*/; do
  case " ${parts[*]} " in *" ${folder%/} "*) ;; *) [ -f "$folder/__init__.py" ] && parts+=("${folder%/}") ;; esac
done
at_once=$(($(nproc) + 2))
# Where processes of their own start on a busy machine, a failure counts when it comes twice; the
# summary names what was run again.
export PYTEST_ADDOPTS="${PYTEST_ADDOPTS:-} --reruns 1 -rfER"
export LOGS=build/tests
rm -rf "$LOGS"
mkdir -p "$LOGS"

# shellcheck disable=SC2329  # xargs calls it
run_part() {
  local log="$LOGS/${1//[^a-z0-9]/-}.log" failed=0
  # shellcheck disable=SC2086  # several words
  python -m pytest $1 >"$log" 2>&1 || failed=1
  printf '\n\033[1m==> %s\033[0m\n' "$1" | cat - "$log" | flock "$LOGS" cat  # no two texts are mixed
  return "$failed"
}
export -f run_part

echo "${#parts[@]} parts, $at_once at a time; each says how it went when it has ended"
failed=0
# shellcheck disable=SC2016  # the inner shell reads it
printf '%s\0' "${parts[@]}" | xargs -0 -n 1 -P "$at_once" bash -c 'run_part "$0"' || failed=1
printf '\n'
tail -qn 1 "$LOGS"/*.log
exit "$failed"
