"""What deployment promises, held to where no container engine is at hand."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from lxmert_viz.__main__ import parser
from lxmert_viz.places import ROOT
from scripts import rehearse_image

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}")
ENTRY = re.compile(r"(?m)^([a-z0-9._-]+)==(\S+) \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)")
OF_TORCH = re.compile(r"torch|torchvision|triton|nvidia-.*|cuda-.*")


def locked(name: str) -> dict[str, str]:
    """Package -> version; each with hashes, and nothing else in the file."""
    text = (ROOT / "deploy" / f"{name}.lock").read_text()
    assert ENTRY.sub("", text) == ""
    return {found[1]: found[2] for found in ENTRY.finditer(text)}


def wanted() -> list[Requirement]:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines + extras["optional-dependencies"]["auth"]]


def test_the_lock_has_what_the_requirements_want() -> None:
    """Not so: run scripts/lock.sh."""
    versions = locked("cuda")
    for requirement in wanted():
        name = requirement.name.lower().replace("_", "-")
        assert requirement.specifier.contains(versions[name]), requirement


def test_the_lock_for_processors_lacks_pytorch_alone() -> None:
    everything, without = locked("cuda"), locked("cpu")
    assert without == {n: v for n, v in everything.items() if not OF_TORCH.fullmatch(n)}
    assert {"torch", "torchvision"} <= everything.keys() - without.keys()


def test_every_base_is_pinned_by_its_digest() -> None:
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert len(bases) == 2
    assert all(map(PINNED.fullmatch, bases))
    assert PINNED.fullmatch(COMPOSE["services"]["proxy"]["image"])


def test_every_package_is_installed_by_its_hash_but_pytorch_for_processors() -> None:
    installs = re.findall(r"pip install ([^\n]+)", DOCKERFILE.replace("\\\n", ""))
    pinned = [line for line in installs if "--require-hashes" in line]
    assert len(pinned) == 1 and '"/build/$TORCH.lock"' in pinned[0]
    assert [line for line in installs if "--index-url" in line and "cuda.lock" in line]


def test_the_image_runs_as_nobody_of_the_machine_and_can_write_its_volumes() -> None:
    user = rehearse_image.told(DOCKERFILE, "USER")
    assert re.fullmatch(r"[1-9]\d{4}:[1-9]\d{4}", user)
    assert f"chown {user} /models /data /cache" in DOCKERFILE
    variables = rehearse_image.environment_of(DOCKERFILE)
    assert {variables[f"LXMERT_VIZ_{n}"] for n in ("MODELS", "DATA", "CACHE")} == {
        "/models",
        "/data",
        "/cache",
    }
    assert rehearse_image.told(DOCKERFILE, "VOLUME") == '["/models", "/data", "/cache"]'


def test_the_command_is_one_of_ours_and_health_asks_its_operator_port() -> None:
    command = rehearse_image.json.loads(rehearse_image.told(DOCKERFILE, "CMD"))
    assert command[:3] == ["python", "-m", "lxmert_viz"]
    options = parser().parse_args(command[3:])
    check = rehearse_image.health_of(DOCKERFILE)
    assert f"127.0.0.1:{options.operator_port}/healthz" in check[-1]
    compile(check[-1], "health", "exec")
    assert rehearse_image.told(DOCKERFILE, "EXPOSE") == str(options.port)


def test_the_proxy_leads_to_the_command_under_the_name_that_it_answers_to() -> None:
    laboratory = COMPOSE["services"]["laboratory"]
    options = parser().parse_args(laboratory["command"][3:])
    proxy = (ROOT / "deploy" / "Caddyfile").read_text()
    assert f"dynamic a laboratory {options.port}" in proxy
    assert "lb_policy cookie" in proxy
    assert options.allow_host == ["${HOST}"]
    assert proxy.splitlines()[1] == "{$HOST} {"
    assert "ports" not in laboratory
    assert laboratory["networks"] == ["inside"] and COMPOSE["networks"]["inside"]["internal"]
    assert laboratory["read_only"] and laboratory["cap_drop"] == ["ALL"]
    volumes = {line.partition(":")[2] for line in laboratory["volumes"]}
    assert volumes == {"/models", "/data", "/cache"}


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("app.py", False),
        (".streamlit/config.toml", False),
        ("lxmert_viz/serving/guard.py", False),
        ("assets/miniature/model.safetensors", False),
        ("deploy/auth.example.toml", False),
        (".git/config", True),
        (".venv/bin/python", True),
        (".streamlit/secrets.toml", True),
        ("deploy/auth.toml", True),
        ("lxmert_viz/__pycache__/x.pyc", True),
        ("tests/conftest.py", True),
        ("runs/mine/predictions.parquet", True),
        ("deploy/.env", True),
        ("deploy/key.pem", True),
        ("dist/x.whl", True),
    ],
)
def test_what_reaches_the_image(path: str, ignored: bool) -> None:
    patterns = (ROOT / ".dockerignore").read_text().split()
    assert rehearse_image.is_ignored(path, patterns) == ignored


def test_every_tracked_file_that_the_page_needs_is_copied(tmp_path: Path) -> None:
    rehearse_image.copy_context(ROOT, tmp_path)
    for part in ("lxmert_viz", "assets"):
        files = {p.relative_to(ROOT) for p in (ROOT / part).rglob("*") if p.is_file()}
        needed = {p for p in files if "__pycache__" not in p.parts}
        assert needed <= {p.relative_to(tmp_path) for p in (tmp_path / part).rglob("*")}
    assert not list(tmp_path.rglob("__pycache__")) and not (tmp_path / "tests").exists()


def test_the_image_s_command_comes_up_well_and_ends_outside_of_an_engine(tmp_path: Path) -> None:
    """On two free ports, and as this user; scripts/rehearse_image.py does it as the image's."""
    from tests.helpers.served_page import free_port

    text = DOCKERFILE
    for port in ("8501", "8502"):
        text = text.replace(port, str(free_port()))
    rehearse_image.copy_context(ROOT, tmp_path / "app")
    folder = Path(sys.prefix)
    rehearse = f"from scripts.rehearse_image import *; rehearse({text!r}, Path({str(folder)!r}), "
    call = [sys.executable, "-c", f"{rehearse}Path({str(tmp_path)!r}), as_image_user=False)"]
    ended = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "wrote nothing beside its volumes" in ended.stdout


@pytest.mark.parametrize("script", ["lock.sh", "audit.sh", "wheel.sh", "build_detectron2.sh"])
def test_the_shell_reads_each_script(script: str) -> None:
    assert subprocess.run(["sh", "-n", str(ROOT / "scripts" / script)]).returncode == 0
