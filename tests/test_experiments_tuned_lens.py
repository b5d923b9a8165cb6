"""A tuned lens undoes a known change of basis, and leaves the last layer alone."""

import numpy as np
import pytest
import torch

from lxmert_viz.experiments.lenses import Lens, grid
from lxmert_viz.experiments.tuned_lens import tune

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
    with pytest.raises(ValueError, match="sigmoid"):
        tune(Lens("answers", "lang", ("a",), "sigmoid", LENS.read, HEAD), STATES, HELD)
    with pytest.raises(ValueError, match="measured"):
        tune(LENS, STATES, np.zeros(600, bool))
