"""Guards the floors, rooms and sizes that DESIGN.md and STYLE.md name.

Every guard takes a root folder, so that each is also shown to fail on a small tree that breaks it.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGE = "lxmert_viz"

FLOORS = {
    "errors": 0,
    "places": 0,
    "config": 0,
    "records": 0,
    "checkpoints": 0,
    "pickles": 0,
    "download": 0,
    "hub": 0,
    "fetched": 0,
    "fetching": 0,
    "tensors": 0,
    "picture": 1,
    "notes": 1,
    "model": 1,
    "detector": 1,
    "analysis": 1,
    "figures": 1,
    "dataset": 1,
    "looking": 1.5,
    "activations": 1.5,
    "pipeline": 2,
    "traces": 2,
    "experiments": 3,
    "checks": 3,
    "runs": 3,
    "miniature": 3,
    "notebook": 4,
    "ui": 4,
    "commands": 4,
    "__main__": 5,
    "app": 5,
}
TRADES = {"model", "detector", "analysis", "figures", "dataset"}  # do not know each other
ROOMS = {
    "streamlit": {"app", "ui", "commands.serve"},
    "plotly": {"figures"},
    "torch": {
        "tensors",
        "model",
        "detector",
        "looking",
        "activations",
        "pipeline",
        "experiments",
        "checks",
        "miniature",
    },
    "torchvision": {"detector", "miniature"},
    "h5py": {"tensors", "model.writing", "dataset"},
    "duckdb": {"dataset"},
    "ray": {"runs.cluster"},
    "PIL": {"picture", "miniature", "ui"},
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
OPTIONAL = {"detectron2", "ray"}  # imported only where a person asks for it


def sources(root: Path) -> Iterator[tuple[str, Path]]:
    """Dotted name inside the package ("model.layers"; "app" for app.py) and path."""
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root / PACKAGE).with_suffix("").parts
        yield ".".join(parts), path
    if (root / "app.py").exists():
        yield "app", root / "app.py"


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, wherever in it the import stands."""
    yield from imported_by(ast.walk(ast.parse(path.read_text())))


def imported_by(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def upward_imports(root: Path) -> list[str]:
    faults = []
    for name, path in sources(root):
        room = name.split(".")[0]
        if room == "__init__":
            continue
        if room not in FLOORS:
            faults.append(f"{name} is on no floor")
            continue
        for imported in imports(path):
            package, _, inside = imported.partition(".")
            other = inside.split(".")[0]
            if package != PACKAGE or other == room:
                continue
            if FLOORS.get(other, 9) > FLOORS[room] or {room, other} <= TRADES:
                faults.append(f"{name} imports {imported}")
            elif FLOORS[other] == FLOORS[room] != 0:
                faults.append(f"{name} imports {imported}, on its own floor")
    return faults


def circles(root: Path) -> list[str]:
    """Modules that need each other before they run: which of them is opened first decides."""
    modules = dict(sources(root))
    needed = {}
    for name, path in modules.items():
        outermost = imported_by(ast.parse(path.read_text()).body)
        inside = [imported.removeprefix(f"{PACKAGE}.") for imported in outermost]
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
            elif rooms is not None and not {name, name.split(".")[0]} & rooms:
                faults.append(f"{name} imports {library}")
    return faults


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
    (upward_imports, "runs/evaluate.py", "from lxmert_viz.experiments import causes"),
    (upward_imports, "attic/old.py", ""),
    (
        circles,
        "ui/board.py",
        "from lxmert_viz.ui.board import title\nfrom lxmert_viz.ui import board",
    ),
    (strangers, "analysis/attention.py", "import torch"),
    (strangers, "analysis/attention.py", "def late():\n    from plotly import graph_objects"),
    (strangers, "commands/ask.py", "import streamlit as st"),
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
    slow = "{'torch', 'streamlit'}"
    check = f"import sys, lxmert_viz.__main__; sys.exit(not {slow}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0


def test_requirements_are_what_the_code_imports() -> None:
    lines = (REPOSITORY / "requirements.txt").read_text().splitlines()
    required = {re.split(r"[<>=]", line)[0] for line in lines}
    imported = {i.split(".")[0] for _, path in sources(REPOSITORY) for i in imports(path)}
    libraries = imported - sys.stdlib_module_names - {PACKAGE} - OPTIONAL
    assert required == {PUBLISHED_AS.get(library, library) for library in libraries}


def test_a_wheel_carries_every_package() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    folders = {path.parent.relative_to(REPOSITORY) for _, path in sources(REPOSITORY)}
    assert listed - {f"{PACKAGE}._app"} == {".".join(f.parts) for f in folders if f.parts}


def test_no_tracked_file_names_a_private_path() -> None:
    """A shell path of the machine that it was written on would break on every other."""
    private = re.compile("/" + "(?:work|root|tmp)/")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    texts = {n: (REPOSITORY / n).read_bytes() for n in names if (REPOSITORY / n).is_file()}
    assert [n for n, t in texts.items() if private.search(t.decode("utf-8", "replace"))] == []
