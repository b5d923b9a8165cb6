"""A tuned lens undoes a known change of basis, and leaves the last layer alone."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import torch

from lxmert_viz.errors import CheckpointError
from lxmert_viz.experiments.lenses import Lens, grid
from lxmert_viz.experiments.tuned_lens import kept, load, tune

RANDOM = np.random.default_rng(4)
HEAD = torch.from_numpy(RANDOM.normal(size=(8, 5)).astype(np.float32))
LENS = Lens("words", "lang", tuple("abcde"), "softmax", lambda s: (s @ HEAD)[0], HEAD)
LAST = RANDOM.normal(size=(600, 8)).astype(np.float32)
TURN, _ = np.linalg.qr(RANDOM.normal(size=(8, 8)))
TURNED = (LAST @ TURN + 2).astype(np.float32)  # knows all, in another basis
NOISE = RANDOM.normal(size=(600, 8)).astype(np.float32)  # knows nothing
STATES = np.stack([NOISE, TURNED, LAST])
HELD = np.arange(600) % 4 == 0


def test_another_basis_is_undone_and_ignorance_stays() -> None:
    tuned = tune(LENS, STATES, HELD)
    noise, turned, last = tuned.errors
    assert last == 0 and turned < 0.1 * tuned.errors_before[1]
    assert noise > 0.5
    assert tuned.biases[0] < 0.1 and tuned.biases[0] < tuned.biases_before[1]


def test_the_last_layer_is_the_models_own_and_seeds_decide() -> None:
    first, again = tune(LENS, STATES, HELD, seed=2), tune(LENS, STATES, HELD, seed=2)
    assert np.array_equal(first.weights, again.weights)
    moved = first.translated(STATES)
    assert np.array_equal(moved[-1], STATES[-1])
    found, plain = grid(LENS, moved, 1), grid(LENS, STATES, 1)
    agree = [(g.ids[1, :, 0] == g.ids[2, :, 0]).mean() for g in (found, plain)]
    assert agree[0] > 0.9 > agree[1]


def test_what_cannot_be_tuned_is_an_error() -> None:
    with pytest.raises(ValueError, match="cosine"):
        tune(Lens("features", "vision", ("a",), "cosine", LENS.read, HEAD), STATES, HELD)
    with pytest.raises(ValueError, match="measured"):
        tune(LENS, STATES, np.zeros(600, bool))


def test_labels_of_a_sigmoid_head_are_tuned_each_by_itself() -> None:
    sigmoid = Lens("answers", "lang", tuple("abcde"), "sigmoid", lambda s: (s @ HEAD)[:, 0], HEAD)
    tuned = tune(sigmoid, STATES, HELD)
    assert tuned.errors[2] == 0 and tuned.errors[1] < 0.1 * tuned.errors_before[1]
    last, layer = (torch.from_numpy(s[HELD]) @ HEAD for s in (LAST, NOISE))
    p, q = last.sigmoid(), layer.sigmoid()
    by_hand = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
    assert tuned.errors_before[0] == pytest.approx(float(by_hand.sum(1).mean()), rel=1e-4)


def test_maps_are_kept_for_their_head_and_weights_alone(tmp_path: Path) -> None:
    about = {"weights": "abc", "dataset": "study"}
    first = kept(LENS, tmp_path, about, lambda: (STATES, HELD))
    again = kept(LENS, tmp_path, about, lambda: pytest.fail("it was trained again"))
    assert all(np.array_equal(a, b) for a, b in zip(astuple(first), astuple(again), strict=True))
    with pytest.raises(CheckpointError, match="weights 'abc', not 'other'"):
        load(tmp_path / "words.safetensors", {"lens": "words", "weights": "other"})
    (tmp_path / "words.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="is no tuned lens"):
        kept(LENS, tmp_path, about, lambda: (STATES, HELD))
