"""The store of states: the same as asking, resumed after a break, never larger than allowed."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.analysis.states import by_depth
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject
from lxmert_viz.runs.extraction import Kept, extract
from lxmert_viz.runs.states import HEAD, STATES_VARIABLE, StateStore, places_of, stores

TEXTS = ("what is red?", "is the ball big?", "a cube", "red dog on the left", "how many")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, photograph: bytes) -> Dataset:
    folder = tmp_path_factory.mktemp("pictures")
    pictures = {}
    for name in ("a", "b", "c", "d"):
        pictures[name] = folder / f"{name}.jpg"
        pictures[name].write_bytes(photograph + name.encode())
    pairs = itertools.product(pictures, TEXTS)
    examples = [
        Example(
            f"{p}{i}", p, text, answers=("yes",), objects=(GoldObject("1", "ball", (0, 0, 1, 1)),)
        )
        for i, (p, text) in enumerate(pairs)
    ]
    examples.insert(3, Example("lost", "nowhere", "what is red?"))
    return Dataset("four", "pictures", (), tuple(examples), pictures)


def test_states_are_those_of_asking(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    store = extract(tiny_pipeline, dataset, tmp_path / "s", Kept(half=False))
    assert len(store.rows) == 20 and len(store.errors) == 1
    row = store.rows[7]
    regions = tiny_pipeline.look(dataset.pictures[row.example.picture].read_bytes())
    trace = tiny_pipeline.ask(regions, row.example.text)
    assert row.pieces == trace.tokens.pieces
    assert row.example == next(e for e in dataset.examples if e.id == row.example.id)
    for stream in ("lang", "vision"):
        start, count = places_of(row, stream)
        for depth, expected in enumerate(by_depth(trace.states, stream)):
            found = store.states(stream, depth, range(start, start + count))
            assert np.allclose(found, expected, atol=2e-5)
            assert np.allclose(store.means(stream, depth)[7], expected.mean(0), atol=2e-5)


def test_a_broken_extraction_goes_on_and_ends_the_same(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    whole = extract(tiny_pipeline, dataset, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(stage: str, share: float) -> None:
        if share > 0.5:
            raise Killed

    with pytest.raises(Killed):
        extract(tiny_pipeline, dataset, tmp_path / "broken", report=kill)
    with (tmp_path / "broken" / "lang.bin").open("ab") as file:
        file.write(b"half a state")
    with (tmp_path / "broken" / "rows.jsonl").open("a") as file:
        file.write('{"example": {"id"')
    assert 0 < len(StateStore(tmp_path / "broken").rows) < len(whole.rows)
    again = extract(tiny_pipeline, dataset, tmp_path / "broken")
    assert [r.example.id for r in again.rows] == [r.example.id for r in whole.rows]
    for stream in ("lang", "vision"):
        left, right = (tmp_path / f / f"{stream}.bin" for f in ("whole", "broken"))
        kinds = [np.frombuffer(p.read_bytes(), np.float16) for p in (left, right)]
        assert np.allclose(*kinds, atol=2e-2)


def test_layers_and_precision_bound_the_size(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    store = extract(tiny_pipeline, dataset, tmp_path / "s", Kept(depths=("L1", "X2 cross", "X2")))
    assert store.depths == {"lang": ("L1", "X2 cross", "X2"), "vision": ("X2 cross", "X2")}
    words = sum(len(row.pieces) for row in store.rows)
    assert (tmp_path / "s" / "lang.bin").stat().st_size == words * 3 * 16 * 2


def test_too_large_is_said_before_the_disk_is_full(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match="would take .* GB, more than the .* allowed"):
        extract(tiny_pipeline, dataset, tmp_path / "s", Kept(max_bytes=20_000))
    assert (tmp_path / "s" / "lang.bin").stat().st_size < 40_000


def test_states_of_another_version_are_not_read(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STATES_VARIABLE, str(tmp_path))
    folder = tmp_path / "s"
    extract(tiny_pipeline, dataset, folder)
    assert stores(tiny_pipeline) == [folder]
    head = json.loads((folder / HEAD).read_text())
    for told in (json.dumps(head | {"format": 1}), "{", "[]"):
        (folder / HEAD).write_text(told)
        assert stores(tiny_pipeline) == []
        with pytest.raises(DatasetError, match="another version of this tool"):
            StateStore(folder)
        with pytest.raises(DatasetError, match="another version of this tool"):
            extract(tiny_pipeline, dataset, folder)


def test_states_are_drawn_with_their_examples_and_held_out_by_picture(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    store = extract(tiny_pipeline, dataset, tmp_path / "s")
    states, rows = store.drawn("lang", 10_000, first_only=True)
    assert rows.tolist() == list(range(20))
    starts = [row.lang_start for row in store.rows]
    assert np.array_equal(states[2], store.states("lang", 2, starts))
    some, held_out = store.split("lang", 30)
    of = np.array(store.pictures(store.drawn("lang", 30)[1]))
    assert some.shape[1] == len(held_out) == 30
    assert held_out.any() and not set(of[held_out]) & set(of[~held_out])


def test_other_states_are_not_mixed_in(
    tiny_pipeline: Pipeline, dataset: Dataset, tmp_path: Path
) -> None:
    extract(tiny_pipeline, dataset, tmp_path / "s")
    with pytest.raises(DatasetError, match="another model, dataset or choice of layers"):
        extract(tiny_pipeline, dataset, tmp_path / "s", Kept(half=False))
    with pytest.raises(DatasetError, match="no layer 'L9'"):
        extract(tiny_pipeline, dataset, tmp_path / "t", Kept(depths=("L9",)))
    with pytest.raises(DatasetError, match="holds no states"):
        StateStore(tmp_path / "nothing")
