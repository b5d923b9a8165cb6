import numpy as np
import pytest
import torch

from lxmert_viz.checks.regions import overlaps
from lxmert_viz.config import DetectorConfig, RegionProfile
from lxmert_viz.detector.network import RegionHeads
from lxmert_viz.detector.selection import (
    LIMIT,
    LOST_BY,
    OVERLAP,
    SCORE,
    Detections,
    Selection,
    _features_share,
    _reason,
    describe_boxes,
    detect,
    select,
    select_agnostic,
    select_per_class,
)
from tests.helpers.detector_weights import TINY, tiny_detector

WEIGHTS = TINY.box_weights
PROFILES = tuple(TINY.profiles.values())


def profile(rule: str, least: int = 1, most: int = 9, min_score: float = 0.2) -> RegionProfile:
    return RegionProfile(64, 96, rule, least, most, min_score)


def heads(*probabilities: list[float], attributes: list[float] | None = None) -> RegionHeads:
    """Heads of boxes that stay in place; the last probability of each is background."""
    rows = torch.tensor(probabilities)
    tags = torch.tensor(attributes or [0.5, 0.25, 0.25]).log().expand(len(rows), -1)
    return RegionHeads(
        torch.rand(len(rows), 5), rows.log(), torch.zeros(len(rows), rows.shape[1] - 1, 4), tags
    )


def squares(*corners: float) -> torch.Tensor:
    """10 x 10 boxes with these left edges."""
    return torch.tensor([[x, 0.0, x + 10, 10.0] for x in corners])


def picture(height: int = 60, width: int = 80) -> np.ndarray:
    random = np.random.default_rng(7)
    return random.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_worse_box_of_the_same_class_falls_out_per_class() -> None:
    seen = heads([0.6, 0.1, 0.3], [0.8, 0.1, 0.1], [0.1, 0.7, 0.2])
    picked = select_per_class(seen, squares(0, 1, 2), profile("per_class"))
    assert picked.indices.tolist() == [1, 2]  # in the order of proposals: nothing was cut
    assert picked.object_ids.tolist() == [0, 1]
    assert picked.scores.tolist() == pytest.approx([0.8, 0.7])


def test_a_box_stays_for_its_second_class_and_is_named_by_its_first() -> None:
    seen = heads([0.5, 0.4, 0.1], [0.8, 0.1, 0.1])
    picked = select_per_class(seen, squares(0, 1), profile("per_class"))
    assert picked.indices.tolist() == [0, 1]
    assert picked.object_ids.tolist() == [0, 0]


def test_too_few_confident_boxes_are_filled_up_from_the_best() -> None:
    seen = heads([0.1, 0.1, 0.8], [0.15, 0.1, 0.75], [0.5, 0.1, 0.4])
    for rule in ("per_class", "agnostic"):
        chosen = profile(rule, least=2)
        picked = select(seen, squares(0, 20, 40), (10, 50), WEIGHTS, chosen)
        assert picked.indices.tolist() == [2, 1]


def test_too_many_confident_boxes_are_cut_to_the_best() -> None:
    seen = heads([0.5, 0.1, 0.4], [0.6, 0.1, 0.3], [0.7, 0.1, 0.2])
    for rule in ("per_class", "agnostic"):
        picked = select(seen, squares(0, 20, 40), (10, 50), WEIGHTS, profile(rule, most=2))
        assert picked.indices.tolist() == [2, 1]


def test_agnostic_boxes_compete_across_classes_until_enough_are_left() -> None:
    seen = heads([0.6, 0.1, 0.3], [0.1, 0.8, 0.1])  # IoU of the boxes: 9 / 11
    boxes = squares(0, 1)
    assert select(seen, boxes, (10, 50), WEIGHTS, profile("agnostic")).indices.tolist() == [1]
    pair = profile("agnostic", least=2)
    assert select(seen, boxes, (10, 50), WEIGHTS, pair).indices.tolist() == [1, 0]
    twins = select(seen, squares(0, 0), (10, 50), WEIGHTS, pair)
    assert twins.indices.tolist() == [1, 0]  # the last threshold keeps even copies


def test_agnostic_boxes_are_moved_as_their_class_says_and_clipped() -> None:
    seen = heads([0.2, 0.7, 0.1])
    seen.box_deltas[0, 1, 0] = 10  # one width to the right
    picked = select(seen, squares(0), (10, 15), WEIGHTS, profile("agnostic"))
    assert picked.boxes_px.tolist() == [[10, 0, 15, 10]]
    kept = select(seen, squares(0), (10, 15), WEIGHTS, profile("per_class"))
    assert kept.boxes_px.tolist() == [[0, 0, 10, 10]]


