#!/usr/bin/env bash
# Pin every requirement, with hashes, for Python 3.11 and 3.12 alike.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
command -v uv >/dev/null || { echo 'needs uv: pip install uv' >&2; exit 1; }
compile() { uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --index-strategy unsafe-best-match "$@"; }
constraints=$(mktemp)
trap 'rm -f "$constraints"' EXIT
compile build.in runtime.in fleet.in provisioning.in ros.in dev.in -o "$constraints"
for name in build runtime fleet provisioning ros dev; do
  compile --generate-hashes -c "$constraints" "$name.in" -o "$name.txt"
done
# Training is an extra, and never installed with the rest.
compile --generate-hashes -c runtime.txt train.in -o train.txt
# The contenders of the accuracy scoreboard live in venvs of their own, for they need NumPy 1 and 2.
for name in supervision norfair; do
  compile --generate-hashes "contenders-$name.in" -o "contenders-$name.txt"
done
