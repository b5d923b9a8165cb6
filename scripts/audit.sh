#!/bin/sh
# Licences, a bill of materials (CycloneDX) and known faults of what deploy/cuda.lock pins.
# Needs uv (pip install uv) and the network. Usage: [ENVIRONMENT=FOLDER] scripts/audit.sh FOLDER, where
# ENVIRONMENT has what is pinned (default: a new one in FOLDER).
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
uv=${UV:-uv}
# the environment that is looked at; licences stand in its packages
[ -n "${ENVIRONMENT:-}" ] || {
    ENVIRONMENT=$folder/environment
    $uv venv --quiet --clear --python 3.11 "$ENVIRONMENT"
    VIRTUAL_ENV=$ENVIRONMENT $uv pip sync --quiet --require-hashes deploy/cuda.lock
}
$uv tool run "pip-licenses==5.*" --python "$ENVIRONMENT/bin/python" --format=csv --with-urls \
    --output-file "$folder/licences.csv"
$uv tool run --from "cyclonedx-bom==7.*" cyclonedx-py environment --output-file "$folder/sbom.json" \
    "$ENVIRONMENT/bin/python"
# strict: a package that could not be looked up is a failure, and not "no known faults"
$uv tool run "pip-audit==2.*" --strict --disable-pip --require-hashes -r deploy/cuda.lock \
    --format json --output "$folder/faults.json"
echo "no known faults; see licences.csv, sbom.json and faults.json in $folder"
