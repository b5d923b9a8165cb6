"""Heads that follow the asked object, and heads that are forced elsewhere."""

import numpy as np

from lxmert_viz.experiments import steering
from lxmert_viz.experiments.edges import Edge, cut
from lxmert_viz.experiments.head_slots import Slot
from lxmert_viz.experiments.steering import Aim
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions
from tests.helpers.made_up_regions import made_up

TEXT = "what color is the large cube?"


def test_gaze_is_a_correlation_with_the_asked_region() -> None:
    maps = np.zeros((1, 3, 2, 4), np.float32)
    maps[0, 0, :, 2] = 1  # looks at what is asked about
    maps[0, 1, :, :] = 0.25  # looks at everything alike
    maps[0, 2, :, [0, 1, 3]] = 1 / 3  # looks away
    assert np.allclose(steering.gaze(maps, [2]), [1, 0, -1], atol=1e-6)


def test_the_highest_are_taken_and_no_more_than_their_share(tiny_pipeline: Pipeline) -> None:
    """Two layers of four heads: 32 cross heads, of which a tenth is three."""
    scores = np.array([0.1, 0.9, 0.2, 0, 0.8, 0.3, 0.7, 0])
    found = steering.gaze_heads(tiny_pipeline, scores)
    assert found == [Slot("lang_from_vision", *at) for at in ((0, 1), (1, 0), (1, 2))]


def test_forced_heads_read_one_region_alone_and_others_read_on(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    """All heads of all layers: the same as cutting every other region."""
    heads = steering.slots_at(tiny_pipeline, range(8))
    found = steering.steered(tiny_pipeline, regions, TEXT, heads)
    assert len(found) == len(regions)
    for place, scores in enumerate(found):
        others = tuple(n for n in range(len(regions)) if n != place)
        asked = cut(Edge("", "lang_from_vision", keys=others), range(2), 9, len(regions))
        (wanted,) = tiny_pipeline.score_many([(regions, TEXT)], [asked])
        assert np.allclose(scores.answer_logits, wanted.answer_logits, atol=1e-4)
    one = steering.steered(tiny_pipeline, regions, TEXT, heads[:1])
    assert not np.allclose(one[0].answer_logits, found[0].answer_logits, atol=1e-2)


def test_aims_are_regions_whose_name_holds_another_answer(regions: Regions) -> None:
    seen = made_up(regions, 4)
    seen = type(seen)(
        **{name: getattr(seen, name) for name in seen.__slots__}
        | {"names": ("small red cube", "large blue cube", "large red ring", "a ring")}
    )
    assert steering.aims(seen, [0], "red", ["red", "blue", "gray"]) == [Aim(1, "blue")]
    assert steering.aims(seen, [3], "gray", ["red", "blue", "gray"]) == [
        Aim(0, "red"),
        Aim(1, "blue"),
        Aim(2, "red"),
    ]
