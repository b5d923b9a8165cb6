from dataclasses import replace

import numpy as np
import pytest

from lxmert_viz.analysis.head_statistics import (
    all_statistics,
    box_centres,
    carried,
    entropy,
    k90,
    largest,
    mass_on,
    mean_distance,
    share_across,
    spatial_entropy,
)
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import HeadStatistic, Trace


def one_head(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)[None, None]  # (1, 1, Q, K)


def test_entropy_is_0_for_one_key_and_1_for_all_alike() -> None:
    assert entropy(one_head([1, 0, 0, 0])) == pytest.approx(0)
    assert entropy(one_head([0.25] * 4)) == pytest.approx(1)


def test_entropy_is_the_mean_over_queries_in_units_of_log_k() -> None:
    half_of_the_keys = one_head([0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0])
    assert entropy(half_of_the_keys) == pytest.approx(0.5)
    assert entropy(one_head([1, 0, 0, 0], [0.25] * 4)) == pytest.approx(0.5)


def test_the_only_key_has_no_entropy() -> None:
    assert entropy(one_head([1], [1])) == pytest.approx(0)


def test_k90_counts_the_keys_that_hold_nine_tenths() -> None:
    assert k90(one_head([0.1, 0.9, 0, 0])) == pytest.approx(1 / 4)
    assert k90(one_head([0.5, 0.3, 0.15, 0.05])) == pytest.approx(3 / 4)
    assert k90(one_head([0.1] * 10)) == pytest.approx(0.9)
    assert k90(one_head([1, 0, 0, 0], [0.25] * 4)) == pytest.approx((1 / 4 + 1) / 2)


def test_the_largest_weight_is_that_of_the_whole_map() -> None:
    assert largest(one_head([0.4, 0.6], [0.9, 0.1])) == pytest.approx(0.9)


def test_mass_on_some_keys_is_their_sum_and_the_mean_over_queries() -> None:
    assert mass_on(one_head([0.2, 0.3, 0.5], [0.6, 0.4, 0]), [0, 2]) == pytest.approx(0.65)


def test_distance_is_weighted_by_where_a_head_looks() -> None:
    places = np.array([[0.0], [1.0], [2.0]])
    looks = one_head([0, 0.5, 0.5], [0, 1, 0], [1, 0, 0])  # 1.5, 0 and 2 positions away
    assert mean_distance(looks, places) == pytest.approx(3.5 / 3)


def test_box_centres_are_measured_by_the_diagonal() -> None:
    boxes = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]], dtype=np.float32)
    centres = box_centres(boxes, (300, 400))
    assert np.linalg.norm(centres[1] - centres[0]) == pytest.approx(1)
    assert centres[2].tolist() == pytest.approx([150 / 500, 0])


def test_the_update_from_the_other_stream_is_a_share_of_both_moves() -> None:
    entering = np.zeros((1, 2))
    first = [[[3, 0]], [[3, 1]], [[9, 9]]]  # moves 3 across, then 1 within
    second = [[[9, 8]], [[9, 6]], [[0, 0]]]  # from (9, 9): 1 across, then 2 within
    assert share_across(entering, np.array([first, second])).tolist() == pytest.approx(
        [3 / 4, 1 / 3]
    )


def test_states_that_stay_have_no_update() -> None:
    assert share_across(np.ones((2, 3)), np.ones((1, 3, 2, 3))) == pytest.approx(0)


@pytest.fixture(scope="module")
def trace(tiny_pipeline: Pipeline, photograph: bytes) -> Trace:
    return tiny_pipeline.ask(tiny_pipeline.look(photograph), "what color is the cube?")


def named(trace: Trace) -> dict[str, HeadStatistic]:
    return {statistic.name: statistic for statistic in all_statistics(trace)}


