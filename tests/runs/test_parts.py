"""How a dataset is cut: so that a run that goes on computes what it would have computed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Example
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.runs import preparing
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import parts_of, sorted_by_picture


class Stop(Exception):
    """Ends a run from its report."""


def test_pictures_share_a_part_or_have_parts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "PART", 3)
    examples = [Example(str(n), picture, "?") for n, picture in enumerate("abcabcabcd")]
    parts = parts_of(sorted_by_picture(examples))
    assert ["".join(e.picture for e in part) for part in parts] == ["aaa", "bbb", "ccc", "d"]
    monkeypatch.setattr(preparing, "PART", 4)
    parts = parts_of(sorted_by_picture(examples))
    assert ["".join(e.picture for e in part) for part in parts] == ["aaabbb", "cccd"]
    assert [e.id for e in parts[0]] == ["0", "3", "6", "1", "4", "7"]
    monkeypatch.setattr(preparing, "PART", 2)
    parts = parts_of([Example(str(n), picture, "?") for n, picture in enumerate("abbbbbcd")])
    assert ["".join(e.picture for e in part) for part in parts] == ["a", "bb", "bb", "b", "cd"]


def test_a_run_that_went_on_is_equal_to_the_last_bit(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lxmert_viz.pipeline import Pipeline

    monkeypatch.setattr(preparing, "PART", 20)
    study = open_dataset(ASSETS / "study")
    dataset = replace(study.without_regions(), examples=study.examples[:120])
    settings = Settings(internals=False)

    def run(name: str, stops: list[int]) -> Path:
        """stops: after so many parts of each try, a new process with an empty memory goes on."""
        for left in [*stops, -1]:
            pipeline = Pipeline.open(tiny_folder, device="cpu")
            count = iter(range(left, -1, -1))  # the first report comes before any part

            def report(stage: str, share: float, count: Iterator[int] = count) -> None:
                if next(count, None) == 0:
                    raise Stop

            try:
                evaluate(pipeline, tiny_folder, dataset, tmp_path / name, settings, report)
            except Stop:
                continue
        return tmp_path / name / TABLE

    tables = [pq.read_table(run(n, stops)) for n, stops in (("whole", []), ("broken", [1, 2, 1]))]
    whole, broken = (table.drop(["seconds"]) for table in tables)
    assert whole.num_rows == 120 and broken.equals(whole)
