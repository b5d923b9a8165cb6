"""The glossary: what each thing is called, on every page and in every figure."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lxmert_viz.places import ASSETS, ROOT
from lxmert_viz.ui.wording import GLOSSARY, Term

ROOMS = ("ui", "figures", "analysis", "checks", "experiments")
OWN = {ROOT / "lxmert_viz" / "ui" / "wording.py", ROOT / "lxmert_viz" / "analysis" / "walk.py"}
SHOWN = [
    ROOT / "lxmert_viz" / "records.py",
    *(path for room in ROOMS for path in (ROOT / "lxmert_viz" / room).rglob("*.py")),
    *ASSETS.glob("*/*.js"),
]


def said(path: Path) -> Iterator[str]:
    """Strings of a module without its docstrings; all of a script."""
    if path.suffix == ".js":
        yield re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
        return
    tree = ast.parse(path.read_text())
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


@pytest.mark.parametrize("term", GLOSSARY, ids=lambda term: term.name)
def test_pages_use_the_words_of_the_glossary(term: Term) -> None:
    wrong = [
        f"{path.name}: {text[:80]}"
        for path in SHOWN
        if path not in OWN
        for text in said(path)
        for never in term.never
        if re.search(never, text, re.IGNORECASE)
    ]
    assert wrong == []


def test_another_word_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text('"""no answer head"""\nst.info("It has no answer head.")\n')
    assert list(said(page)) == ["It has no answer head."]


def test_each_term_is_explained_once() -> None:
    names = [term.name for term in GLOSSARY]
    assert len({*names}) == len(names)
    assert all(term.meaning.endswith(".") for term in GLOSSARY)
