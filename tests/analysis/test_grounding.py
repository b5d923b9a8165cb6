import numpy as np
import pytest

from lxmert_viz.analysis.grounding import grounding, scores_of

COUNT, HEADS, REGIONS = 60, 8, 10


def test_scores_by_hand() -> None:
    gold = np.array([True, False, False, True])
    weights = np.array(
        [[0.4, 0.2, 0.1, 0.3], [0.1, 0.4, 0.3, 0.2], [0.25] * 4, [0.4, 0.3, 0.2, 0.1]]
    )
    assert scores_of(weights, gold).tolist() == [1, 0, 0.5, 0.5]
    with pytest.raises(ValueError, match="4 of 4 regions are true"):
        scores_of(weights, np.ones(4, bool))


def examples(knows: int | None) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    """One head looks at the true region in four of five examples; all others at random."""
    draw = np.random.default_rng(0)
    weights, gold = [], []
    for _ in range(COUNT):
        true = np.arange(REGIONS) == draw.integers(REGIONS)
        maps = draw.dirichlet(np.ones(REGIONS), HEADS)
        if knows is not None and draw.random() < 0.8:
            maps[knows] = np.where(true, 0.9, 0.1 / (REGIONS - 1))
        weights.append(maps)
        gold.append(true)
    return weights, gold, np.repeat(np.arange(COUNT // 2), 2)


def test_a_head_that_knows_is_found_and_beats_luck() -> None:
    found = grounding(*examples(knows=5))
    assert found.best == 5 and found.held_out > 0.8 > found.lucky > 0.5
    assert found.scores.argmax() == 5 and found.scores.shape == (HEADS,)


def test_the_best_of_many_blind_heads_is_lucky_and_no_more() -> None:
    found = grounding(*examples(knows=None))
    assert found.lucky > 0.55  # though chance is 0.5
    assert found.held_out < found.lucky
