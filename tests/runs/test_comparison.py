"""Two runs of a few rows, whose differences are counted by hand."""

from pathlib import Path

import pytest

from lxmert_viz.__main__ import main
from lxmert_viz.errors import DatasetError
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.results.two_runs import TwoRuns
from lxmert_viz.runs.comparison import by_type, overall
from tests.helpers.small_run import put_run

BEFORE = [1, 1, 0, 0, 0, 0, 0.3, None]
WORDS = ("answer 0.3", "answer 0.6", "question 3", "cat")
AFTER = [1, 0, 1, 1, 1, 0, 0.6, None]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return put_run(tmp_path / "old", BEFORE), put_run(tmp_path / "new", AFTER)


def test_every_scored_row_is_fixed_broken_or_as_it_was(folders: tuple[Path, Path]) -> None:
    runs = TwoRuns(*folders)
    assert (runs.shared, runs.alone) == (8, (0, 0))
    expected = {"fixed": 4, "broken": 1, "wrong in both": 1, "right in both": 1}
    assert runs.changes() == expected
    assert runs.page("change=fixed", 9)["question_id"].tolist() == ["2", "3", "4", "6"]
    assert runs.page("change=fixed", 2, offset=2)["question_id"].tolist() == ["4", "6"]


def test_rows_and_kinds_are_frames_with_types(folders: tuple[Path, Path]) -> None:
    runs = TwoRuns(*folders)
    kinds = runs.by_type("question_type")
    assert list(kinds.itertuples(index=False, name=None)) == [
        ("y", 4, 3, 0, pytest.approx(2.3 / 4)),
        ("x", 3, 1, 1, pytest.approx(0)),
    ]
    rows = runs.page("", 9)
    assert [
        str(rows[name].dtype) for name in ("change", "same_answer", "gain", "regions_after")
    ] == [*("string", "boolean", "float32", "Int64")]
    assert rows["change"].isna().tolist() == [False] * 7 + [True]


def test_gain_and_chance_are_those_of_the_formulas(folders: tuple[Path, Path]) -> None:
    change = overall(TwoRuns(*folders))
    assert change.rows == 7
    assert change.before == pytest.approx(2.3 / 7) and change.after == pytest.approx(4.6 / 7)
    assert change.gain.mean == pytest.approx(2.3 / 7)
    assert change.gain.low < change.gain.mean < change.gain.high
    assert change.p == pytest.approx(2 * (1 + 5) / 2**5)  # at most 1 of 5 coins, both sides


def test_kinds_are_corrected_for_their_number(folders: tuple[Path, Path]) -> None:
    x, y = sorted(by_type(TwoRuns(*folders), "question_type"), key=lambda change: change.value)
    assert (x.rows, x.fixed, x.broken, x.p) == (3, 1, 1, 1.0)
    assert (y.rows, y.fixed, y.broken) == (4, 3, 0)
    assert y.p == pytest.approx(min(1, 2 * (2 / 2**3)))  # twice, since two were looked at


def test_a_filter_leaves_its_rows_alone(folders: tuple[Path, Path]) -> None:
    assert overall(TwoRuns(*folders), "question_type=x").rows == 3
    assert overall(TwoRuns(*folders), "question_type=z") is None


def test_a_word_alone_is_looked_for_in_the_answers_of_both_runs(
    folders: tuple[Path, Path],
) -> None:
    runs = TwoRuns(*folders)
    found = {word: runs.page(f'"{word}"', 9)["question_id"].tolist() for word in WORDS}
    assert found == {"answer 0.3": ["6"], "answer 0.6": ["6"], "question 3": ["3"], "cat": []}


def test_equal_runs_differ_in_nothing(tmp_path: Path) -> None:
    runs = TwoRuns(put_run(tmp_path / "a", BEFORE), put_run(tmp_path / "b", BEFORE))
    change = overall(runs)
    far = 1.96 / (change.rows + 2)
    assert tuple(change.gain) == pytest.approx((0.0, -far, far)) and change.p == 1.0
    assert runs.changes()["fixed"] == runs.changes()["broken"] == 0


def test_runs_of_other_examples_cannot_be_compared(tmp_path: Path) -> None:
    before, after = put_run(tmp_path / "a", BEFORE), put_run(tmp_path / "b", AFTER, first=100)
    with pytest.raises(DatasetError, match="no example in common"):
        TwoRuns(before, after)
    (after / TABLE).unlink()
    with pytest.raises(DatasetError, match="finished run"):
        TwoRuns(before, after)


def test_the_command_says_what_was_fixed(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, folders)]) == 0
    said = capsys.readouterr().out
    assert "4 fixed, 1 broken, McNemar's p = 0.375" in said
    assert "broken: 1 'question 1?': 'right' became 'answer 0'" in said
    assert main(["compare", str(folders[0]), "elsewhere"]) == 2
