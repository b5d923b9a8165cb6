"""Numbers that judge a map: known answers on an additive stand-in, laws on the tiny network."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from lxmert_viz.experiments import proof, target
from lxmert_viz.experiments.relevance import METHODS, explain
from lxmert_viz.experiments.removal import Removal
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "what color is the large cube?"
WORTH = np.array([5.0, 4.0, 3.0, 2.0, 1.0, -1.0])  # one word, then five regions


@dataclass
class Additive:
    """A game whose worth is the sum of those who are there."""

    worths: np.ndarray = field(default_factory=WORTH.copy)
    word_places: tuple[int, ...] = (1,)
    forwards: int = 0

    @property
    def players(self) -> int:
        return len(self.worths)

    def worth(self, members: np.ndarray) -> np.ndarray:
        return members @ self.worths


@pytest.fixture(scope="module")
def regions(tiny_pipeline: Pipeline, photograph: bytes) -> Regions:
    return tiny_pipeline.look(photograph)


def test_curves_of_an_additive_game_are_its_sums() -> None:
    curves = proof.curves_of(Additive(), WORTH[1:])
    assert curves.positive.tolist() == [14, 10, 7, 5, 4, 5]
    assert curves.negative.tolist() == [14, 15, 14, 12, 9, 5]
    assert curves.oracle.tolist() == curves.positive.tolist()
    assert curves.shares.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert curves.area(curves.positive) == pytest.approx(7.1)
    assert curves.area(curves.negative) == pytest.approx(11.9)
    assert curves.random.shape == (proof.DRAWS, 6)
    assert curves.random[:, 0].tolist() == [14] * proof.DRAWS
    assert curves.random[:, -1].tolist() == [5] * proof.DRAWS
    mean, low, high = curves.random_areas
    assert 7.1 < low < mean < high < 11.9 + 1e-9
    assert (
        (curves.band[0] <= curves.random.mean(axis=0)) & (curves.band[1] >= curves.band[0])
    ).all()


def test_the_true_map_beats_random_orders_and_its_opposite_does_not() -> None:
    best, worst = (proof.curves_of(Additive(), scores) for scores in (WORTH[1:], -WORTH[1:]))
    assert best.beats_random and best.as_good == 0
    assert not worst.beats_random and worst.as_good == proof.DRAWS
    any_order = proof.curves_of(Additive(np.ones(6)), WORTH[1:])
    assert not any_order.beats_random and any_order.as_good == proof.DRAWS


def test_too_few_regions_have_no_curves() -> None:
    assert proof.curves_of(Additive(WORTH[:3]), WORTH[1:3]) is None


def test_what_is_without_and_what_is_alone() -> None:
    """Of 6 players 1, 5, 10 and 20 % are one, and 50 % are three."""
    without, alone = proof.without_and_alone(Additive(), WORTH)
    assert without == pytest.approx((4 * 5 + 12) / 5)
    assert alone == pytest.approx((4 * 9 + 2) / 5)
    assert proof.drops(Additive(), np.array([0, 5])).tolist() == [5, -1]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_judged(tiny_pipeline: Pipeline, regions: Regions, method: str) -> None:
    asked = target.answer(tiny_pipeline, "red", "blue")
    found = explain(tiny_pipeline, regions, TEXT, method, asked, pairs=1)
    heard: list[str] = []
    judged = proof.prove(
        tiny_pipeline, regions, TEXT, found, Removal("zero"), pairs=1,
        report=lambda stage, share: heard.append(stage),
    )  # fmt: skip
    count = len(regions)
    assert judged.curves.positive.shape == judged.curves.oracle.shape == (count + 1,)
    assert judged.curves.positive[0] == pytest.approx(found.value, abs=1e-4)
    ends = [judged.curves.positive[-1], judged.curves.negative[-1], judged.curves.oracle[-1]]
    assert ends == pytest.approx([ends[0]] * 3, abs=1e-4)
    assert judged.curves.oracle[1] <= judged.curves.positive[1] + 1e-4
    assert judged.removal == Removal("zero")
    assert 0 <= judged.violations <= 1 and 0 <= judged.complexity <= 1
    assert (judged.retest is None) == (method != "shapley")
    assert judged.another == "yes rather than ball" and -1 <= judged.another_target <= 1
    assert any(stage.startswith(f"random order {proof.DRAWS}") for stage in heard)
    assert judged.forwards > 2 * count


def test_maps_that_are_blind_to_the_target_are_alike_for_another(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    alike = {}
    for method in ("rollout", "occlusion"):
        found = explain(tiny_pipeline, regions, TEXT, method, "red", "blue")
        alike[method] = proof.prove(tiny_pipeline, regions, TEXT, found, Removal()).another_target
    assert alike["rollout"] == pytest.approx(1)
    assert alike["occlusion"] < 0.99


def test_occlusion_never_violates_its_own_signs(tiny_pipeline: Pipeline, regions: Regions) -> None:
    found = explain(tiny_pipeline, regions, TEXT, "occlusion", "red", "blue")
    assert proof.prove(tiny_pipeline, regions, TEXT, found, found.removal).violations == 0


def test_no_regions(tiny_pipeline: Pipeline, regions: Regions) -> None:
    none = regions.only(())
    found = explain(tiny_pipeline, none, TEXT, "occlusion", "red", "blue")
    judged = proof.prove(tiny_pipeline, none, TEXT, found, found.removal)
    assert judged.curves is None and np.isfinite(judged.comprehensiveness)


def test_a_vocabulary_of_two_answers_has_no_other_target(
    tiny_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = target.answer(tiny_pipeline, "yes", "no")
    assert target.another(tiny_pipeline, asked).name == "red rather than ball"
    assert target.another(tiny_pipeline, target.match(tiny_pipeline)).name == "yes rather than ball"
    monkeypatch.setattr(tiny_pipeline, "answer_vocabulary", ("yes", "no"))
    assert target.another(tiny_pipeline, asked) is None