def test_every_statistic_has_one_number_a_head_within_its_scale(trace: Trace) -> None:
    for statistic in all_statistics(trace):
        for family, values in statistic.values.items():
            assert values.shape == trace.attention[family].shape[:2]
            assert values.min() >= 0
            assert values.max() <= statistic.tops.get(family, 1) + 1e-6


def test_statistics_stand_only_where_they_mean_something(trace: Trace) -> None:
    found = {name: set(statistic.values) for name, statistic in named(trace).items()}
    assert found["entropy"] == found["k90"] == found["largest"] == set(trace.attention)
    assert found["update"] == {"lang_from_vision", "vision_from_lang"}
    assert found["special"] == {"lang", "vision_from_lang", "cross_lang"}
    assert found["distance"] == {"lang", "cross_lang", "vision", "cross_vision"}


def test_a_whole_row_of_heads_shares_the_update_of_its_layer(trace: Trace) -> None:
    values = named(trace)["update"].values["lang_from_vision"]
    assert np.ptp(values, axis=1).max() == 0
    steps = trace.states["lang_cross"][0]
    across = np.linalg.norm(steps[0] - trace.states["lang"][-1], axis=1)
    within = np.linalg.norm(steps[1] - steps[0], axis=1)
    assert values[0, 0] == pytest.approx((across / (across + within)).mean(), rel=1e-5)


def test_without_regions_only_words_have_statistics(trace: Trace) -> None:
    words = trace.attention["lang"].shape[-1]
    empty = {
        "vision": np.zeros((2, 4, 0, 0)),
        "lang_from_vision": np.zeros((2, 4, words, 0)),
        "vision_from_lang": np.zeros((2, 4, 0, words)),
        "cross_vision": np.zeros((2, 4, 0, 0)),
    }
    blind = replace(trace, attention=trace.attention | empty)
    assert set(named(blind)["entropy"].values) == {"lang", "cross_lang"}
    assert named(blind)["update"].values == {}


def test_a_head_carries_its_weights_times_its_values() -> None:
    weights = np.array([[[[0.25, 0.75], [1.0, 0.0]]]], np.float32)  # (1, 1, 2, 2)
    norms = np.array([[[4.0, 2.0]]], np.float32)  # (1, 1, 2)
    assert carried(weights, norms) == pytest.approx((0.25 * 4 + 0.75 * 2 + 4.0) / 2)


SPREAD = np.array([[0, 0, 0.2, 0.2], [0.1, 0, 0.3, 0.2], [0.25, 0, 0.5, 0.2], [0.8, 0.8, 1, 1]])


def test_overlapping_boxes_are_one_place() -> None:
    """The third box touches the first only by way of the second."""
    together = one_head([1 / 3, 1 / 3, 1 / 3, 0])
    assert spatial_entropy(together, SPREAD) == pytest.approx(0)
    apart = one_head([0.3, 0.3, 0, 0.4])
    by_hand = -(0.6 * np.log(0.6) + 0.4 * np.log(0.4)) / np.log(4)
    assert spatial_entropy(apart, SPREAD) == pytest.approx(by_hand)
    assert spatial_entropy(one_head([0.3, 0.3, 0, 0.4], [1, 0, 0, 0]), SPREAD) == pytest.approx(
        by_hand / 2
    )


def test_weights_below_the_mean_are_no_place() -> None:
    assert spatial_entropy(one_head([0.8, 0.05, 0.05, 0.1]), SPREAD) == pytest.approx(0)
    assert spatial_entropy(one_head([1.0]), SPREAD[:1]) == pytest.approx(0)


def test_permuted_regions_are_as_many_places() -> None:
    draw = np.random.default_rng(0)
    maps, order = draw.dirichlet(np.ones(12), (2, 3, 5)), draw.permutation(12)
    corners = np.sort(draw.random((12, 2, 2)), axis=1).reshape(12, 4)
    found = spatial_entropy(maps, corners)
    assert found.shape == (2, 3) and found.max() > 0
    assert spatial_entropy(maps[..., order], corners[order]) == pytest.approx(found)
