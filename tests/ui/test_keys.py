"""Keys of widgets and of the session: place.widget, then a space and what tells one of many."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

UI = Path(__file__).parents[2] / "lxmert_viz" / "ui"
RULE = re.compile(r"[a-z-]+\.[a-z-]+( .*)?", re.DOTALL)
STATE = {"get", "pop", "setdefault"}


def text_of(node: ast.expr) -> str | None:
    """What a string begins with; None for what is no string of this file."""
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else "\n" for v in node.values]
        return "".join(map(str, parts))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def is_state(node: ast.expr) -> bool:
    return ast.unparse(node) in ("st.session_state", "state")


def keys(source: str) -> Iterator[tuple[str, bool]]:
    """Every key, and whether it is read or written as the session's."""
    found: list[tuple[ast.expr, bool]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "key":
            found.append((node.value, False))
        elif isinstance(node, ast.Subscript) and is_state(node.value):
            found.append((node.slice, True))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in STATE and is_state(node.func.value):
                found.append((node.args[0], True))
            elif ast.unparse(node.func) == "saving.draw":
                found.append((node.args[2], False))
    for node, is_sessions in found:
        text = text_of(node)
        if text is not None:
            yield text, is_sessions


@pytest.mark.parametrize("file", sorted(UI.rglob("*.py")), ids=lambda file: file.stem)
def test_keys_have_one_form(file: Path) -> None:
    wrong = [key for key, _ in keys(file.read_text()) if not RULE.fullmatch(key)]
    assert wrong == []


def test_a_key_of_the_session_is_used_in_one_file() -> None:
    files: dict[str, set[str]] = {}
    for file in UI.rglob("*.py"):
        for key, is_sessions in keys(file.read_text()):
            if is_sessions:
                files.setdefault(key.split(" ")[0], set()).add(str(file.relative_to(UI)))
    assert len(files) > 10
    assert {key: places for key, places in files.items() if len(places) > 1} == {}


def test_other_forms_are_seen() -> None:
    source = """
st.button("Ask", key="board-ask")
st.button("Ask", key=f"scene-{number}")
saving.draw(figure, told, f"bars {by}")
st.session_state["problem"] = 1
state.get("models.problem", "")
st.text_input("Name", key=f"edit.name {number}")
"""
    found = [key for key, _ in keys(source)]
    wrong = {key for key in found if not RULE.fullmatch(key)}
    assert wrong == {"board-ask", "scene-\n", "bars \n", "problem"}
    assert ("models.problem", True) in keys(source)
