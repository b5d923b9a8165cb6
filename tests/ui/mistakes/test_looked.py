"""What answers rest on, over a run whose maps and states are written by hand."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lxmert_viz.places import DATA_VARIABLE
from lxmert_viz.results.relevance import SCHEMA, KeptRelevance
from lxmert_viz.results.run_folder import write_table
from lxmert_viz.ui.mistakes import looked
from tests.helpers.small_page import Counted, texts
from tests.helpers.small_run import put_run
from tests.ui.mistakes.test_mistakes import at

COUNT = 120


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every second answer is right."""
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    return put_run(tmp_path / "runs" / "toy", [float(n % 2 == 0) for n in range(COUNT)])


def keep_maps(run: Path) -> None:
    """Of the right answers 54 of 60 look right, of the wrong ones 30 of 60; noise would at 25 %."""
    rows = []
    for number in range(COUNT):
        place = number // 2
        looked = place < (54 if number % 2 == 0 else 30)
        rows.append({"question_id": str(number), "looked": float(looked), "chance": 0.25})
    KeptRelevance(run, "occlusion").write(0, pa.Table.from_pylist(rows, schema=SCHEMA))


def keep_inside(run: Path) -> None:
    """States tell right from wrong; how sharply heads look tells nothing."""
    draw = np.random.default_rng(0)
    right = np.arange(COUNT) % 2 == 0
    states = draw.normal(size=(COUNT, 4)) + np.where(right, 4.0, -4.0)[:, None]
    columns = {"question_id": [str(number) for number in range(COUNT)], "state": list(states)}
    for name in ("largest lang_from_vision", "entropy lang_from_vision"):
        columns[name] = list(draw.random((COUNT, 6)))
    (run / "internals").mkdir()
    write_table(run / "internals" / "00000.parquet", pa.table(columns))


def test_methods_are_held_against_right_and_wrong_answers(counted: Counted, run: Path) -> None:
    page = at(run="runs/toy", view="Looked at")
    assert "this run keeps no relevance" in texts(page) and not page.dataframe
    keep_maps(run)
    page.run()
    assert not page.exception
    (row,) = page.dataframe[0].value.to_dict("records")
    assert row == {
        "method": "occlusion",
        "all": "70% (61 to 77) of 120",
        "right answers": "90% (80 to 95) of 60",
        "wrong answers": "50% (38 to 62) of 60",
        "noise": "25%",
    }
    page = at(run="runs/toy", view="Looked at", where="correct=no")
    assert page.dataframe[0].value["all"][0] == "50% (38 to 62) of 60"
    assert page.dataframe[0].value["right answers"][0] == "none"


def test_sharpness_and_the_probe_are_measured_where_that_takes_seconds(
    counted: Counted, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_inside(run)
    monkeypatch.setattr(looked, "FEW_ROWS", 100)
    page = at(run="runs/toy", view="Looked at")
    assert "AUROC" not in texts(page)
    page.toggle(key="mistakes.telling").set_value(True).run()
    asked = texts(page)
    monkeypatch.setattr(looked, "FEW_ROWS", 200)
    page = at(run="runs/toy", view="Looked at")
    assert not page.exception and not page.toggle
    assert [line for line in asked.splitlines() if "AUROC" in line] == [
        line for line in texts(page).splitlines() if "AUROC" in line
    ]
    told = texts(page)
    assert "a linear probe on the pooled state: AUROC **1.00 (" in told
    assert "sharpness: largest weight" in told and "width: entropy" in told
    assert told.count(", which may be chance") == 2  # both drawn at random; the probe's is sure
    assert "Of 120 answers to" in told
