"""Is a map true of this very example? Numbers that judge it, from the network asked again.

Letters: n players, words then regions; V regions among them.
"""

from dataclasses import dataclass

import numpy as np

from lxmert_viz.analysis import faithfulness
from lxmert_viz.analysis.faithfulness import removal_order
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.relevance import PAIRS, Relevance, explain
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report

DRAWS = 20  # of random orders
BAND = (0.025, 0.975)  # quantiles of what they do
NOISE = 1e-4  # logits, by which one coalition differs from batch to batch
FEWEST = 3  # regions, below which an order tells nothing


@dataclass(frozen=True, slots=True)
class Curves:
    """The target in logits as regions leave one by one, from all of them to none; V + 1 steps."""

    positive: np.ndarray  # (V + 1,) the most relevant leave first: falls early under a good map
    negative: np.ndarray  # (V + 1,) the least relevant leave first: stays long
    random: np.ndarray  # (DRAWS, V + 1)
    oracle: np.ndarray  # (V + 1,) each time that region leaves without which the target is lowest

    @property
    def shares(self) -> np.ndarray:
        """(V + 1,) of the regions that are gone."""
        return np.linspace(0, 1, len(self.oracle))

    @property
    def band(self) -> np.ndarray:
        """(2, V + 1) low and high end of what random orders do."""
        return np.quantile(self.random, BAND, axis=0)

    def area(self, values: np.ndarray) -> float:
        """Of one curve: its mean target, in logits."""
        return faithfulness.area(self.shares, values)

    @property
    def random_areas(self) -> tuple[float, float, float]:
        """Mean, low and high end of the areas of random orders."""
        areas = np.array([self.area(values) for values in self.random])
        low, high = np.quantile(areas, BAND)
        return float(areas.mean()), float(low), float(high)

    @property
    def as_good(self) -> int:
        """How many random orders make the target fall as far as the map's."""
        limit = self.area(self.positive) + NOISE
        return sum(self.area(values) <= limit for values in self.random)

    @property
    def beats_random(self) -> bool:
        return self.area(self.positive) < self.random_areas[1] - NOISE


@dataclass(frozen=True, slots=True)
class Proof:
    """What one map is worth on its own example."""

    removal: Removal
    curves: Curves | None  # None: fewer than FEWEST regions can be removed
    comprehensiveness: float  # logits, mean fall without the top 1, 5, 10, 20 and 50 % of players
    sufficiency: float  # logits, mean fall with them alone
    violations: float  # 0..1, of players, whose sign is not that of their own removal's effect
    complexity: float  # 0..1, of players: 0 is one alone, 1 all alike
    another: str  # the target of another map; "" where the checkpoint has none
    another_target: float | None  # Spearman's correlation with that map
    retest: float | None  # the same with the map of other orders; None: nothing is drawn
    forwards: int  # of the network


def prove(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    found: Relevance,
    removal: Removal,
    *,
    pairs: int = PAIRS,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Proof:
    """removal: how players are taken away, of a map that removes nothing too. pairs: of orders."""
    game = Game(pipeline, regions, text, found.target, removal)
    scores = game.gather(found.words, found.regions)
    curves = curves_of(game, scores[len(game.word_places) :], seed, report)
    report("the strongest words and regions", 0)
    comprehensive, sufficient = without_and_alone(game, scores)
    report("every word and region alone", 0)
    violations = faithfulness.sign_violations(scores, drops(game, np.arange(game.players)))
    again = Again(pipeline, game, text, found.method, pairs, report)
    another = targets.another(pipeline, found.target)
    unlike = None if another is None else again.likeness(scores, another, seed, "another answer")
    retest = None
    if found.orders:
        retest = again.likeness(scores, found.target, seed + 1, "other orders")
    return Proof(
        removal,
        curves,
        comprehensive,
        sufficient,
        violations,
        faithfulness.complexity(scores),
        another.name if another else "",
        unlike,
        retest,
        game.forwards + again.forwards,
    )


@dataclass
class Again:
    """The same method once more, to see how much its map changes."""

    pipeline: Pipeline
    game: Game
    text: str
    method: str
    pairs: int
    report: Report
    forwards: int = 0

    def likeness(self, scores: np.ndarray, target: Target, seed: int, what: str) -> float:
        """Spearman's correlation of the players' scores (n,) with those of another map."""
        other = explain(
            self.pipeline,
            self.game.regions,
            self.text,
            self.method,
            target,
            removal=self.game.removal,
            pairs=self.pairs,
            seed=seed,
            report=lambda stage, share: self.report(f"{what}, {stage}", share),
        )
        self.forwards += other.forwards
        return faithfulness.similarity(scores, self.game.gather(other.words, other.regions))


def curves_of(
    game: Game,
    scores: np.ndarray,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Curves | None:
    """scores: (V,) of the regions that may be removed. Words stay."""
    if len(scores) < FEWEST:
        return None
    report("regions leave as the map says", 0)
    positive = as_they_leave(game, removal_order(scores))
    negative = as_they_leave(game, removal_order(scores, least_first=True))
    draw = np.random.default_rng(seed)
    random = []
    for number in range(DRAWS):
        report(f"random order {number + 1} of {DRAWS}", number / DRAWS)
        random.append(as_they_leave(game, draw.permutation(len(scores))))
    return Curves(positive, negative, np.stack(random), _greedy(game, report))


def as_they_leave(game: Game, order: np.ndarray) -> np.ndarray:
    """(V + 1,) the target in logits. order: of the regions among the players, (V,)."""
    count = len(order)
    members = np.ones((count + 1, game.players), bool)
    for step in range(count):
        members[step + 1 :, len(game.word_places) + order[step]] = False
    return game.worth(members)


def drops(game: Game, players: np.ndarray) -> np.ndarray:
    """(k,) how much the target falls without each of some players, by their places (k,)."""
    members = np.ones((len(players) + 1, game.players), bool)
    members[1 + np.arange(len(players)), players] = False
    worth = game.worth(members)
    return worth[0] - worth[1:]


def without_and_alone(game: Game, scores: np.ndarray) -> tuple[float, float]:
    """Comprehensiveness and sufficiency of a ranking (n,)."""
    order = removal_order(scores)
    counts = faithfulness.counts_of(game.players)
    top = np.zeros((len(counts), game.players), bool)
    for row, count in zip(top, counts, strict=True):
        row[order[:count]] = True
    worth = game.worth(np.concatenate([np.ones((1, game.players), bool), ~top, top]))
    without, alone = np.split(worth[1:], 2)
    whole = float(worth[0])
    return (
        faithfulness.comprehensiveness(whole, without),
        faithfulness.sufficiency(whole, alone),
    )


def _greedy(game: Game, report: Report) -> np.ndarray:
    there = np.ones(game.players, bool)
    left = list(range(len(game.word_places), game.players))
    worth, count = [float(game.worth(there[None])[0])], len(left)
    while left:
        report("the fastest fall there is", 1 - len(left) / count)
        members = np.repeat(there[None], len(left), axis=0)
        members[np.arange(len(left)), left] = False
        found = game.worth(members)
        best = int(found.argmin())
        there[left.pop(best)] = False
        worth.append(float(found[best]))
    return np.array(worth)