def test_no_attribute_takes_its_share_only_per_class() -> None:
    seen = heads([0.7, 0.3], attributes=[0.4, 0.1, 0.5])
    alike = select(seen, squares(0), (10, 10), WEIGHTS, profile("per_class"))
    apart = select(seen, squares(0), (10, 10), WEIGHTS, profile("agnostic"))
    assert alike.attribute_ids.tolist() == apart.attribute_ids.tolist() == [0]
    assert alike.attribute_scores.item() == pytest.approx(0.4)
    assert apart.attribute_scores.item() == pytest.approx(0.8)


def test_equal_scores_are_taken_in_the_order_of_proposals() -> None:
    seen = heads(*[[0.4, 0.3, 0.3]] * 6)
    for rule in ("per_class", "agnostic"):
        chosen = profile(rule, most=4)
        picked = select(seen, squares(*range(0, 120, 20)), (10, 120), WEIGHTS, chosen)
        assert picked.indices.tolist() == [0, 1, 2, 3]


def test_the_order_of_proposals_does_not_change_what_is_found() -> None:
    random = torch.Generator().manual_seed(3)
    rows = torch.rand(30, 4, generator=random).softmax(1)
    boxes = squares(*(100 * torch.rand(30, generator=random)).tolist())
    order = torch.randperm(30, generator=random)
    for rule in ("per_class", "agnostic"):
        chosen = profile(rule, 5, 8)
        one = select(heads(*rows.tolist()), boxes, (10, 120), WEIGHTS, chosen)
        other = select(heads(*rows[order].tolist()), boxes[order], (10, 120), WEIGHTS, chosen)
        assert set(order[other.indices].tolist()) == set(one.indices.tolist())


def test_no_proposals_give_no_regions() -> None:
    nothing = heads([0.5, 0.5])
    nothing = RegionHeads(*(column[:0] for column in nothing))
    class_boxes = torch.zeros(0, 1, 4)
    assert len(select_agnostic(nothing, class_boxes, profile("agnostic", 5)).indices) == 0
    assert len(select_per_class(nothing, squares(0)[:0], profile("per_class", 5)).indices) == 0


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="'best'"):
        select(heads([0.5, 0.5]), squares(0), (10, 10), WEIGHTS, profile("best"))


def is_sound(regions: Detections, chosen: RegionProfile) -> bool:
    inside = (regions.boxes_unit >= 0).all() and (regions.boxes_unit <= 1).all()
    upright = (regions.boxes_unit[:, 2:] >= regions.boxes_unit[:, :2]).all()
    columns = regions.arrays.values()
    finite = all(np.isfinite(column).all() for column in columns)
    return inside and upright and finite and len(regions.scores) <= chosen.max_regions


