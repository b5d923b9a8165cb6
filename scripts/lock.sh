#!/bin/sh
# Pins what the image installs, each file by its hash: deploy/cuda.lock is everything, with PyPI's
# PyTorch; deploy/cpu.lock is the same without PyTorch, which comes from its own index for CPUs.
# Needs uv (pip install uv) and the network. Usage: [UV_CONSTRAINT=FROZEN.txt] scripts/lock.sh, where
# FROZEN.txt is `pip freeze` of the environment that the tests passed in.
set -eu
cd "$(dirname "$0")/.."
${UV:-uv} pip compile pyproject.toml --extra auth --upgrade --quiet --generate-hashes --no-header \
    --no-annotate --python-version 3.11 --python-platform x86_64-manylinux_2_28 -o deploy/cuda.lock
# an entry is a line with a version, then indented lines with hashes
awk '/^[a-z0-9]/ { kept = $0 !~ /^(torch|torchvision|triton|nvidia-|cuda-)/ } kept' \
    deploy/cuda.lock > deploy/cpu.lock
