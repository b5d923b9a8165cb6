"""Numbers that judge a map: known answers on an additive stand-in, laws on the tiny network."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from lxmert_viz.experiments import proof, target
from lxmert_viz.experiments.relevance import METHODS, explain
from lxmert_viz.experiments.removal import Removal
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

TEXT = "what color is the large cube?"
WORTH = np.array([5.0, 4.0, 3.0, 2.0, 1.0, -1.0])  # one word, then five regions


REGIONS = np.arange(1, 6)


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


def test_curves_of_an_additive_game_are_its_sums() -> None:
    curves = proof.curves_of(Additive(), REGIONS, WORTH[1:])
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
    best, worst = (
        proof.curves_of(Additive(), REGIONS, scores) for scores in (WORTH[1:], -WORTH[1:])
    )
    assert best.beats_random and best.as_good == 0
    assert not worst.beats_random and worst.as_good == proof.DRAWS
    any_order = proof.curves_of(Additive(np.ones(6)), REGIONS, WORTH[1:])
    assert not any_order.beats_random and any_order.as_good == proof.DRAWS


def test_too_few_regions_have_no_curves() -> None:
    assert proof.curves_of(Additive(WORTH[:3]), REGIONS[:2], WORTH[1:3]) is None


def test_words_leave_while_regions_stay() -> None:
    game = Additive(np.array([3.0, -1.0, 2.0, 10.0]), word_places=(1, 2, 3))
    curves = proof.curves_of(game, np.arange(3), game.worths[:3])
    assert curves.positive.tolist() == [14, 11, 9, 10]
    assert curves.negative.tolist() == [14, 15, 13, 10]


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
    for curves, players in ((judged.regions, count), (judged.words, 7)):
        assert curves.positive.shape == curves.oracle.shape == (players + 1,)
        assert curves.positive[0] == pytest.approx(found.value, abs=1e-4)
        ends = [curves.positive[-1], curves.negative[-1], curves.oracle[-1]]
        assert ends == pytest.approx([ends[0]] * 3, abs=1e-4)
        assert curves.oracle[1] <= curves.positive[1] + 1e-4
    assert judged.removal == Removal("zero")
    assert 0 <= judged.violations <= 1 and 0 <= judged.complexity <= 1
    assert (judged.retest is None) == (method != "shapley")
    assert -1 <= judged.random_head <= 1 and judged.sensitivity >= 0
    assert judged.another == "yes rather than ball" and -1 <= judged.another_target <= 1
    assert any(stage.startswith(f"random order {proof.DRAWS}") for stage in heard)
    assert judged.forwards > 2 * count


def test_maps_that_are_blind_to_the_target_are_alike_for_another_and_for_another_head(
    tiny_pipeline: Pipeline, regions: Regions
) -> None:
    judged = {}
    for method in ("rollout", "occlusion"):
        found = explain(tiny_pipeline, regions, TEXT, method, "red", "blue")
        judged[method] = proof.prove(tiny_pipeline, regions, TEXT, found, Removal())
    blind, sees = judged["rollout"], judged["occlusion"]
    assert (blind.another_target, blind.random_head) == pytest.approx((1, 1))
    assert max(sees.another_target, sees.random_head) < 0.99


def test_small_edits_have_their_length_and_move_a_map_little(
    tiny_pipeline: Pipeline, regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited = proof.small_edits(regions, seed=0)
    wanted = proof.SMALL * np.linalg.norm(regions.feats, axis=1)
    assert len(edited) == proof.EDITS
    for one in edited:
        lengths = np.linalg.norm(one.feats - regions.feats, axis=1)
        assert lengths == pytest.approx(wanted, rel=1e-3)
    assert not np.array_equal(edited[0].feats, edited[1].feats)
    found = explain(tiny_pipeline, regions, TEXT, "occlusion", "red", "blue")

    def sensitivity() -> float:
        return proof.prove(tiny_pipeline, regions, TEXT, found, Removal()).sensitivity

    small = sensitivity()
    monkeypatch.setattr(proof, "SMALL", 0.2)
    assert 0 < small < sensitivity()
    flat = replace(found, words=found.words * 0, regions=found.regions * 0)
    assert proof.prove(tiny_pipeline, regions, TEXT, flat, Removal()).sensitivity is None


def test_occlusion_never_violates_its_own_signs(tiny_pipeline: Pipeline, regions: Regions) -> None:
    found = explain(tiny_pipeline, regions, TEXT, "occlusion", "red", "blue")
    assert proof.prove(tiny_pipeline, regions, TEXT, found, found.removal).violations == 0


def test_no_regions(tiny_pipeline: Pipeline, regions: Regions) -> None:
    none = regions.only(())
    found = explain(tiny_pipeline, none, TEXT, "occlusion", "red", "blue")
    judged = proof.prove(tiny_pipeline, none, TEXT, found, found.removal)
    assert (
        judged.regions is None
        and judged.words is not None
        and np.isfinite(judged.comprehensiveness)
    )


def test_a_vocabulary_of_two_answers_has_no_other_target(
    tiny_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = target.answer(tiny_pipeline, "yes", "no")
    assert target.another(tiny_pipeline, asked).name == "red rather than ball"
    assert target.another(tiny_pipeline, target.match(tiny_pipeline)).name == "yes rather than ball"
    monkeypatch.setattr(tiny_pipeline, "answer_vocabulary", ("yes", "no"))
    assert target.another(tiny_pipeline, asked) is None
