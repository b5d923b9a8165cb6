"""A head whose weights were shuffled, in a network that shares everything else."""

import numpy as np
import pytest
import torch

from lxmert_viz.experiments import target
from lxmert_viz.experiments.randomised import HEADS, with_random_head
from lxmert_viz.experiments.removal import Game
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "a [MASK] cube"


def targets(pipeline: Pipeline) -> dict[str, target.Target]:
    names = pipeline.region_names
    return {
        "answer": target.answer(pipeline, "red", "blue"),
        "match": target.match(pipeline),
        "word": target.word(pipeline, 2, "red"),
        "object": target.region_label(pipeline, "object", 1, names.objects[1]),
        "attribute": target.region_label(pipeline, "attribute", 1, names.attributes[1]),
    }


def worth(pipeline: Pipeline, regions: Regions, asked: target.Target) -> float:
    game = Game(pipeline, regions, TEXT, asked)
    return float(game.worth(np.ones((1, game.players), bool))[0])


@pytest.mark.parametrize("kind", HEADS)
def test_the_head_of_the_target_says_something_else_and_the_checkpoint_stays(
    tiny_pipeline: Pipeline, regions: Regions, kind: str
) -> None:
    asked = targets(tiny_pipeline)[kind]
    before = worth(tiny_pipeline, regions, asked)
    random = with_random_head(tiny_pipeline, asked, seed=1)
    assert worth(random, regions, asked) != pytest.approx(before, abs=1e-3)
    assert worth(random, regions, asked) == worth(
        with_random_head(tiny_pipeline, asked, seed=1), regions, asked
    )
    assert worth(tiny_pipeline, regions, asked) == before


def test_only_the_head_and_the_pooler_have_other_weights(tiny_pipeline: Pipeline) -> None:
    asked = target.answer(tiny_pipeline, "red", "blue")
    before = dict(tiny_pipeline.network.named_parameters())
    after = dict(with_random_head(tiny_pipeline, asked, seed=1).network.named_parameters())
    changed = {name for name, weights in after.items() if weights is not before[name]}
    assert changed == {name for name in before if name.startswith(("answer_head", "lxmert.pooler"))}
    for name in changed:
        assert torch.equal(after[name].flatten().sort()[0], before[name].flatten().sort()[0])
