"""The whole pipeline on tensors that say "cuda" and compute here: one device throughout, the same
numbers, and few waits. A GPU waits for the host each time that a number is read or copied.

Budgets may only fall.
"""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from lxmert_viz import pipeline as room
from lxmert_viz.analysis.states import by_depth
from lxmert_viz.experiments import heads, lenses
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from tests.helpers.pretended_gpu import counted, pretended_gpu
from tests.helpers.small_networks import inputs, small_config

PICTURE = (ASSETS / "scenes/scene-1.png").read_bytes()
TEXT, OTHER = "what color is the large cube?", "a red ring."
WAITS_OF_LOOK, WAITS_OF_ASK = 9, 6
LAUNCHES = 526  # of a forward with all maps, as many layers as at full size


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """The miniature there."""
    monkeypatch.setattr(room, "find_device", lambda asked: torch.device("cuda"))
    with pretended_gpu():
        yield Pipeline.open("miniature")


def test_a_picture_and_a_question_are_few_waits_and_the_same_numbers(gpu: Pipeline) -> None:
    seen, looked = counted(lambda: gpu.look(PICTURE))
    trace, first = counted(lambda: gpu.ask(seen, TEXT))
    _, again = counted(lambda: gpu.ask(seen, TEXT))
    assert 0 < looked.waits.total() <= WAITS_OF_LOOK, looked.waits
    assert 0 < again.waits.total() <= first.waits.total() <= WAITS_OF_ASK, first.waits
    here = _here()
    assert np.allclose(here.look(PICTURE).feats, seen.feats, atol=1e-5)
    own = here.ask(seen, TEXT)
    assert all(np.allclose(own.attention[f], trace.attention[f], atol=1e-6) for f in own.attention)
    assert all(np.allclose(own.states[n], trace.states[n], atol=1e-5) for n in own.states)


def _here() -> Pipeline:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "find_device", lambda asked: torch.device("cpu"))
        return Pipeline.open("miniature")


def test_every_other_door_stays_on_the_gpu(gpu: Pipeline) -> None:
    seen = gpu.look(PICTURE)
    gpu.look(PICTURE, "demo")
    gpu.look(PICTURE, boxes_unit=seen.boxes_unit[:2])
    assert len(gpu.masked_words(seen, "a [MASK] cube")) == 1
    some = seen.only(range(2))
    padded, _ = gpu.ask_many([(seen, TEXT), (some, OTHER)])
    alone = gpu.ask(seen, TEXT)
    assert all(np.allclose(padded.states[n], alone.states[n], atol=1e-5) for n in alone.states)
    assert len(gpu.score_many([(seen, TEXT), (some, OTHER)])) == 2
    _, norms = counted(lambda: heads.value_norms(gpu.network, alone))
    assert norms.waits.total() <= 7, norms.waits  # a family's states, and all lengths
    heads.head_detail(gpu.network, alone, "lang", 0, 0, 0)
    for name in ("words", "objects", "attributes", "answers", "match"):
        lens = lenses.lens(gpu, name)
        states = by_depth(alone.states, lens.stream)
        _, grid = counted(lambda lens=lens, states=states: lenses.grid(lens, states))
        assert grid.waits.total() <= 4, grid.waits


def test_a_forward_never_waits_and_launches_no_more_than_before() -> None:
    config = small_config(l_layers=9, r_layers=5, x_layers=5)
    with pretended_gpu():
        network = LxmertForPreTraining(config).eval().to("cuda")
        given = {name: value.to("cuda") for name, value in inputs(config, batch=1).items()}
        with torch.inference_mode():
            out, counts = counted(lambda: network(**given, output_attentions=True))
    assert not counts.waits
    maps = [weights for layers in out.activations.attention.values() for weights in layers]
    assert {weights.device.type for weights in maps} == {"cuda"}
    assert counts.launches.total() <= LAUNCHES, counts.launches


def test_what_a_gpu_refuses_is_refused(gpu: Pipeline) -> None:
    with pytest.raises(RuntimeError, match="same device"):
        torch.ones(3, device="cuda") + torch.ones(3)
    with pytest.raises(TypeError, match="numpy"):
        torch.ones(3, device="cuda").numpy()
    _, counts = counted(lambda: torch.ones(3, device="cuda").sum().item())
    assert counts.waits == {"_local_scalar_dense": 1}
