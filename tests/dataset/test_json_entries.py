"""A JSON file read through a small window is the file that is read at once."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lxmert_viz.dataset import json_entries
from lxmert_viz.dataset.json_entries import JsonEntries, entries_of, outlines
from lxmert_viz.errors import DatasetError
from tests.dataset.test_broken_files import VALUES

QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUIET
@given(
    content=st.lists(VALUES, max_size=5)
    | st.dictionaries(st.text(alphabet='a"\\é\n', max_size=3), VALUES, max_size=5),
    indent=st.sampled_from([None, 0, 3]),
    window=st.integers(1, 40),
)
def test_entries_are_those_of_the_whole_whatever_the_window(
    content: Any, indent: int | None, window: int, tmp_path: Path
) -> None:
    text = json.dumps(content, indent=indent, ensure_ascii=False)
    for name, whole in (("plain.json", text), ("under.json", f'{{"a": [0], "b": {text}, "c": 7}}')):
        (tmp_path / name).write_text(whole, encoding="utf-8", errors="surrogatepass")
    try:
        (tmp_path / "plain.json").read_text(encoding="utf-8")
    except UnicodeDecodeError:  # half of a letter, which no file in UTF-8 holds
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_entries, "WINDOW", window)
        below = JsonEntries(tmp_path / "under.json", "b")
        for found in (list(JsonEntries(tmp_path / "plain.json")), list(below)):
            is_object = isinstance(content, dict)
            values = [*(content.values() if is_object else content)]
            assert repr([one.content for one in found]) == repr(values)
            assert [one.key for one in found] == [*(content if is_object else [""] * len(values))]
    assert below.beside == {"c": 7}


def test_lines_are_where_entries_and_their_ids_stand(tmp_path: Path) -> None:
    path = tmp_path / "q.json"
    path.write_text('{"info": {},\n "questions": [\n{"q": 1,\n\n "id": 5},\n\n {"id": 6}, 7]}')
    assert [one.line for one in JsonEntries(path, "questions")] == [3, 7, 7]
    found = list(entries_of(path, ("id",), "questions"))
    assert [(e.key, e.place, e.given) for e in found] == [
        ("5", "q.json:5", 5),
        ("6", "q.json:7", 6),
        ("3", "q.json:7", None),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"a": 1}, {"a": ]', "line 1, column 18 is not JSON: Expecting value"),
        ('{"a": 1\n"b": 2}', "line 2, column 1 is not JSON: Expecting ',' or '}'"),
        ("[1, 2] 3", "line 1, column 8 is not JSON: Extra data"),
        ('["ab', "line 1, column 2 is not JSON: Unterminated string"),
        ('[\n1,\n"\t"]', "line 3, column 2 is not JSON: Invalid control character"),
    ],
)
@pytest.mark.parametrize("window", [1, 1000])
def test_what_is_not_json_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str, window: int
) -> None:
    monkeypatch.setattr(json_entries, "WINDOW", window)
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DatasetError, match=said):
        list(JsonEntries(tmp_path / "x.json"))


def test_a_fault_is_told_without_reading_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_entries, "WINDOW", 10_000)
    monkeypatch.setattr(json_entries, "FAR", 100)
    path = tmp_path / "x.json"
    path.write_text('[{"a" 1}' + ', {"a": 1}' * 10_000 + "]")
    read: list[int] = []
    more = json_entries._Window._more
    monkeypatch.setattr(json_entries._Window, "_more", lambda w: read.append(1) or more(w))
    with pytest.raises(DatasetError, match="line 1, column 7"):
        list(JsonEntries(path))
    assert len(read) == 1


def test_a_layout_is_told_before_the_lists_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"info": {"a": 1}, "images": [{"id": 1}, {"id": 2}], "annotations": [3, ?')
    assert list(islice(outlines(path), 2))[-1] == {"info": {"a": 1}, "images": [{"id": 1}]}
    assert list(islice(outlines(path), 3))[-1]["annotations"] == [3]
    path.write_text('{"' + '": {}, "'.join(map(str, range(100))) + '": ?')
    assert len(list(outlines(path))[-1]) == json_entries.SEEN
