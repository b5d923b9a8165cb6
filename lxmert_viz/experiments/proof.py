"""Is a map true of this very example? Numbers that judge it, from the network asked again.

Letters: n players, words then regions; N of one kind among them.
"""

from dataclasses import dataclass, replace

import numpy as np

from lxmert_viz.analysis import faithfulness
from lxmert_viz.analysis.faithfulness import removal_order
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.randomised import with_random_head
from lxmert_viz.experiments.relevance import PAIRS, Relevance, explain_game
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report

DRAWS = 20  # of random orders
BAND = (0.025, 0.975)  # quantiles of what they do
NOISE = 1e-4  # logits, by which one coalition differs from batch to batch
FEWEST = 3  # words or regions, below which an order tells nothing
EDITS = 3  # small ones
SMALL = 0.02  # length of an edit, in lengths of the features that it is added to


@dataclass(frozen=True, slots=True)
class Curves:
    """The target in logits as words or regions leave one by one, to none of them; N + 1 steps."""

    positive: np.ndarray  # (N + 1,) the most relevant leave first: falls early under a good map
    negative: np.ndarray  # (N + 1,) the least relevant leave first: stays long
    random: np.ndarray  # (DRAWS, N + 1)
    oracle: np.ndarray  # (N + 1,) each time that one leaves without which the target is lowest

    @property
    def shares(self) -> np.ndarray:
        """(N + 1,) of those that are gone."""
        return np.linspace(0, 1, len(self.oracle))

    @property
    def band(self) -> np.ndarray:
        """(2, N + 1) low and high end of what random orders do."""
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
    regions: Curves | None  # as regions leave; None: fewer than FEWEST can be removed
    words: Curves | None  # as words leave
    comprehensiveness: float  # logits, mean fall without the top 1, 5, 10, 20 and 50 % of players
    sufficiency: float  # logits, mean fall with them alone
    violations: float  # 0..1, of players, whose sign is not that of their own removal's effect
    complexity: float  # 0..1, of players: 0 is one alone, 1 all alike
    another: str  # the target of another map; "" where the checkpoint has none
    another_target: float | None  # Spearman's correlation with that map
    random_head: float  # the same with the map of a checkpoint whose head was shuffled
    retest: float | None  # the same with the map of other orders; None: nothing is drawn
    sensitivity: float | None  # largest relative change of the map over small edits of features
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
    count = len(game.word_places)
    of_regions = curves_of(game, np.arange(count, game.players), scores[count:], seed, report)
    of_words = curves_of(game, np.arange(count), scores[:count], seed, report)
    report("the strongest words and regions, and each alone", 0)
    comprehensive, sufficient = without_and_alone(game, scores)
    violations = faithfulness.sign_violations(scores, drops(game, np.arange(game.players)))
    again = Again(game, scores, found.method, pairs, report)
    another = targets.another(pipeline, found.target)
    shuffled = game.about(found.target, with_random_head(pipeline, found.target, seed))
    return Proof(
        removal=removal,
        regions=of_regions,
        words=of_words,
        comprehensiveness=comprehensive,
        sufficiency=sufficient,
        violations=violations,
        complexity=faithfulness.complexity(scores),
        another=another.name if another else "",
        another_target=another and again.likeness(game.about(another), seed, "another answer"),
        random_head=again.likeness(shuffled, seed, "a shuffled head"),
        retest=again.likeness(game, seed + 1, "other orders") if found.orders else None,
        sensitivity=again.sensitivity(seed),
        forwards=game.forwards + again.forwards,
    )


@dataclass
class Again:
    """The same method once more, to see how much its map changes."""

    game: Game
    scores: np.ndarray  # (n,) of the map
    method: str
    pairs: int
    report: Report
    forwards: int = 0  # beyond those that the game counts

    def likeness(self, game: Game, seed: int, what: str) -> float:
        """Spearman's correlation with the map of another game of the same players."""
        return faithfulness.similarity(self.scores, self._explained(game, seed, what))

    def sensitivity(self, seed: int) -> float | None:
        """The map's largest relative change over small edits; None where it is zero everywhere."""
        if not self.scores.any():
            return None
        own = self.game
        edited = []
        for number, regions in enumerate(small_edits(own.regions, seed), start=1):
            game = Game(own.pipeline, regions, own.tokens.text, own.target, own.removal)
            edited.append(self._explained(game, seed, f"small edit {number} of {EDITS}"))
        return faithfulness.sensitivity(self.scores, np.stack(edited))

    def _explained(self, game: Game, seed: int, what: str) -> np.ndarray:
        """(n,) of the map's own players, which another target may name."""
        found = explain_game(
            game,
            self.method,
            pairs=self.pairs,
            seed=seed,
            report=lambda stage, share: self.report(f"{what}, {stage}", share),
        )
        if game is not self.game:
            self.forwards += found.forwards
        return self.game.gather(found.words, found.regions)


def small_edits(regions: Regions, seed: int) -> list[Regions]:
    """The same boxes; features moved by SMALL of their length, in directions that are drawn."""
    draw = np.random.default_rng(seed)
    edited = []
    for _ in range(EDITS):
        moved = draw.normal(size=regions.feats.shape)
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        moved *= SMALL * np.linalg.norm(regions.feats, axis=1, keepdims=True) / length
        edited.append(replace(regions, feats=(regions.feats + moved).astype(np.float32)))
    return edited


def curves_of(
    game: Game,
    players: np.ndarray,
    scores: np.ndarray,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Curves | None:
    """As some players leave and all others stay. players: (N,) their places; scores: (N,)."""
    if len(players) < FEWEST:
        return None
    report("the most and the least relevant leave", 0)
    positive = as_they_leave(game, players[removal_order(scores)])
    negative = as_they_leave(game, players[removal_order(scores, least_first=True)])
    draw = np.random.default_rng(seed)
    random = []
    for number in range(DRAWS):
        report(f"random order {number + 1} of {DRAWS}", number / DRAWS)
        random.append(as_they_leave(game, draw.permutation(players)))
    return Curves(positive, negative, np.stack(random), _greedy(game, players, report))


def as_they_leave(game: Game, order: np.ndarray) -> np.ndarray:
    """(N + 1,) the target in logits. order: (N,) of players by their places."""
    members = np.ones((len(order) + 1, game.players), bool)
    for step, player in enumerate(order, start=1):
        members[step:, player] = False
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


def _greedy(game: Game, players: np.ndarray, report: Report) -> np.ndarray:
    there = np.ones(game.players, bool)
    left = players.tolist()
    worth = [float(game.worth(there[None])[0])]
    while left:
        report("the fastest fall there is", 1 - len(left) / len(players))
        members = np.repeat(there[None], len(left), axis=0)
        members[np.arange(len(left)), left] = False
        found = game.worth(members)
        best = int(found.argmin())
        there[left.pop(best)] = False
        worth.append(float(found[best]))
    return np.array(worth)
