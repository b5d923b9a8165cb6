#!/bin/sh
# The wheel in empty environments: built once, installed under each Python, its command and its page.
# Usage: scripts/wheel.sh FOLDER [PYTHON ...]   (default: python3.11 python3.12 python3.13)
set -eu
[ $# -ge 1 ] || { echo "usage: $0 FOLDER [PYTHON ...]" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- python3.11 python3.12 python3.13
cd "$(dirname "$0")/.."
python3 -m pip wheel --quiet --no-deps --wheel-dir "$folder" .
cd "$folder" # away from the checkout, which would be imported
for python; do
    name=$($python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    $python -m venv --clear "$folder/$name"
    "$folder/$name/bin/python" -m pip install --quiet "$folder"/lxmert_viz-*.whl
    "$folder/$name/bin/lxmert-viz" ask "$("$folder/$name/bin/python" -c \
        'from lxmert_viz.places import ASSETS; print(ASSETS / "scenes" / "scene-1.png")')" \
        "what color is the large cone?" > "$folder/$name.answer"
    port=$("$folder/$name/bin/python" -c \
        'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$folder/$name/bin/lxmert-viz" serve --port "$port" > "$folder/$name.log" 2>&1 &
    server=$!
    "$folder/$name/bin/python" - "$port" << 'PAGE' || { kill $server; exit 1; }
import sys, time, urllib.request
for _ in range(240):
    try:
        page = urllib.request.urlopen(f"http://localhost:{sys.argv[1]}/", timeout=5).read()
        sys.exit(b"<title>Streamlit</title>" not in page)
    except OSError:
        time.sleep(0.5)
sys.exit("the page does not come up")
PAGE
    kill $server
    wait $server || true
    echo "Python $name: $(head -1 "$folder/$name.answer"); the page is served"
done
