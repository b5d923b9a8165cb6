"""A tiny checkpoint learns on: parts share no picture, it goes on after a stop, and it opens."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.miniature.training.tuning import Plan, Shown
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions
from lxmert_viz.region_files.lxmert_tsv import write_regions
from lxmert_viz.runs.fine_tuning import FACTS, UNFINISHED, Asked, fine_tune, parts_of, unheard

PICTURES = 120
FAST = Plan("match", learning_rate=0.01, batch=32, epochs=3, patience=3)


class Stop(Exception):
    """As a person stops a command."""


@pytest.fixture(scope="module")
def data(
    tiny_pipeline: Pipeline, photograph: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Blue is always true and red never; questions of which the answer is the last word."""
    folder = tmp_path_factory.mktemp("tuned")
    seen = tiny_pipeline.look(photograph)
    write_regions(folder / "regions.tsv", ((f"p{n}", seen) for n in range(PICTURES)))
    pairs = {
        str(n): {"image_file": f"p{n}", "caption": f"a {s} blue ball", "foil": f"a {s} red ball"}
        for n, s in enumerate(["big", "small"] * (PICTURES // 2))
    }
    (folder / "captions.json").write_text(json.dumps(pairs))
    asked = [
        {"id": f"q{n}", "image": f"p{n % PICTURES}", "question": f"is it {c}?", "answer": a}
        for n, (c, a) in enumerate([("red", "yes"), ("blue", "no")] * PICTURES)
    ]
    asked[0]["answer"] = "a thing that the model cannot say"
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, asked)))
    return folder


@pytest.fixture(scope="module")
def steady(tiny_pipeline: Pipeline) -> Pipeline:
    """Without dropout, which two threads draw in any order."""
    network = copy.deepcopy(tiny_pipeline.network)
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return tiny_pipeline.with_network(network)


@pytest.fixture
def captions(data: Path) -> Dataset:
    return open_dataset(data / "captions.json")


def test_it_learns_and_opens_and_is_measured_on_pictures_of_its_own(
    steady: Pipeline, tiny_pipeline: Pipeline, tiny_folder: Path, captions: Dataset, tmp_path: Path
) -> None:
    heard: list[float] = []
    made = fine_tune(
        steady,
        tiny_folder,
        captions,
        tmp_path / "new",
        FAST,
        lambda stage, share: heard.append(share),
    )
    assert made.after > 0.9 > made.before and made.measure == "pairwise"
    assert sum(made.parts) == 2 * PICTURES and made.left_out == 0
    assert made.judged[made.best] == max(made.judged) > made.judged[0]
    opened = Pipeline.open(tmp_path / "new", device="cpu")
    seen = Regions.from_arrays(*map(lambda a: a[:3], _arrays(tiny_pipeline)), (160, 120))
    red, blue = opened.score_many([(seen, "a big red ball"), (seen, "a big blue ball")])
    assert blue.match > red.match
    told = json.loads((tmp_path / "new" / FACTS).read_text())
    assert told["result"]["after"] == made.after and told["plan"]["head"] == "match"
    assert told["from"]["sha256"] == tiny_pipeline.digest
    assert not (tmp_path / "new" / UNFINISHED).exists()
    with pytest.raises(DatasetError, match="is finished"):
        fine_tune(tiny_pipeline, tiny_folder, captions, tmp_path / "new", FAST, unheard)


def _arrays(pipeline: Pipeline) -> tuple:
    random = np.random.default_rng(0)
    sides = np.sort(random.random((3, 2, 2)) * 100, axis=1).reshape(3, 4).astype(np.float32)
    return sides, random.random((3, 64)).astype(np.float32)


def test_a_stopped_tuning_goes_on_to_the_same_end(
    steady: Pipeline, tiny_folder: Path, captions: Dataset, tmp_path: Path
) -> None:
    def stopping(stage: str, share: float) -> None:
        if stage.startswith("epoch 2"):
            raise Stop

    whole = fine_tune(steady, tiny_folder, captions, tmp_path / "a", FAST, unheard)
    with pytest.raises(Stop):
        fine_tune(steady, tiny_folder, captions, tmp_path / "b", FAST, stopping)
    assert (tmp_path / "b" / UNFINISHED).exists()
    again = fine_tune(steady, tiny_folder, captions, tmp_path / "b", FAST, unheard)
    assert again.judged == pytest.approx(whole.judged, abs=1e-6)
    assert (again.best, again.after) == (whole.best, whole.after)
    other = Plan("match", learning_rate=0.5)
    with pytest.raises(DatasetError, match="begun with another plan"):
        fine_tune(steady, tiny_folder, captions, tmp_path / "b", other, unheard)


def test_answers_are_learnt_and_those_that_it_lacks_are_left_out(
    steady: Pipeline, tiny_folder: Path, data: Path, tmp_path: Path
) -> None:
    plan = Plan("answers", learning_rate=0.005, batch=16, epochs=3)
    dataset = open_dataset(data / "questions.jsonl")
    made = fine_tune(steady, tiny_folder, dataset, tmp_path / "new", plan, unheard)
    assert made.left_out == 1 and made.measure == "score"
    assert made.after > 0.9 > made.before


def test_too_few_pictures_are_one_sentence(
    tiny_pipeline: Pipeline, tiny_folder: Path, captions: Dataset, tmp_path: Path
) -> None:
    few = replace(captions, examples=captions.examples[:30])
    with pytest.raises(DatasetError, match="10 are the fewest"):
        fine_tune(tiny_pipeline, tiny_folder, few, tmp_path / "new", FAST, unheard)


def test_parts_share_neither_pictures_nor_pairs() -> None:
    random = Random(3)
    empty = Shown(None, "")  # type: ignore[arg-type]
    rows = [
        Asked(
            Example(str(n), f"p{n // 4 * 2 + random.randrange(2)}", "t", pair=f"pair {n // 2}"),
            empty,
        )
        for n in range(400)
    ]
    parts = parts_of(rows, seed=1)
    assert sum(map(len, parts)) == 400 and all(parts)
    for name in ("picture", "pair"):
        sets = [{getattr(row.example, name) for row in part} for part in parts]
        assert sets[0].isdisjoint(sets[1] | sets[2]) and sets[1].isdisjoint(sets[2])
    assert [r.example.id for r in parts_of(rows[::-1], 1)[0]] == [r.example.id for r in parts[0]][
        ::-1
    ]
