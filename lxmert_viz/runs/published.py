"""What is published for LXMERT's checkpoints, and what this copy of one measures on the same data.

A dataset lies in a folder of its own name below the one that is given; what is not there is said
with how to get it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lxmert_viz.analysis import foil_metrics
from lxmert_viz.analysis.foil_metrics import Counted, Items
from lxmert_viz.dataset.opening import open_source
from lxmert_viz.errors import DatasetError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.results.board import Board
from lxmert_viz.results.columns import MATCH, NO_MATCH
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings

BASE = "lxmert-base"
SCORE, RAW_PAIRS, BOTH = "score", "acc_r", "acc"
TEXT, IMAGE, GROUP = "text score", "image score", "group score"
ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True, slots=True)
class Published:
    what: str
    checkpoint: str  # that it was measured with
    measure: str
    value: float  # percent
    source: str
    conditions: str
    folder: str  # of its data
    how: str  # to get the data


VALSE_HOW = "github.com/Heidelberg-NLP/VALSE: its JSON files, and the pictures that they name"
WINOGROUND_HOW = "huggingface.co/datasets/facebook/winoground, once you accepted its licence"
NOUN_HOW = "github.com/mitjanikolaus/multimodal-predicate-noun-dependencies, with Open Images"
VSR_HOW = "github.com/cambridgeltl/visual-spatial-reasoning at commit c28c02b, with COCO train2017"
NLVR2_HOW = "lil.nlp.cornell.edu/nlvr, whose authors send the pictures on request"
VOLTA_HOW = "the published regions of LXMERT's authors (github.com/airsplay/lxmert)"
PUBLISHED = (
    Published(
        "VQA v2, minival",
        "lxmert-vqa",
        SCORE,
        69.90,
        "LXMERT's README",
        "soft accuracy on LXMERT's own 5,000 pictures, 36 bottom-up regions",
        "vqa-minival",
        VOLTA_HOW,
    ),
    Published(
        "GQA, testdev",
        "lxmert-gqa",
        SCORE,
        59.80,
        "LXMERT's README",
        "accuracy, balanced questions, tuned on train and valid",
        "gqa-testdev",
        VOLTA_HOW,
    ),
    Published(
        "GQA, Graphcore's tuning",
        "Graphcore/lxmert-gqa-uncased",
        SCORE,
        59.34,
        "the checkpoint's card (0.59335)",
        "its own validation split",
        "gqa-graphcore",
        "huggingface.co/datasets/Graphcore/gqa-lxmert",
    ),
    Published(
        "VALSE, mean of 11 pieces, acc_r",
        BASE,
        RAW_PAIRS,
        59.6,
        "VALSE's paper (Parcalabescu 2022)",
        "raw logit of column 1; entries with 2 of 3 votes; texts cut to 30 pieces, here whole",
        "valse",
        VALSE_HOW,
    ),
    Published(
        "VALSE, mean of 11 pieces, acc",
        BASE,
        BOTH,
        53.5,
        "VALSE's paper (Parcalabescu 2022)",
        "captions above and foils below; texts cut to 30 pieces, here whole",
        "valse",
        VALSE_HOW,
    ),
    *(
        Published(
            f"Winoground, {measure}",
            BASE,
            measure,
            value,
            "the published scores of all 1,600 pairs (Thrush 2022)",
            "P(match); chance 25, 25 and 16.67",
            "winoground",
            WINOGROUND_HOW,
        )
        for measure, value in ((TEXT, 19.25), (IMAGE, 7.00), (GROUP, 4.00))
    ),
    Published(
        "Predicate-noun dependencies, pairs",
        BASE,
        TEXT,
        56.81,
        "the published items (Nikolaus 2022)",
        "both pictures of a pair right; whole pictures; chance 25",
        "predicate-noun",
        NOUN_HOW,
    ),
    Published(
        "Predicate-noun dependencies, pairs, cropped",
        BASE,
        TEXT,
        68.73,
        "the published items (Nikolaus 2022)",
        "as above, each picture cut to the box of what is named",
        "predicate-noun-cropped",
        NOUN_HOW + ", cut to the boxes",
    ),
    Published(
        "VSR of 2022, random split, test",
        "juletxara/lxmert-vsr-random",
        SCORE,
        72.5,
        "VSR's first paper (Liu 2022)",
        "2,024 rows; of the newer files two thirds were trained on",
        "vsr-random",
        VSR_HOW,
    ),
    Published(
        "VSR of 2022, zero-shot split, test",
        "juletxara/lxmert-vsr-zeroshot",
        SCORE,
        63.2,
        "VSR's first paper (Liu 2022)",
        "731 rows",
        "vsr-zeroshot",
        VSR_HOW,
    ),
    *(
        Published(
            f"NLVR2, {part}",
            "LXMERT tuned on NLVR2",
            SCORE,
            value,
            "LXMERT's README",
            "accuracy",
            f"nlvr2-{part}",
            NLVR2_HOW,
        )
        for part, value in (("dev", 74.95), ("test-P", 74.45))
    ),
)


@dataclass(frozen=True, slots=True)
class Held:
    """A published figure beside what was measured; None where it was not."""

    published: Published
    measured: float | None = None  # percent
    interval: tuple[float, float] | None = None
    units: int = 0
    why_not: str = ""

    @property
    def is_within(self) -> bool | None:
        if self.interval is None:
            return None
        return self.interval[0] <= self.published.value <= self.interval[1]


def of_checkpoint(name: str, known: tuple[Published, ...] = PUBLISHED) -> tuple[Published, ...]:
    """Figures of this checkpoint; all of them for one that nothing is published of."""
    own = tuple(p for p in known if p.checkpoint.lower() == name.lower())
    return own or known


def hold(
    pipeline: Pipeline | None,
    model_folder: Path,
    listed: tuple[Published, ...],
    data: Path | None,
    runs: Path,
    report: Report,
) -> Iterator[Held]:
    """One after the other. runs: a folder for their runs; what is finished is not made again.

    pipeline: None where there is no data to ask it of.
    """
    for one in listed:
        folder = None if data is None else data / one.folder
        if pipeline is None or folder is None or not folder.is_dir():
            place = "no --data was named" if folder is None else f"there is no {folder}"
            yield Held(one, why_not=f"not run: {place}; get it from {one.how}")
            continue
        try:
            yield _measured(one, pipeline, model_folder, folder, runs, report)
        except DatasetError as error:
            yield Held(one, why_not=f"not run: {error}")


def _measured(
    one: Published,
    pipeline: Pipeline,
    model_folder: Path,
    folder: Path,
    runs: Path,
    report: Report,
) -> Held:
    """The mean over the files of the folder, each as much as any other."""
    measure = MEASURES[one.measure]
    found = []
    settings = Settings(baselines=False, internals=False)
    for file in _files(folder):
        run = runs / one.folder / file.stem
        source = open_source(file)
        evaluate(pipeline, model_folder, source, run, settings, report)
        found.append(measure(open_run(run)))
    units = sum(len(counted.right) for counted in found)
    if not units:
        raise DatasetError(f"{folder} holds nothing that “{one.measure}” can be counted on.")
    value = 100 * float(np.mean([counted.share for counted in found]))
    return Held(one, value, _interval(found), units)


def _files(folder: Path) -> list[Path]:
    """Those with examples; a folder of GQA or VQA files is opened by its questions."""
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS)
    asked = [p for p in files if "question" in p.name.lower()]
    named = asked or [p for p in files if "region" not in p.name and "annotation" not in p.name]
    if not named:
        raise DatasetError(f"{folder} holds no file of examples.")
    return named


def _interval(found: list[Counted], draws: int = 1_000) -> tuple[float, float]:
    """95% of the mean over files, by drawing the pictures of each again."""
    ends = [np.array(counted.interval(draws)) for counted in found]
    middle = np.mean([counted.share for counted in found])
    half = np.sqrt(sum(((high - low) / 2) ** 2 for low, high in ends)) / len(found)
    if len(found) == 1:
        return float(100 * ends[0][0]), float(100 * ends[0][1])
    return float(100 * (middle - half)), float(100 * (middle + half))


def _score(board: Board) -> Counted:
    frame = board.frame("", ("picture", "score", "pair")).dropna(subset="score")
    right = frame["score"].to_numpy(float)
    names = tuple(frame["picture"].fillna("").astype(str))
    return Counted("score", "", 0.0, right, np.zeros(len(right), bool), names, names)


def _named(name: str, column: str) -> Callable[[Board], Counted]:
    def measure(board: Board) -> Counted:
        items, scores = _items(board, column)
        for counted in foil_metrics.measures(items, scores):
            if counted.name == name:
                return counted
        return Counted(name, "", 0.0, np.zeros(0), np.zeros(0, bool), (), ())

    return measure


def _both(board: Board) -> Counted:
    """VALSE's acc: captions above 0 and foils below, each half; units are weighed so."""
    items, scores = _items(board, "match_score")
    used = ~np.isnan(scores) & (items.matches | (scores != 0))
    whole = foil_metrics.classified(items, scores, used)
    true = items.matches[used]
    weights = np.where(true, 0.5 / max(true.mean(), 1e-9), 0.5 / max((~true).mean(), 1e-9))
    return Counted(
        BOTH, whole.rule, 0.5, whole.right * weights, whole.ties, whole.pictures, whole.kinds
    )


