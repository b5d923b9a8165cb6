"""Examples are asked together, looked at once, and each gets its result or its error."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import LxmertVizError, PictureError, TextError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject, Regions
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import asking, pictures, preparing
from lxmert_viz.runs.asking import Asker, ask_each
from lxmert_viz.runs.evaluation import in_order
from lxmert_viz.runs.manifest import Settings, manifest_of, source_of
from lxmert_viz.runs.pictures import Looker
from lxmert_viz.runs.preparing import prepared_for
from tests.helpers.made_up_regions import made_up

TEXTS = ("is it red?", "is it large?", "how many")


@pytest.fixture
def dataset(tmp_path: Path, photograph: bytes) -> Dataset:
    """Two questions about each of 20 pictures, all there but the third."""
    found = {}
    for number in range(20):
        found[f"p{number:02}"] = path = tmp_path / f"p{number:02}.jpg"
        path.write_bytes(photograph + bytes([number]))
    examples = [Example(f"{p}{t}", p, t) for p in found for t in TEXTS[:2]]
    del found["p02"]
    return Dataset("twenty", "table", (), tuple(examples), found)


def test_one_text_at_fault_costs_no_other_its_result(
    tiny_pipeline: Pipeline, photograph: bytes
) -> None:
    seen = tiny_pipeline.look(photograph)
    lost = PictureError("It is gone.")
    calls: list[int] = []

    def ask(pairs: Sequence[tuple[Regions, str]]) -> list[str]:
        calls.append(len(pairs))
        return [f"{trace.tokens.text}!" for trace in tiny_pipeline.ask_many(pairs)]

    assert ask_each(ask, [(seen, "red"), (lost, "dog"), (seen, "big")]) == ["red!", lost, "big!"]
    assert calls == [2]
    first, second, third, fourth = ask_each(
        ask, [(seen, "red"), (seen, " "), (lost, "dog"), (seen, "big")]
    )
    assert (first, third, fourth) == ("red!", lost, "big!") and isinstance(second, TextError)
    assert calls == [2, 3, 1, 1, 1]
    assert ask_each(ask, [(lost, "dog")]) == [lost]


def test_what_a_picture_shows_is_shared_by_its_examples_and_looked_for_ahead(
    tiny_pipeline: Pipeline, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bytes] = []
    look = tiny_pipeline.look
    monkeypatch.setattr(
        tiny_pipeline, "look", lambda content, profile: looked.append(content) or look(content)
    )
    looker = Looker(tiny_pipeline, dataset, "trained", tiny_pipeline.region_names.of)
    rows = list(looker.shown(dataset.examples))
    assert [example for example, _ in rows] == list(dataset.examples)
    assert len(looked) == 19
    for (example, first), (_, second) in zip(rows[::2], rows[1::2], strict=True):
        assert first is second
        assert isinstance(first, LxmertVizError) is (example.picture == "p02")
    looked.clear()
    some = looker.shown(dataset.examples)
    next(some)
    some.close()
    assert len(looked) <= pictures.AHEAD + 1  # the rest of the twenty is left alone


def test_a_pair_of_pictures_is_seen_together_or_not_at_all(
    tiny_pipeline: Pipeline, dataset: Dataset
) -> None:
    examples = [Example("0", "p00", "?", second_picture=name) for name in ("p01", "p02")]
    looker = Looker(tiny_pipeline, dataset, "trained", tiny_pipeline.region_names.of)
    (_, both), (_, broken) = looker.shown(examples)
    digests = [seen.digest for seen in both]
    assert digests == [
        tiny_pipeline.look(dataset.pictures[name].read_bytes()).digest for name in ("p00", "p01")
    ]
    assert "no picture 'p02'" in str(broken)


def test_without_internals_nobody_looks_inside_and_predictions_are_the_same(
    tiny_pipeline: Pipeline, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tiny_pipeline.look(photograph)
    box = GoldObject("1", "ball", tuple(seen.boxes_unit[0].tolist()))
    rows = [(Example(text, "a", text, objects=(box,)), seen) for text in (*TEXTS, " ")]
    whole, kept = Asker(tiny_pipeline, baselines=True, keep_internals=True).ask(rows)
    monkeypatch.setattr(tiny_pipeline, "ask_many", None)
    lean, nothing = Asker(tiny_pipeline, baselines=True, keep_internals=False).ask(rows)
    assert len(kept) == 3 and nothing == []
    for one, other in zip(whole, lean, strict=True):
        before, after = ([a.probability for a in made.answers] for made in (one, other))
        assert np.allclose(before, after, rtol=0, atol=1e-5)
        unlike = {"seconds": None, "answers": (), "match": None}
        assert replace(one, **unlike) == replace(other, **unlike)
        assert [a.text for a in one.answers] == [a.text for a in other.answers]
    assert lean[0].missed == 0 and lean[0].without_picture and lean[0].without_question
    assert len(lean[0].answers) == 5 and lean[3].error and not lean[3].answers


def test_what_makes_shards_keeps_its_region_file_and_its_baselines(
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    photograph: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ("a", "b", "c")
    seen = tiny_pipeline.look(photograph)
    file = tmp_path / "regions.tsv"
    write_regions(file, [(name, made_up(seen, 3, seed)) for seed, name in enumerate(names)])
    opened: list[Path] = []
    open_regions = pictures.open_regions
    monkeypatch.setattr(
        pictures, "open_regions", lambda path, o: opened.append(path) or open_regions(path, o)
    )
    asked: list[int] = []
    score_many = tiny_pipeline.score_many
    monkeypatch.setattr(
        tiny_pipeline, "score_many", lambda p: asked.append(len(p)) or score_many(p)
    )
    monkeypatch.setattr(preparing, "PART", 1)
    ids = {name: name for name in names}
    examples = tuple(Example(name, name, TEXTS[0]) for name in names)
    dataset = Dataset("three", "table", (), examples, region_file=file, region_ids=ids)
    run = RunFolder(tmp_path / "run")
    settings = Settings(internals=False)
    run.begin(manifest_of(tiny_pipeline, {}, settings))
    prepared = prepared_for(run, source_of(dataset), {})
    compute = in_order(tiny_pipeline, tiny_folder, run, settings, tmp_path)
    counts = list(compute(prepared.shards))
    assert [(c.rows, c.pictures, c.errors, c.shards) for c in counts] == [(1, 1, 0, 1)] * 3
    made = list(run.predictions())
    assert [(p.id, p.error) for p in made] == [(name, "") for name in names]
    assert all(p.without_picture and p.without_question for p in made)
    assert opened == [file]
    assert asked == [1, 1, 1, 1, 0, 1, 1, 0, 1]  # the text without a picture is asked once


def test_baselines_that_are_forgotten_are_asked_anew(
    tiny_pipeline: Pipeline, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tiny_pipeline.look(photograph)
    rows = [(Example(str(n), "a", TEXTS[n % 2]), seen) for n in range(40)]
    told = []
    for most in (100_000, 1):
        monkeypatch.setattr(asking, "REMEMBERED", most)
        asker = Asker(tiny_pipeline, baselines=True, keep_internals=False)
        predictions, _ = asker.ask(rows)
        told.append([(p.without_picture, p.without_question) for p in predictions])
    assert told[0] == told[1] and all(map(all, told[1]))
    assert max(len(asker._by_text), len(asker._by_picture)) <= 2  # of the last batch
