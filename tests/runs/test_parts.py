"""How a dataset is cut: so that a run that goes on computes what it would have computed."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Example
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.runs import preparing
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.preparing import parts_of, shard_rows, sorted_by_picture


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


@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=40),
    part=st.integers(1, 6),
    shards=st.integers(1, 8),
    largest=st.integers(1, 4),
)
def test_shards_end_where_parts_do_and_hold_whole_pictures(
    counts: list[int], part: int, shards: int, largest: int
) -> None:
    """What is asked together is the same, however many shards there are."""
    pictures = [name for name, count in enumerate(counts) for _ in range(count)]
    examples = [Example(str(n), str(picture), "?") for n, picture in enumerate(pictures)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "PART", part)
        patch.setattr(preparing, "SHARDS", shards)
        patch.setattr(preparing, "LARGEST", largest * part)
        ends = list(accumulate(shard_rows(counts)))
        cut = [examples[start:end] for start, end in pairwise([0, *ends])]
        assert sum(map(parts_of, cut), []) == parts_of(examples)
    assert ends[-1] == len(examples)
    for before, after in pairwise(cut):
        if before[-1].picture == after[0].picture:
            assert counts[int(after[0].picture)] > part
            assert {e.picture for e in before} == {after[0].picture}


def test_a_million_questions_are_few_files() -> None:
    """20 questions a picture; three files a shard: examples, predictions, internals."""
    rows = list(shard_rows([20] * 50_000))
    assert 3 * len(rows) < 2000 and min(rows[:-1]) >= 1000 and max(rows) <= 4096 + 2 * 64
    assert list(shard_rows([7] * 72)) == [70] * 7 + [14]


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
