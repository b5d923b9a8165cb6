"""Guards the floors, rooms and sizes that DESIGN.md and STYLE.md name.

Every guard takes a root folder, so that each is also shown to fail on a small tree that breaks it.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGE = "lxmert_viz"

GROUND = {  # module: what it may import of ours, in itself or in others of the ground
    "errors": set(),
    "places": set(),
    "box_frames": {"errors"},
    "records": {"errors", "box_frames"},
    "pickled": set(),
    "rounding": set(),
    "whole_files": {"errors"},
    "stores": {"whole_files"},
    "going_out": set(),
    "openmp": set(),
    "forms": set(),
    "config": {"errors", "forms", "whole_files"},
    "picture": {"errors"},
}
FLOORS = {
    "checkpoints": 1,
    "region_files": 1,
    "analysis": 1,
    "figures": 1,
    "dataset": 2,
    "model": 2,
    "detector": 2,
    "results": 3,
    "pipeline": 4,
    "kept_form": 1,
    "traces": 4,
    "stage_data": 5,
    "experiments": 5,
    "checks": 5,
    "miniature": 5,
    "notebook": 6,
    "runs": 6,
    "ui": 7,
    "serving": 8,
    "commands": 9,
    "__main__": 10,
    "app": 10,
}
TRADES = {  # trade: the others that it may know
    "checkpoints": set(),
    "region_files": set(),
    "analysis": set(),
    "figures": set(),
    "dataset": {"region_files"},
    "model": {"checkpoints"},
    "detector": {"checkpoints"},
    "results": {"dataset", "region_files"},
}
UI_FLOORS = {
    "wording": 0,
    "browser": 0,
    "server": 1,
    "frame": 2,
    **dict.fromkeys(("attention", "states", "what_if", "why", "causes", "matching"), 3),
    "mistakes": 3,
    "pages": 4,
}
ROOMS = {
    "streamlit": {"app", "ui", "serving"},
    "starlette": {"serving"},
    "uvicorn": {"serving"},
    "psutil": {"serving"},
    "plotly": {"figures"},
    "torch": {
        "checkpoints.tensors",
        "model",
        "detector",
        "pipeline",
        "experiments",
        "checks",
        "miniature",
    },
    "torchvision": set(),
    "h5py": {"checkpoints.tensors", "model.files.writing", "region_files"},
    "duckdb": {"results"},
    "ray": {"runs.cluster"},
    "PIL": {"picture", "miniature"},
    "transformers": set(),
    "captum": set(),
}
PUBLISHED_AS = {  # imported under another name
    "PIL": "pillow",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
}
MAX_LINES = 350
OPTIONAL = {"detectron2", "pillow_heif", "ray"}  # imported only where a person asks for it
LOADED = {"torchvision"}  # without an import statement: detector/operators.py


def sources(root: Path) -> Iterator[tuple[str, Path]]:
    """Dotted name inside the package ("model.layers"; "app" for app.py) and path."""
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root / PACKAGE).with_suffix("").parts
        yield ".".join(parts), path
    if (root / "app.py").exists():
        yield "app", root / "app.py"


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def upward_imports(root: Path) -> list[str]:
    """Imports of a higher floor, of a neighbour on the same one, of a trade that is a stranger."""
    faults = []
    for name, path in sources(root):
        if name == "__init__":
            continue
        room = name.split(".")[0]
        if room not in FLOORS and room not in GROUND:
            faults.append(f"{name} is on no floor")
            continue
        for imported in imports(path):
            package, _, inside = imported.partition(".")
            if package == PACKAGE and not _may_import(name, inside):
                faults.append(f"{name} imports {imported}")
    return faults


def _may_import(name: str, inside: str) -> bool:
    room, other = name.split(".")[0], inside.split(".")[0]
    if room in GROUND:
        return other in GROUND[room] or other == room
    if other in GROUND:
        return True
    if room == other:
        return room != "ui" or _may_import_in_ui(name.split(".")[1], inside.split(".")[1])
    if room in TRADES and other in TRADES:
        return other in TRADES[room]
    return FLOORS.get(other, 99) < FLOORS[room]


def _may_import_in_ui(room: str, other: str) -> bool:
    return room == other or UI_FLOORS.get(other, 99) < UI_FLOORS.get(room, -1)


def circles(root: Path) -> list[str]:
    """Modules that need each other, wherever the import stands: in a function, or for types."""
    modules = dict(sources(root))
    needed = {}
    for name, path in modules.items():
        inside = [imported.removeprefix(f"{PACKAGE}.") for imported in imports(path)]
        named = {*inside, *(imported.rpartition(".")[0] for imported in inside)}
        needed[name] = named & set(modules)
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        return [" is needed by ".join(error.args[1])]
    return []


def strangers(root: Path) -> list[str]:
    """Libraries imported outside of their rooms, and relative imports."""
    faults = []
    for name, path in sources(root):
        for imported in imports(path):
            library = imported.split(".")[0]
            rooms = ROOMS.get(library)
            if not library:
                faults.append(f"{name} imports {imported} relatively")
            elif rooms is not None and not rooms_around(name) & rooms:
                faults.append(f"{name} imports {library}")
    return faults


def rooms_around(name: str) -> set[str]:
    """The module itself, and every room that it is in."""
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts) + 1)}


def filled_inits(root: Path) -> list[str]:
    return [n for n, path in sources(root) if path.name == "__init__.py" and path.read_text()]


def grab_bags(root: Path) -> list[str]:
    """Modules named for nothing in particular, or like a module of the standard library."""
    bad = {"utils", "util", "common", "helpers", "helper", "misc", "tools", "base", "core"}
    pages = {n for n, _ in sources(root) if n.startswith("ui.pages.")}
    shadows = [n for n in pages if n.split(".")[-1] in sys.stdlib_module_names]
    return [n for n, _ in sources(root) if n.split(".")[-1] in bad] + shadows


def long_files(root: Path) -> list[str]:
    paths = [*(root / PACKAGE).rglob("*.py"), *(root / "tests").rglob("*.py")]
    return [str(p) for p in paths if len(p.read_text().splitlines()) > MAX_LINES]


def long_functions(root: Path) -> list[str]:
    return [
        f"{name}.{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for name, path in sources(root)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno + 1 > 40
    ]


def broad_catches(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno}"
        for name, path in sources(root)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]


def assertions(root: Path) -> list[str]:
    return [
        f"{name}:{node.lineno}"
        for name, path in sources(root)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]


GUARDS = [
    upward_imports,
    circles,
    strangers,
    filled_inits,
    grab_bags,
    long_files,
    long_functions,
    broad_catches,
    assertions,
]
BREACHES = [
    (upward_imports, "records.py", "from lxmert_viz.model.layers import Attention"),
    (upward_imports, "model/layers.py", "from lxmert_viz import pipeline"),
    (upward_imports, "model/layers.py", "import lxmert_viz.detector.boxes"),
    (upward_imports, "figures/attention.py", "from lxmert_viz.analysis import attention"),
    (upward_imports, "experiments/causes.py", "from lxmert_viz.runs import evaluate"),
    (upward_imports, "runs/evaluate.py", "def late():\n    from lxmert_viz.commands import ask"),
    (upward_imports, "picture.py", "from lxmert_viz.records import Regions"),
    (upward_imports, "records.py", "from lxmert_viz.picture import decode"),
    (upward_imports, "region_files/rows.py", "from lxmert_viz.dataset import opening"),
    (upward_imports, "detector/looking.py", "from lxmert_viz.region_files import cache"),
    (upward_imports, "ui/server/answers.py", "from lxmert_viz.ui.frame import address"),
    (upward_imports, "ui/states/probes.py", "from lxmert_viz.ui.mistakes import place"),
    (upward_imports, "ui/server/pictures.py", "from lxmert_viz.serving import logs"),
    (upward_imports, "ui/attic/old.py", "from lxmert_viz.ui.server import answers"),
    (upward_imports, "attic/old.py", ""),
    (circles, "ui/board.py", "from lxmert_viz.ui.board import title"),
    (circles, "ui/board.py", "def late():\n    from lxmert_viz.ui import board"),
    (circles, "ui/board.py", "if TYPE_CHECKING:\n    from lxmert_viz.ui import board"),
    (strangers, "analysis/attention.py", "import torch"),
    (strangers, "analysis/attention.py", "def late():\n    from plotly import graph_objects"),
    (strangers, "commands/ask.py", "import streamlit as st"),
    (strangers, "ui/server/waiting.py", "import uvicorn"),
    (strangers, "model/lxmert.py", "from transformers import LxmertModel"),
    (strangers, "model/lxmert.py", "import h5py"),
    (strangers, "model/lxmert.py", "from . import layers"),
    (filled_inits, "model/__init__.py", "from lxmert_viz.model.lxmert import LxmertModel"),
    (grab_bags, "analysis/utils.py", ""),
    (grab_bags, "ui/pages/statistics.py", ""),
    (long_files, "analysis/long.py", "x = 1\n" * (MAX_LINES + 1)),
    (long_functions, "analysis/long.py", "def f():\n" + "    x = 1\n" * 40),
    (broad_catches, "pipeline.py", "try:\n    x = 1\nexcept Exception:\n    pass"),
    (broad_catches, "pipeline.py", "try:\n    x = 1\nexcept:\n    pass"),
    (assertions, "pipeline.py", "assert True"),
]


@pytest.mark.parametrize("guard", GUARDS)
def test_the_house_is_in_order(guard: Callable[[Path], list[str]]) -> None:
    assert guard(REPOSITORY) == []


@pytest.mark.parametrize(("guard", "file", "text"), BREACHES)
def test_each_guard_sees_a_breach(
    tmp_path: Path, guard: Callable[[Path], list[str]], file: str, text: str
) -> None:
    path = tmp_path / PACKAGE / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert guard(tmp_path)


def test_the_tokenizer_imports_without_torch() -> None:
    check = "import sys, lxmert_viz.model.tokenizer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0


def test_the_command_line_explains_itself_without_torch_or_streamlit() -> None:
    for called, slow in (("", "{'numpy', 'asyncio'}"), (None, "{'torch', 'streamlit'}")):
        told = f"import sys, lxmert_viz.__main__ as main; main.parser({called!r})"
        check = f"{told}; sys.exit(not {slow}.isdisjoint(sys.modules))"
        assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0


def test_requirements_are_what_the_code_imports() -> None:
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    required = {re.split(r"[<>=]", line)[0] for line in lines}
    imported = {i.split(".")[0] for _, path in sources(REPOSITORY) for i in imports(path)}
    libraries = (imported | LOADED) - sys.stdlib_module_names - {PACKAGE} - OPTIONAL
    assert required == {PUBLISHED_AS.get(library, library) for library in libraries}