@pytest.mark.parametrize("chosen", [*PROFILES, RegionProfile(64, 96, "agnostic", 50, 60)])
@pytest.mark.parametrize("shape", [(1, 1), (20, 3000), (3000, 1), (50, 70)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_strange_picture_has_sound_regions(
    chosen: RegionProfile, shape: tuple[int, int], seed: int
) -> None:
    grey = np.full((*shape, 3), 128, np.uint8)
    regions = detect(tiny_detector(seed), grey, chosen)
    assert is_sound(regions, chosen)
    assert len(regions.scores) > 0
    assert is_sound(describe_boxes(tiny_detector(seed), grey, regions.boxes_unit, chosen), chosen)


def test_regions_come_in_the_types_that_other_rooms_take() -> None:
    regions = detect(tiny_detector(), picture(), TINY.profiles["trained"])
    columns = regions.arrays
    assert len(columns) == 6
    for name, column in columns.items():
        assert column.dtype == (np.int64 if name.endswith("ids") else np.float32), name
        assert len(column) == len(regions.scores)
    assert regions.feats.shape[1] == TINY.feature_size


def test_looking_again_at_trained_regions_gives_their_features() -> None:
    """Their boxes are proposals, so that features and names belong to them exactly."""
    chosen = RegionProfile(64, 96, "per_class", 2, 12)
    found = detect(tiny_detector(), picture(64, 96), chosen)
    again = describe_boxes(tiny_detector(), picture(64, 96), found.boxes_unit, chosen)
    assert np.abs(again.feats - found.feats).max() < 1e-5
    assert again.object_ids.tolist() == found.object_ids.tolist()
    assert np.abs(again.boxes_unit - found.boxes_unit).max() < 1e-6


def losers(picked: Selection, rows: list[int]) -> list[str]:
    return [_reason(picked.contest, row) for row in rows]


def test_what_was_not_chosen_says_why() -> None:
    seen = heads([0.8, 0.1, 0.1], [0.6, 0.1, 0.3], [0.5, 0.1, 0.4], [0.1, 0.15, 0.75])
    boxes = squares(0, 1, 40, 80)  # the second is a near copy of the first
    for rule in ("per_class", "agnostic"):
        one = select(seen, boxes, (10, 120), WEIGHTS, profile(rule, least=0, most=1))
        assert one.indices.tolist() == [0]
        assert losers(one, [1, 2, 3]) == [OVERLAP, LIMIT, SCORE]
        two = select(seen, boxes, (10, 120), WEIGHTS, profile(rule, least=0, most=2))
        assert losers(two, [1, 3]) == [OVERLAP, SCORE]


def test_regions_and_what_was_left_out_are_all_proposals() -> None:
    for chosen in PROFILES:
        network = tiny_detector()
        found = detect(network, picture(), chosen)
        others = found.left_out
        assert len(found.scores) + len(others.scores) == TINY.rpn_post_nms
        assert (np.diff(others.scores) <= 0).all()
        assert set(others.reasons) <= set(LOST_BY)
        assert ((others.boxes_unit >= 0) & (others.boxes_unit <= 1)).all()
        assert len(others.reasons) == len(others.rivals) == len(others.boxes_unit)


def test_the_rival_is_the_region_that_a_box_overlaps_most() -> None:
    found = detect(tiny_detector(), picture(), TINY.profiles["demo"])
    overlapping = overlaps(found.left_out.boxes_unit, found.boxes_unit)
    assert (overlapping.argmax(1) == found.left_out.rivals).all()


def test_of_given_boxes_none_is_left_out() -> None:
    boxes = np.array([[0, 0, 1, 1]], np.float32)
    assert describe_boxes(tiny_detector(), picture(), boxes, PROFILES[0]).left_out is None


def test_a_listener_that_raises_cancels() -> None:
    class Cancelled(Exception):
        pass

    for stop in ("features", "proposals", "regions"):
        heard = []

        def listen(stage: str, share: float, stop: str = stop, heard: list = heard) -> None:
            heard.append((stage, share))
            if stage == stop:
                raise Cancelled

        with pytest.raises(Cancelled):
            detect(tiny_detector(), picture(), TINY.profiles["demo"], listen)
        assert heard[-1][0] == stop
    shares = []
    detect(tiny_detector(), picture(), TINY.profiles["demo"], lambda *news: shares.append(news))
    assert shares[-1] == ("regions", 1.0)


def test_a_detector_in_training_does_not_look() -> None:
    with pytest.raises(ValueError, match="training mode"):
        detect(tiny_detector().train(), picture(), TINY.profiles["demo"])


def test_progress_rises_over_all_stages_block_by_block() -> None:
    heard: list[tuple[str, float]] = []
    detect(tiny_detector(), picture(), PROFILES[0], lambda *news: heard.append(news))
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert (shares[0], heard[-1]) == (0.0, ("regions", 1.0))
    stages = [stage for stage, _ in heard]
    assert stages.count("features") == sum(TINY.blocks[:3])
    assert list(dict.fromkeys(stages)) == ["features", "proposals", "regions"]


@pytest.mark.parametrize("stage", ["features", "regions"])
def test_who_raises_in_progress_stops_the_work_there(stage: str) -> None:
    heard: list[tuple[str, float]] = []

    def stop(*news: tuple[str, float]) -> None:
        heard.append(news)
        if news[0] == stage and news[1] > 0:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        detect(tiny_detector(), picture(), PROFILES[0], stop)
    assert heard[-1][0] == stage
    assert heard[-1][1] < 1


def test_work_is_shared_as_its_multiplications() -> None:
    class Seen:
        config = DetectorConfig()  # 30 blocks; 3 blocks on 14 x 14 cells a region
        size = (600, 800)

    share = _features_share(Seen, Seen, 300)
    assert share == pytest.approx(956_250 / (956_250 + 11_995_200))
    assert _features_share(Seen, Seen, 0) == 1