def _items(board: Board, column: str) -> tuple[Items, np.ndarray]:
    names = ("text", "picture", "right", "pair", "question_type", "local_group", column)
    frame = board.frame("", names)
    frame = frame[frame["right"].isin((MATCH, NO_MATCH))]
    told = {name: frame[name].fillna("").astype(str).tolist() for name in names[:6]}
    items = Items(
        told["text"],
        told["picture"],
        (frame["right"] == MATCH).to_numpy(bool),
        told["pair"],
        told["question_type"],
        told["local_group"],
    )
    return items, frame[column].to_numpy(float)


MEASURES: dict[str, Callable[[Board], Counted]] = {
    SCORE: _score,
    RAW_PAIRS: _named("pairwise", "match_logit"),
    BOTH: _both,
    **{name: _named(name, "match_score") for name in (TEXT, IMAGE, GROUP)},
}


def lines_of(held: Held) -> Iterator[str]:
    one = held.published
    yield f"{one.what}: published {one.value:.2f} with {one.checkpoint}"
    yield f"    {one.source}; {one.conditions}"
    if held.measured is None or held.interval is None:
        yield f"    {held.why_not}"
        return
    low, high = held.interval
    place = "within" if held.is_within else "OUTSIDE"
    yield (
        f"    measured {held.measured:.2f} (95% {low:.2f} to {high:.2f}, {held.units:,} units), "
        f"{held.measured - one.value:+.2f}: the published figure lies {place} the interval"
    )
