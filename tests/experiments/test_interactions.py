"""A word and a region together: known games, and shapiq's exact index on the tiny network."""

from dataclasses import dataclass

import numpy as np
import pytest

from lxmert_viz.analysis import shapley
from lxmert_viz.experiments import target
from lxmert_viz.experiments.interactions import interaction
from lxmert_viz.experiments.removal import Game
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline


@dataclass
class Known:
    """What each adds, and what the first two add together."""

    worths: np.ndarray
    together: float
    target: Target = Target("answer", 0, name="known")

    @property
    def players(self) -> int:
        return len(self.worths)

    def worth(self, members: np.ndarray) -> np.ndarray:
        return members @ self.worths + self.together * members[:, 0] * members[:, 1]


@pytest.mark.parametrize("together", [3.0, -2.0, 0.0])
def test_what_two_add_together_is_found_whoever_else_is_there(together: float) -> None:
    game = Known(np.array([1.0, -2.0, 0.5, 4.0, 1.0]), together)
    found = interaction(game, 0, 1, draws=40)
    assert found.value == pytest.approx(together)
    assert found.low <= together <= found.high and found.high - found.low < 2 * found.bound
    assert interaction(game, 2, 3, draws=10).value == pytest.approx(0)


def test_order_does_not_matter_and_nobody_interacts_with_itself() -> None:
    game = Known(np.ones(4), 2.0)
    assert interaction(game, 1, 0).value == interaction(game, 0, 1).value
    with pytest.raises(ValueError, match="player 2 does not interact with itself"):
        interaction(game, 2, 2)


def test_draws_come_to_shapiqs_exact_index(tiny_pipeline: Pipeline, photograph: bytes) -> None:
    from shapiq import ExactComputer

    regions = tiny_pipeline.look(photograph).only((0, 1, 2))
    asked = target.answer(tiny_pipeline, "red", "blue")
    game = Game(tiny_pipeline, regions, "a red cube?", asked)
    exact = ExactComputer(lambda rows: game.worth(rows), n_players=game.players)("SII", 2)
    word, region = 1, game.players - 1
    found = interaction(game, word, region, draws=600)
    spread = max(abs(exact[(word, p)]) for p in range(game.players) if p > word)
    assert found.value == pytest.approx(exact[(word, region)], abs=0.15 * spread)
    assert found.low <= exact[(word, region)] <= found.high


def test_for_as_many_coalitions_it_misses_by_less_than_shapiqs_permutations() -> None:
    """Mean squared error over 20 draws of a game in which any two players interact."""
    from shapiq import PermutationSamplingSV

    players, pairs = 8, 4
    own = np.random.default_rng(4).normal(size=(players, players))

    def value(members: np.ndarray) -> np.ndarray:
        there = np.atleast_2d(members).astype(float)
        return np.einsum("mi,ij,mj->m", there, own, there) + 3 * there.prod(axis=1)

    exact = shapley.exact(value(shapley.every_coalition(players)), players)
    budget = 2 * pairs * (players + 1)
    ours, theirs = [], []
    for seed in range(20):
        drawn = shapley.orders(players, pairs, seed)
        worth = np.array([value(shapley.coalitions(order)) for order in drawn])
        ours.append(shapley.contributions(worth, drawn).mean(axis=0) - exact)
        found = PermutationSamplingSV(players, random_state=seed).approximate(budget, value)
        theirs.append([found[(player,)] for player in range(players)] - exact)
    assert np.square(ours).mean() < np.square(theirs).mean()
