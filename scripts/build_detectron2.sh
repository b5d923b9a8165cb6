#!/bin/sh
# Makes an environment with detectron2 built in it, as the Dockerfile does, and opens the laboratory from it.
# Usage: scripts/build_detectron2.sh ENVIRONMENT [PORT]
# DETECTRON2_SOURCE: where it comes from (default: GitHub at the pinned commit; or a folder with its source)
# TORCH_INDEX: where PyTorch comes from (default: PyPI's build)
set -eu
[ $# -ge 1 ] || { echo "usage: $0 ENVIRONMENT [PORT]" >&2; exit 2; }
environment=$1
port=${2:-}
project=$(cd "$(dirname "$0")/.." && pwd)
commit=$(sed -n 's/^ARG DETECTRON2_COMMIT=//p' "$project/Dockerfile")
source=${DETECTRON2_SOURCE:-git+https://github.com/facebookresearch/detectron2.git@$commit}
command -v "${CXX:-g++}" > /dev/null || { echo "a C++ compiler is needed: install g++" >&2; exit 2; }

[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
python=$environment/bin/python
# torch first, because detectron2's build looks at it; its model_zoo needs pkg_resources, which setuptools 81 dropped
$python -m pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} $(grep -E '^torch(vision)?[<>=]' "$project/requirements.txt")
$python -m pip install -r "$project/requirements.txt" "setuptools<81" wheel ninja
$python -c "import detectron2" 2> /dev/null || $python -m pip install --no-build-isolation "$source"
$python -c "import detectron2; from detectron2 import _C; print('detectron2 is built')"
[ -n "$port" ] || { echo "open it with: $python -m lxmert_viz serve --backend detectron2"; exit 0; }
cd "$project"
exec "$python" -m lxmert_viz serve --backend detectron2 --port "$port"
