"""One modality hidden while a piece of the other is told: known answers, and the command."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lxmert_viz.__main__ import main
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments.input_ablation import (
    Phrase,
    phrases_of,
    region_losses,
    shows,
    word_losses,
)
from lxmert_viz.model.files.loading import base_of
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, GoldObject, Regions, Tokens
from lxmert_viz.runs.ablation import HIDDEN, REGIONS, WORDS, ablate, lines_of

TEXT = "is the large cube on the dog ?"
CUBE = 4  # its word piece


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


@pytest.fixture(scope="module")
def tokens(tiny_pipeline: Pipeline, regions: Regions) -> Tokens:
    return tiny_pipeline.rows([(regions, TEXT)])[0][1]


@pytest.fixture(scope="module")
def cube(regions: Regions) -> Phrase:
    return Phrase((CUBE,), tuple(regions.boxes_unit[0].tolist()))


def parted(pipeline: Pipeline) -> Pipeline:
    """The same checkpoint whose streams write nothing into each other."""
    network = copy.deepcopy(pipeline.network)
    for layer in base_of(network).encoder.x_layers:
        torch.nn.init.zeros_(layer.visual_attention.output.dense.weight)
        torch.nn.init.zeros_(layer.visual_attention.output.dense.bias)
    return pipeline.with_network(network)


def test_a_phrase_is_the_word_that_names_a_marked_object(tokens: Tokens) -> None:
    box = (0.0, 0.0, 0.5, 0.5)
    things = [
        GoldObject("0", "Cube", box),
        GoldObject("1", "tree", box),
        GoldObject("2", "do", box),
    ]
    assert phrases_of(tokens, things) == [Phrase((CUBE,), box)]


def test_a_region_shows_an_object_by_the_share_of_its_box() -> None:
    boxes = np.array([[0, 0, 1, 1], [0, 0, 0.5, 0.3], [0, 0, 0.5, 0.25], [0.6, 0.6, 1, 1]])
    assert shows(boxes, (0, 0, 0.5, 0.5)).tolist() == [True, True, False, False]


def test_the_loss_of_a_word_is_what_the_head_says_of_a_mask(
    tiny_pipeline: Pipeline, regions: Regions, tokens: Tokens, cube: Phrase
) -> None:
    found = word_losses(tiny_pipeline, regions, tokens, cube)
    ((*_, told),) = (tiny_pipeline.masked_words(regions, TEXT.replace("cube", "[MASK]"), 50),)
    shares = {answer.text: answer.probability for answer in told}
    assert found[0] == pytest.approx(-np.log(shares["cube"]), abs=1e-4)
    assert len(set(found.round(6))) == 3


def test_streams_that_do_not_meet_lose_nothing(
    tiny_pipeline: Pipeline, regions: Regions, tokens: Tokens, cube: Phrase
) -> None:
    alone = parted(tiny_pipeline)
    for losses in (word_losses, region_losses):
        found, whole = (losses(p, regions, tokens, cube) for p in (alone, tiny_pipeline))
        assert found == pytest.approx(np.full(3, found[0]), abs=1e-6)
        assert np.ptp(whole) > 1e-4


def test_the_loss_of_a_region_is_of_the_detectors_label(
    tiny_pipeline: Pipeline, regions: Regions, tokens: Tokens, cube: Phrase
) -> None:
    """A head that knows nothing but one label: 0 where that is the detector's."""
    sure = tiny_pipeline.with_network(copy.deepcopy(tiny_pipeline.network))
    decoder = sure.network.obj_predict_head.decoder_dict["obj"]
    torch.nn.init.zeros_(decoder.weight)
    with torch.no_grad():
        decoder.bias[:] = -100.0 * (torch.arange(len(decoder.bias)) != regions.object_ids[0])
    assert region_losses(sure, regions.only([0]), tokens, cube) == pytest.approx(np.zeros(3))


def test_what_no_region_shows_has_no_loss(
    tiny_pipeline: Pipeline, regions: Regions, tokens: Tokens
) -> None:
    nowhere = Phrase((CUBE,), (0, 0, 1, 1))
    small = regions.only(np.flatnonzero(~shows(regions.boxes_unit, nowhere.box_unit)))
    assert word_losses(tiny_pipeline, small, tokens, nowhere) is None
    assert region_losses(tiny_pipeline, small, tokens, nowhere) is None


def toy(pipeline: Pipeline, photograph: bytes, folder: Path, pictures: str) -> Dataset:
    box = tuple(pipeline.look(photograph).boxes_unit[0].tolist())
    paths = {name: folder / f"{name}.jpg" for name in pictures}
    for path in paths.values():
        path.write_bytes(photograph)
    gold = (GoldObject("1", "cube", box),)
    examples = tuple(
        Example(f"q{name}{n}", name, f"{n} {TEXT}", objects=gold)
        for name in pictures
        for n in range(2)
    )
    return Dataset("toy", "table", (), examples, paths)


def test_a_table_has_a_row_for_all_that_is_hidden(
    tiny_pipeline: Pipeline, photograph: bytes, tmp_path: Path
) -> None:
    table = ablate(tiny_pipeline, toy(tiny_pipeline, photograph, tmp_path, "ab"))
    assert list(zip(table.task, table.hidden, strict=True)) == [
        (task, hidden) for task in (WORDS, REGIONS) for hidden in HIDDEN[task]
    ]
    assert (table.phrases == 4).all() and (table.pictures == 2).all()
    first = table.groupby("task").loss.transform("first")
    assert table.rise.to_numpy() == pytest.approx((table.loss - first).to_numpy())
    assert isinstance(table, pd.DataFrame) and len(list(lines_of(table))) == 6


def test_one_picture_is_too_few(tiny_pipeline: Pipeline, photograph: bytes, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="2 texts of toy name a marked object .* of 1 pictures"):
        ablate(tiny_pipeline, toy(tiny_pipeline, photograph, tmp_path, "a"))


def test_the_command_shows_that_the_miniature_uses_what_it_sees(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "ablation.csv"
    assert main(["check", "input-ablation", "--scenes", "4", "--out", str(out)]) == 0
    assert "a masked word, while regions are hidden: " in capsys.readouterr().out
    rows = pd.read_csv(out).set_index(["task", "hidden"])
    assert rows.loc[(WORDS, "the object")].rise_low > 0
    assert rows.loc[(REGIONS, "the phrase")].rise > 0
