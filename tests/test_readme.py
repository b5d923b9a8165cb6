"""What README.md tells is so: its Python runs, its commands are understood, its files are there."""

import ast
import json
import re
import shlex
from hashlib import sha256
from pathlib import Path

import pytest

from lxmert_viz.__main__ import COMMANDS, parser
from lxmert_viz.places import ASSETS, ROOT
from tests.helpers.small_run import put_run

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CALL = "python -m lxmert_viz "


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def calls() -> list[str]:
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [line.partition("#")[0].removeprefix(CALL) for line in lines if line.startswith(CALL)]


def test_the_python_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "assets").symlink_to(ASSETS)
    put_run(tmp_path / "runs" / "study", [1, 0, 0])
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(ast.parse(block), "README.md", "exec"), names)
    assert sha256(names["picture"]).hexdigest() == names["trace"].regions.digest  # what is shown
    assert len(names["weights"]) == sum(maps.size for maps in names["trace"].attention.values())
    assert names["evaluated"].count("correct=no") == 2
    assert names["found"].ids.shape[-1] == 5
    assert min(layer.accuracy for layer in names["run"].layers) > 0.9


def test_every_command_is_listed_with_options_that_it_has() -> None:
    (usage,) = (block for block in blocks("sh") if "train-miniature" in block)
    listed = [line.removeprefix(CALL).split()[0] for line in usage.splitlines()]
    assert sorted(set(listed)) == sorted(COMMANDS)
    commands = parser()._subparsers._group_actions[0].choices
    for call in calls():
        known = commands[call.split()[0]]._option_string_actions.keys()
        assert set(re.findall(r"(?<![\w/-])--?[a-z][a-z-]*", call)) <= known, call


def test_calls_that_leave_nothing_open_are_understood() -> None:
    whole = [call for call in calls() if "[" not in call and "|" not in call]
    assert len(whole) > 5
    for call in whole:
        parser().parse_args(shlex.split(call))


def test_links_and_anchors_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert target in anchors if target.startswith("#") else (ROOT / target).exists(), target


def test_the_tree_names_what_is_there() -> None:
    tree = re.search(r"^## Files\n+```\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)[1]
    named = {
        ("lxmert_viz/" if line.startswith(" ") else "") + name
        for line in tree.splitlines()
        for name in re.split(r"\s{2,}", line.strip())[0].split(", ")
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    own = (path for path in (ROOT / "lxmert_viz").iterdir() if not path.name.startswith("__init__"))
    modules = {
        f"lxmert_viz/{path.name}{'/' * path.is_dir()}" for path in own if path.name != "__pycache__"
    }
    assert modules - named == set()


def test_figures_are_those_of_the_study_set() -> None:
    questions = json.loads((ASSETS / "study" / "questions.json").read_text())
    pictures = {question["imageId"] for question in questions.values()}
    assert f"{len(questions)} questions on {len(pictures)} scenes" in TEXT
    assert f"the shipped set, {len(questions)} questions" in TEXT
