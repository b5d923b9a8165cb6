"""Why this answer: what every word and region contributes to a target, by several methods.

Letters: T word pieces, R regions, n players (those that may be removed).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lxmert_viz.analysis import shapley
from lxmert_viz.analysis.regions import overlapping
from lxmert_viz.analysis.relevance import bimodal, last_layer, row_of
from lxmert_viz.analysis.rollout import rollout
from lxmert_viz.analysis.sequences import Bets
from lxmert_viz.errors import OptionError
from lxmert_viz.experiments import gradients, heads
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.experiments.target import Target
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions, Report

PAIRS = 8  # of orders, each with its reverse
FEW = 6  # players from which all coalitions are no more than those of the orders
BOUND = 1.5  # times the largest contribution in the first two orders: where others are cut


@dataclass(frozen=True, slots=True)
class Method:
    title: str
    is_signed: bool  # can say that something speaks against the target
    removes: bool  # asks the network again without players
    unit: str  # "logits", or "" where numbers only compare within one map


METHODS = {
    "attention": Method("raw attention, last cross-modality layer", False, False, ""),
    "rollout": Method("joint attention rollout", False, False, ""),
    "value-norm": Method("attention × value norm, last cross-modality layer", False, False, ""),
    "bimodal": Method("bi-modal relevance", False, False, ""),
    "integrated-gradients": Method("integrated gradients", True, False, "logits"),
    "occlusion": Method("occlusion", True, True, "logits"),
    "grouped-occlusion": Method("occlusion of overlapping boxes together", True, True, "logits"),
    "shapley": Method("Shapley values", True, True, "logits"),
}
BLIND = ("attention", "rollout", "value-norm")  # to the target: the same map for every answer


@dataclass(frozen=True, slots=True)
class Relevance:
    """One map. What cannot be removed ([CLS], [SEP], what the target names) has 0."""

    method: str  # of METHODS
    target: Target
    removal: Removal | None  # None: nothing was removed
    words: np.ndarray  # (T,) float64
    regions: np.ndarray  # (R,) float64
    value: float  # of the target with everything there
    forwards: int  # of the network; a gradient counts as one
    gap: float | None = None  # |sum - what it should be| as a share of that; None: no such law
    words_interval: np.ndarray | None = None  # (T, 2), valid whenever one stops; see `bound`
    regions_interval: np.ndarray | None = None  # (R, 2)
    bound: float | None = None  # intervals are of contributions cut at plus and minus this
    orders: int = 0  # that were drawn

    @property
    def width(self) -> float | None:
        """Of the widest interval."""
        if self.words_interval is None or self.regions_interval is None:
            return None
        both = np.concatenate([self.words_interval, self.regions_interval])
        return float((both[:, 1] - both[:, 0]).max())


def explain(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    method: str = "shapley",
    target: str | Target | None = None,
    against: str | None = None,
    removal: str | Removal = "slice",
    *,
    pairs: int = PAIRS,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Relevance:
    """What each word and region contributes to an answer, to an answer rather than another, ...

    target: an answer's text, or a Target; None: the top answer against the runner-up. against: an
    answer's text; None: the target's own logit. removal: of regions "slice", "zero" or "mean", or a
    Removal that says it of words too. pairs: of orders for "shapley". Raises OptionError for what
    is not there, CheckpointError for a head that the checkpoint lacks, TextError.
    """
    check_method(method)
    chosen = _target(pipeline, regions, text, target, against)
    removed = Removal(removal) if isinstance(removal, str) else removal
    game = Game(pipeline, regions, text, chosen, removed)
    return explain_game(game, method, pairs=pairs, seed=seed, report=report)


def explain_game(
    game: Game,
    method: str,
    *,
    pairs: int = PAIRS,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Relevance:
    """As `explain`; what the game computed already is not computed again."""
    check_method(method)
    if method == "shapley":
        *_, last = shapley_steps(game, pairs, seed, report)
        return last
    if method in ("occlusion", "grouped-occlusion"):
        return _occlusion(game, method, report)
    if method == "integrated-gradients":
        return _integrated(game, report)
    return _from_maps(game, method)


def check_method(method: str) -> None:
    """Raises OptionError for a name that is not in METHODS."""
    if method not in METHODS:
        raise OptionError(f"{method!r} is no method; there are {', '.join(METHODS)}.")


def shapley_steps(
    game: Game,
    pairs: int = PAIRS,
    seed: int = 0,
    report: Report = lambda stage, share: None,
) -> Iterator[Relevance]:
    """Permutation Shapley values, better with every pair of orders; one may stop at any of them.

    A contribution's mean over an order and its reverse is one draw. Intervals hold at all moments
    at once, of draws that are cut at `bound`: BOUND times the largest contribution in the first two
    orders. These therefore tell nothing to the intervals, which begin as wide as the bound.
    """
    before = game.forwards
    if game.players <= FEW:
        yield _exact(game)
        return
    ends = game.worth(np.stack([np.ones(game.players, bool), np.zeros(game.players, bool)]))
    both = _contributions(game, pairs, seed, report)
    first = next(both)
    bound = max(BOUND * float(np.abs(first).max()), float(np.finfo(np.float32).tiny))
    draws, intervals = first.mean(axis=0)[None], np.tile([-bound, bound], (game.players, 1))
    yield _drawn(game, draws, intervals, ends, bound, game.forwards - before)
    bets = Bets((game.players,), -bound, bound)
    for added in both:
        draws = np.concatenate([draws, added.mean(axis=0)[None]])
        intervals = bets.add(np.clip(draws[-1], -bound, bound))
        yield _drawn(game, draws, intervals, ends, bound, game.forwards - before)


def _contributions(game: Game, pairs: int, seed: int, report: Report) -> Iterator[np.ndarray]:
    """(2, n) what each player added in an order and in its reverse.

    As many orders as one batch has are asked together.
    """
    drawn = shapley.orders(game.players, pairs, seed)
    together = 2 * max(game.at_once // (2 * (game.players + 1)), 1)
    for start in range(0, len(drawn), together):
        own = drawn[start : start + together]

        def heard(stage: str, share: float, start: int = start, count: int = len(own)) -> None:
            report(
                f"order {start + 1} of {len(drawn)}: {stage}", (start + share * count) / len(drawn)
            )

        worth = game.worth(np.concatenate([shapley.coalitions(order) for order in own]), heard)
        added = shapley.contributions(worth.reshape(len(own), -1), own)
        yield from added.reshape(-1, 2, game.players)


def _drawn(
    game: Game,
    draws: np.ndarray,
    intervals: np.ndarray,
    ends: np.ndarray,
    bound: float,
    forwards: int,
) -> Relevance:
    """draws: (m, n); intervals: (n, 2); ends: the worth of all and of nobody."""
    values = draws.mean(axis=0)
    words, regions = game.spread(values)
    words_interval, regions_interval = game.spread(intervals)
    return Relevance(
        "shapley",
        game.target,
        game.removal,
        words,
        regions,
        float(ends[0]),
        forwards,
        _gap(values.sum(), ends[0] - ends[1]),
        words_interval,
        regions_interval,
        bound,
        2 * len(draws),
    )


def _exact(game: Game) -> Relevance:
    """Of every coalition, where the players are few: no interval, nothing was drawn."""
    before = game.forwards
    worth = game.worth(shapley.every_coalition(game.players))
    values = shapley.exact(worth, game.players)
    words, regions = game.spread(values)
    gap = _gap(values.sum(), worth[-1] - worth[0])
    value, forwards = float(worth[-1]), game.forwards - before
    return Relevance("shapley", game.target, game.removal, words, regions, value, forwards, gap)


def _occlusion(game: Game, method: str, report: Report) -> Relevance:
    """How much the target falls when one player alone is removed, or those on its place too.

    An object that one region shows is mostly seen by others as well, whose boxes overlap.
    """
    before, gone = game.forwards, np.eye(game.players, dtype=bool)
    if method == "grouped-occlusion":
        count = len(game.word_places)
        boxes = game.regions.boxes_unit[game.region_places]
        gone[count:, count:] = overlapping(boxes)
    members = np.concatenate([np.ones((1, game.players), bool), ~gone])
    worth = game.worth(members, report)
    words, regions = game.spread(worth[0] - worth[1:])
    value, forwards = float(worth[0]), game.forwards - before
    return Relevance(method, game.target, game.removal, words, regions, value, forwards)


def _integrated(game: Game, report: Report) -> Relevance:
    regions, text, target = game.regions, game.tokens.text, game.target
    found = gradients.along_path(game.pipeline, regions, text, target, report=report)
    words, seen, first, last = found
    gap = _gap(words.sum() + seen.sum(), last - first)
    forwards = gradients.STEPS + 2
    return Relevance("integrated-gradients", target, None, words, seen, last, forwards, gap)


def _from_maps(game: Game, method: str) -> Relevance:
    pipeline, regions, text, target = game.pipeline, game.regions, game.tokens.text, game.target
    if method == "bimodal":
        maps, slopes = gradients.of_maps(pipeline, regions, text, target)
        found = bimodal(maps, slopes)
    else:
        trace = pipeline.exact.ask(regions, text)
        if method == "rollout":
            found = {name: layers[-1] for name, layers in rollout(trace.attention).items()}
        else:
            norms = heads.value_norms(pipeline.network, trace) if method == "value-norm" else None
            found = last_layer(trace.attention, norms)
    words, seen = row_of(found, target.stream, target.place)
    value = float(game.worth(np.ones((1, game.players), bool))[0])
    return Relevance(method, target, None, words, seen, value, 1)


def _target(
    pipeline: Pipeline,
    regions: Regions,
    text: str,
    target: str | Target | None,
    against: str | None,
) -> Target:
    if isinstance(target, Target):
        if against is not None:
            raise OptionError("A Target says itself what it is against.")
        return target
    if target is None:
        if against is not None:
            raise OptionError(f"Name the answer that {against!r} is compared with.")
        return targets.top_answer(pipeline, pipeline.exact.score_many([(regions, text)])[0])
    return targets.answer(pipeline, target, against)


def _gap(total: float, wanted: float) -> float:
    """How far a sum is from what it should be, as a share of that."""
    return float(abs(total - wanted) / max(abs(wanted), np.finfo(np.float32).eps))
