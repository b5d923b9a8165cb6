"""The image's steps without a container engine: what the Dockerfile says, run on this machine.

    python scripts/rehearse_image.py FOLDER [--environment FOLDER]

Makes the environment from the lock (or takes one), copies what .dockerignore lets through, and
runs the image's command under its user (where this is root) until its health check is well; then
ends it.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SECONDS = 180.0  # until it is well


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--environment", type=Path)
    chosen = options.parse_args()
    folder = chosen.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    text = (PROJECT / "Dockerfile").read_text()
    environment = chosen.environment or _installed(folder / "environment")
    app = folder / "app"
    count = copy_context(PROJECT, app)
    print(f"context: {count} files in {app}")
    rehearse(text, environment.absolute(), folder, as_image_user=os.geteuid() == 0)


def instructions(text: str) -> list[tuple[str, str]]:
    """Of the last stage: name and what follows, lines joined."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"(?m)^#.*\n", "", text))
    found = [tuple(line.split(" ", 1)) for line in joined.splitlines() if " " in line]
    last = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def told(text: str, name: str) -> str:
    """The last instruction of a name."""
    return [rest for found, rest in instructions(text) if found == name][-1]


def environment_of(text: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in shlex.split(told(text, "ENV")))
    return {name: value for name, _, value in pairs}


def health_of(text: str) -> list[str]:
    return json.loads(told(text, "HEALTHCHECK").partition("CMD ")[2])


def is_ignored(path: str, patterns: list[str]) -> bool:
    """As Docker does: the last pattern that fits the path, or a folder above it, decides."""
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    ignored = False
    for pattern in patterns:
        fits = re.compile(_expression(pattern.removeprefix("!")))
        if any(map(fits.fullmatch, above)):
            ignored = not pattern.startswith("!")
    return ignored


def _expression(pattern: str) -> str:
    """A star ends at a slash, and **/ is any folders or none."""
    return re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")


def copy_context(project: Path, app: Path) -> int:
    """What `COPY . /app` would copy. app may lie within the project."""
    patterns = (project / ".dockerignore").read_text().split()
    shutil.rmtree(app, ignore_errors=True)
    count = 0
    for folder, folders, files in os.walk(project):
        inside = Path(folder).relative_to(project)
        folders[:] = [
            f for f in folders if Path(folder, f) != app and _may_hold(inside / f, patterns)
        ]
        for name in files:
            if not is_ignored((inside / name).as_posix(), patterns):
                target = app / inside / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(folder, name), target)
                count += 1
    return count


def _may_hold(folder: Path, patterns: list[str]) -> bool:
    """Whether anything in a folder can be copied."""
    taken_back = any(pattern.startswith(f"!{folder.as_posix()}") for pattern in patterns)
    return taken_back or not is_ignored(folder.as_posix(), patterns)


def rehearse(text: str, environment: Path, folder: Path, as_image_user: bool) -> None:
    """Ends with an error where the command does not come up well, or does not end when told."""
    variables = environment_of(text)
    for name in ("models", "data", "cache"):
        (folder / name).mkdir(exist_ok=True)
        variables = {k: str(folder / name) if v == f"/{name}" else v for k, v in variables.items()}
    variables["PATH"] = f"{environment / 'bin'}:{os.environ['PATH']}"
    user, group = (int(number) for number in told(text, "USER").split(":"))
    who: dict[str, object] = {}
    if as_image_user:
        who = {"user": user, "group": group, "extra_groups": []}
        for name in ("models", "data", "cache"):
            os.chown(folder / name, user, group)
    app = folder / "app"
    before = set(app.rglob("*"))
    run = {"cwd": app, "env": variables, **who}
    server = subprocess.Popen(json.loads(told(text, "CMD")), **run)
    try:
        _wait_until_well(health_of(text), run, server)
        print(f"well, as user {user if as_image_user else os.geteuid()}")
        server.send_signal(signal.SIGTERM)
        code = server.wait(60)
    finally:
        server.kill()
    if code != 0:
        sys.exit(f"the command ended with {code} when it was told to end")
    written = sorted(set(app.rglob("*")) - before)
    if written:
        sys.exit(f"it wrote beside its volumes: {written[0]}")
    print("ended when told, and wrote nothing beside its volumes")


def _wait_until_well(check: list[str], run: dict, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if subprocess.run(check, stderr=subprocess.DEVNULL, **run).returncode == 0:
            return
        time.sleep(1)
    sys.exit(f"not well after {SECONDS:.0f} s; exit code {server.poll()}")


def _installed(place: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    lock = PROJECT / "deploy" / "cuda.lock"
    pip = [str(place / "bin" / "pip"), "install", "--no-deps", "--require-hashes", "-r", str(lock)]
    subprocess.run(pip, check=True)
    return place


if __name__ == "__main__":
    main()
