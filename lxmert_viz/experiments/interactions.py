"""What a word and a region add together, beyond what each adds alone: the Shapley interaction."""

from dataclasses import dataclass

import numpy as np

from lxmert_viz.analysis import shapley
from lxmert_viz.analysis.sequences import confidence_sequence
from lxmert_viz.experiments.removal import Game
from lxmert_viz.experiments.target import Target
from lxmert_viz.records import Report

DRAWS = 128  # of who is there beside the two
AT_ONCE = 16
BOUND = 4.0  # times the largest effect of one of the two alone or of both: where draws are cut


@dataclass(frozen=True, slots=True)
class Interaction:
    """Of two players, in logits: above 0 they need each other, below 0 one will do."""

    target: Target
    value: float
    low: float  # of a 95 % confidence sequence of draws cut at plus and minus `bound`
    high: float
    bound: float
    draws: int


def interaction(
    game: Game,
    first: int,
    second: int,
    draws: int = DRAWS,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Interaction:
    """first, second: players by their places. Others come and go as in a random order.

    A draw is those who stand before both, where the two stand next to each other. Raises
    ValueError for one player twice.
    """
    if first == second:
        raise ValueError(f"player {first} does not interact with itself")
    bound = _bound(game, first, second)
    random, found = np.random.default_rng(seed), []
    for start in range(0, draws, AT_ONCE):
        report(f"draw {start + 1} of {draws}", start / draws)
        count = min(AT_ONCE, draws - start)
        before = np.stack([_before(game.players, first, second, random) for _ in range(count)])
        found.append(shapley.interactions(_worth(game, before, first, second)))
    values = np.concatenate(found)
    low, high = confidence_sequence(np.clip(values, -bound, bound), -bound, bound)[-1]
    return Interaction(game.target, float(values.mean()), low, high, bound, draws)


def _before(players: int, first: int, second: int, random: np.random.Generator) -> np.ndarray:
    """(n,) bool: who stands before the two, who are not among them."""
    others = random.permutation([p for p in range(players) if p not in (first, second)])
    there = np.zeros(players, bool)
    there[others[: random.integers(len(others) + 1)]] = True
    return there


def _worth(game: Game, before: np.ndarray, first: int, second: int) -> np.ndarray:
    """(m, 4) of those before, with the first, with the second, with both. before: (m, n)."""
    members = np.repeat(before[:, None], 4, axis=1)
    members[:, (1, 3), first] = True
    members[:, (2, 3), second] = True
    return game.worth(members.reshape(-1, game.players)).reshape(-1, 4)


def _bound(game: Game, first: int, second: int) -> float:
    """From what one and both do to everybody and to nobody, known before the first draw."""
    ends = np.array([[True] * game.players, [False] * game.players])
    ends[:, (first, second)] = False
    worth = _worth(game, ends, first, second)
    largest = np.abs(worth[:, :, None] - worth[:, None]).max()
    return max(BOUND * float(largest), float(np.finfo(np.float32).tiny))
