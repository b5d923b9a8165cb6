"""A checkpoint replaced under its name answers anew, whatever was kept of the one before."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.picture import Picture
from lxmert_viz.runs.extraction import extract
from lxmert_viz.runs.states import STATES_VARIABLE, store_folder
from lxmert_viz.runs.targets import task
from lxmert_viz.ui.server import answers, lenses, models, states
from lxmert_viz.ui.server.variant import RegionsAsked, Variant, key_of
from tests.helpers.small_page import forget_models

NAME = "mine"
QUESTION = "what color is the cube?"


def unheard(stage: str, share: float) -> None:
    """Nobody watches."""


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkpoint that may be changed, under its name; nothing is kept before and after."""
    monkeypatch.setenv("LXMERT_VIZ_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv(STATES_VARIABLE, str(tmp_path / "states"))
    forget_models()
    yield shutil.copytree(tiny_folder, tmp_path / "models" / NAME)
    forget_models()


def retrained(weights: Path) -> None:
    """Other numbers in a file of as many bytes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        found = {
            name: value + 0.2 * torch.randn_like(value) if value.is_floating_point() else value
            for name, value in load_file(weights).items()
        }
    save_file(found, weights, {"format": "pt"})


def asked(photograph: bytes) -> Variant:
    return Variant(NAME, RegionsAsked("trained"), Picture.of(photograph), QUESTION)


def test_a_retrained_network_answers_anew_and_looks_no_second_time(
    folder: Path, photograph: bytes
) -> None:
    variant = asked(photograph)
    before, key = answers.trace(variant, unheard), key_of(variant)
    assert answers.trace(variant, unheard).answers == before.answers
    retrained(folder / "model.safetensors")
    after = answers.trace(variant, unheard)
    assert key_of(variant) != key
    alone = models.load_pipeline(NAME)
    assert after.answers == alone.ask(alone.look(photograph), QUESTION).answers
    assert after.answers != before.answers
    assert np.array_equal(after.regions.feats, before.regions.feats)
    norms = answers.value_norms(variant, unheard)["lang"]
    assert answers.stage_payload(variant, None, unheard)
    retrained(folder / "model.safetensors")
    assert not np.array_equal(answers.value_norms(variant, unheard)["lang"], norms)


def test_another_detector_finds_other_regions(folder: Path, photograph: bytes) -> None:
    before = answers.regions_of(asked(photograph), unheard)
    names = folder / "detector" / "objects.txt"
    names.write_text("\n".join(f"another {name}" for name in names.read_text().splitlines()))
    after = answers.regions_of(asked(photograph), unheard)
    assert before.names != after.names
    assert all("another" in name for name in after.names)


def test_masked_words_and_lenses_are_read_by_the_head_that_is_there_now(
    folder: Path, photograph: bytes
) -> None:
    variant = Variant(NAME, RegionsAsked("trained"), Picture.of(photograph), "a [MASK] cube")
    words, layers = answers.fillings(variant, unheard), np.ones((1, 2, 16), np.float32)
    head = lenses.head(NAME, "words")
    shares = lenses.lens_grid("the same states", head, layers).shares
    retrained(folder / "model.safetensors")
    assert answers.fillings(variant, unheard) != words
    again = lenses.head(NAME, "words")
    assert again != head
    assert not np.array_equal(lenses.lens_grid("the same states", again, layers).shares, shares)


def test_states_and_probes_of_a_network_before_are_another_networks(folder: Path) -> None:
    before = states.source(NAME, "")
    store = states.store(before, unheard)
    probe = probed(before)
    assert states.store(states.source(NAME, ""), unheard) is store
    retrained(folder / "model.safetensors")
    after = states.source(NAME, "")
    other = states.store(after, unheard)
    assert other.folder != store.folder
    places = np.arange(5)
    assert not np.array_equal(other.states("lang", -1, places), store.states("lang", -1, places))
    assert not np.array_equal(probed(after), probe)


def probed(source: states.Source) -> np.ndarray:
    """The weights of a probe's last layer."""
    wanted = task(states.store(source, unheard), "word class")
    asked = states.Chosen(wanted, "linear", "cls", 0, code=False)
    run = states.probe(source, asked.key, asked, unheard)
    return run.layers[-1].fitted.weights[0]


def test_stores_are_offered_to_the_checkpoint_that_made_them(
    folder: Path, tmp_path: Path, photograph: bytes
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.jpg").write_bytes(photograph)
    (tmp_path / "data" / "questions.json").write_text(
        json.dumps([{"img_id": "one", "question_id": "1", "sent": QUESTION, "label": {"red": 1}}])
    )
    pipeline, dataset = models.pipeline(NAME), open_dataset(tmp_path / "data" / "questions.json")
    made = extract(pipeline, dataset, store_folder(pipeline, dataset))
    assert str(made.folder) in states.names(NAME)
    retrained(folder / "model.safetensors")
    assert str(made.folder) not in states.names(NAME)


def test_a_check_is_of_the_files_as_they_are(folder: Path) -> None:
    before = models.findings(NAME, unheard)
    assert models.findings(NAME, unheard) == before
    (folder / "answers.json").write_text("[]")
    assert models.findings(NAME, unheard) != before
