"""Rows of the board's table: a shard's examples, each with its prediction, scores and cause."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lxmert_viz.analysis import answers, gqa_metrics, mistakes
from lxmert_viz.analysis.mistakes import Judged
from lxmert_viz.analysis.vqa_accuracy import People
from lxmert_viz.records import RIGHT_FROM, TYPES
from lxmert_viz.results.columns import BASELINES, COLUMNS, MATCH, NO_MATCH
from lxmert_viz.results.run_folder import LOGITS

AFTER_ALL = ("consistency", "contradicted")  # columns that other rows decide
CAUSE_IF_CONTRADICTED = "cause_if_contradicted"
SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        *((c.name, c.type) for c in COLUMNS if c.name not in AFTER_ALL),
        (CAUSE_IF_CONTRADICTED, pa.string()),
        ("entailed", pa.list_(pa.string())),
    ]
)
AS_TOLD = {  # columns that the examples have under this or another name; "" becomes null
    "number": "number",
    "question_id": "id",
    "picture": "picture",
    "picture_file": "file",
    "second_picture": "second_picture",
    "second_picture_file": "second_file",
    "text": "text",
    "people": "answers",
    **{f"{name}_type": f"{name}_type" for name in TYPES},
    "local_group": "local_group",
    "global_group": "global_group",
    "balanced": "balanced",
    "pair": "pair",
    "place": "place",
    "entailed": "entailed",
}
AS_MADE = ("match", "error", "regions", "missed", "seconds")  # columns of the predictions
NEEDED = (  # columns of the examples that each row is read from
    *("matches", "right", "answers", "scores", "operations", "objects", "text", "valid"),
    *("plausible", "local_group", *(f"{name}_type" for name in TYPES)),
)
JUDGED_BY = (  # fields of Judged that are columns
    *("answer", "right", "score", "ceiling", "known", "valid", "plausible", "without_picture"),
)
ANSWERS = 16  # whose scores are remembered for a right answer
Column = Sequence[Any]
spelled = lru_cache(maxsize=100_000)(answers.spelled)
cause = lru_cache(maxsize=100_000)(mistakes.cause)


@dataclass(frozen=True, slots=True)
class Known:
    """What a row's scores rest on beside the row."""

    vocabulary: frozenset[str]  # the model's answers; empty where not known
    leaders: Mapping[str, Sequence[tuple[str, int]]]  # by question type, as gqa_metrics has them
    rare: Mapping[str, set[str]]  # by local group


@dataclass(frozen=True, slots=True)
class Marked:
    """What an example's answers are worth."""

    score: Callable[[str], float]
    ceiling: float


def scored(
    asked: pa.Table, made: pa.Table, grounding: Sequence[float | None], known: Known
) -> pa.Table:
    """Of SCHEMA. asked: examples with their views, as a shard has them; made: their predictions.

    grounding: a number an example, or None.
    """
    told = {name: _values(asked[name]) for name in NEEDED}
    said = {name: _values(made[name]) for name in (*AS_MADE, "answers", "probabilities")}
    columns: dict[str, Any] = {
        name: _without_empty(asked[source]) for name, source in AS_TOLD.items()
    }
    columns |= {name: _without_empty(made[name]) for name in AS_MADE}
    columns |= _match_scores(made)
    columns["grounding"] = grounding
    columns["text"] = asked["text"]
    columns["part"] = _parts(asked)
    columns |= _of_example(told, known)
    columns |= _of_answer(told, said)
    for name in BASELINES[:2]:
        whole = zip(told["matches"], _values(made[name]), strict=True)
        columns[name] = [answer if matches is None else None for matches, answer in whole]
    columns |= _judged(told, said, columns)
    arrays = [_array(columns[column.name], column.type) for column in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _parts(asked: pa.Table) -> Column:
    """Of pictures; datasets that earlier versions read have none."""
    if "crop_px" not in asked.column_names:
        return [None] * asked.num_rows
    told = asked["crop_px"].to_pylist()
    return [None if box is None else " ".join(f"{side:g}" for side in box) for box in told]


def _match_scores(made: pa.Table) -> dict[str, Column]:
    """l1 - l0, l1 and l1 - l0 without a picture; parts of earlier versions have none."""
    count = made.num_rows
    known = {
        name: _values(made[name]) if name in made.column_names else [None] * count
        for name in LOGITS
    }
    own, blank = (known[name] for name in LOGITS)
    return {
        "match_score": [None if told is None else told[1] - told[0] for told in own],
        "match_logit": [None if told is None else told[1] for told in own],
        "blank_score": [None if told is None else told[1] - told[0] for told in blank],
    }


def _of_example(told: Mapping[str, Column], known: Known) -> dict[str, Column]:
    captions = [matches is not None for matches in told["matches"]]
    right = [
        (MATCH if matches else NO_MATCH) if matches is not None else text or None
        for matches, text in zip(told["matches"], told["right"], strict=True)
    ]
    kinds = zip(told["question_type"], told["detailed_type"], strict=True)
    groups = [question or detailed for question, detailed in kinds]
    steps = told["operations"]
    asked = list(zip(groups, right, strict=True))
    prior = {
        (group, own): gqa_metrics.prior_answer(known.leaders[group], own) or None
        for is_caption, (group, own) in zip(captions, asked, strict=True)
        if own and not is_caption
    }
    return {
        "right": right,
        "operation": [program[-1] if program else None for program in steps],
        "steps": [gqa_metrics.steps(program) if program else None for program in steps],
        "words": [len(text.split()) for text in told["text"]],
        "object": [objects[0]["name"] if objects else None for objects in told["objects"]],
        "known": [
            None if is_caption or not known.vocabulary or not answer else answer in known.vocabulary
            for is_caption, answer in zip(captions, right, strict=True)
        ],
        "prior": [
            None if is_caption else prior.get(pair)
            for is_caption, pair in zip(captions, asked, strict=True)
        ],
        "tail": [
            own in known.rare[group] if own and group else None
            for own, group in zip(right, told["local_group"], strict=True)
        ],
    }


def _of_answer(told: Mapping[str, Column], said: Mapping[str, Column]) -> dict[str, Column]:
    rows = [
        _answer(texts, sure) if matches is None else _caption_answer(match)
        for matches, match, texts, sure in zip(
            told["matches"], said["match"], said["answers"], said["probabilities"], strict=True
        )
    ]
    names = ("answer", "probability", "second", "margin")
    found: dict[str, Column] = dict(zip(names, zip(*rows, strict=True), strict=True))
    for name in ("valid", "plausible"):
        found[name] = [
            None if answer is None or choices is None else answer in choices
            for answer, choices in zip(found["answer"], told[name], strict=True)
        ]
    return found


def _answer(texts: Sequence[str], sure: Sequence[float]) -> tuple[Any, ...]:
    """The first answer, its probability, the second, and by how much that is less."""
    if not texts:
        return None, None, None, None
    if len(texts) == 1:
        return texts[0], sure[0], None, None
    return texts[0], sure[0], texts[1], sure[0] - sure[1] if sure[0] else None


def _caption_answer(match: float | None) -> tuple[Any, ...]:
    if match is None:
        return None, None, None, None
    return (MATCH, match, None, None) if match >= 0.5 else (NO_MATCH, 1 - match, None, None)


def _judged(
    told: Mapping[str, Column], said: Mapping[str, Column], columns: Mapping[str, Column]
) -> dict[str, Column]:
    """Scores, and why an answer is wrong."""
    names = ("matches", "answers", "scores")
    marks = [
        _marked(*row) if row[0] else None
        for row in zip(columns["right"], *(told[name] for name in names), strict=True)
    ]
    scores = [
        None if mark is None else 0.0 if answer is None else mark.score(answer)
        for mark, answer in zip(marks, columns["answer"], strict=True)
    ]
    found: dict[str, Column] = {
        "score": scores,
        "ceiling": [None if mark is None else mark.ceiling for mark in marks],
    }
    for name in BASELINES:
        found[f"{name}_score"] = [
            None if mark is None or not answer else mark.score(answer)
            for mark, answer in zip(marks, columns[name], strict=True)
        ]
    found["cause"], found[CAUSE_IF_CONTRADICTED] = _causes(told, said, {**columns, **found})
    return found


def _causes(
    told: Mapping[str, Column], said: Mapping[str, Column], columns: Mapping[str, Column]
) -> tuple[list[str | None], list[str | None]]:
    """As the answers are, and where another answer of the model contradicts each."""
    rows = zip(columns["answer"], columns["score"], strict=True)
    wrong = [
        place
        for place, (answer, score) in enumerate(rows)
        if answer is not None and score is not None and score < RIGHT_FROM
    ]
    causes: list[str | None] = [None] * len(columns["answer"])
    contradicted = list(causes)
    for place in wrong:
        judged = Judged(
            **{name: columns[name][place] for name in JUDGED_BY},
            people=tuple(told["answers"][place]) or tuple(dict(told["scores"][place])),
            answer_type=told["answer_type"][place],
            structural=told["structural_type"][place],
            missed=said["missed"][place],
        )
        causes[place] = contradicted[place] = cause(judged)
        if judged.structural:
            contradicted[place] = cause(replace(judged, contradicted=True))
    return causes, contradicted


def _marked(
    right: str,
    matches: bool | None,
    people: Sequence[str],
    scores: Sequence[tuple[str, float]],
) -> Marked:
    if matches is not None:
        return _only(right)
    if scores:
        worth = dict(scores)
        return Marked(lambda answer: worth.get(answer, 0.0), max(worth.values()))
    if len(people) == 1:
        return _alike(right)
    given = People(people)
    return Marked(given.accuracy, given.attainable())


@lru_cache(maxsize=10_000)
def _only(right: str) -> Marked:
    return Marked(lambda answer: float(answer == right), 1.0)


@lru_cache(maxsize=10_000)
def _alike(right: str) -> Marked:
    own = spelled(right)
    return Marked(lru_cache(ANSWERS)(lambda answer: float(spelled(answer) == own)), 1.0)


def _values(column: pa.ChunkedArray) -> list[Any]:
    """As to_pylist has them; at once where there is nothing in a column, as in most of them."""
    if column.null_count == len(column):
        return [None] * len(column)
    is_list = pa.types.is_list(column.type) or pa.types.is_map(column.type)
    if is_list and not column.null_count and not any(len(part.values) for part in column.chunks):
        return [()] * len(column)
    return column.to_pylist()


def _without_empty(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    return pc.if_else(pc.equal(column, ""), None, column)


def _array(values: Iterable[Any], kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    return values.cast(kind) if isinstance(values, pa.ChunkedArray) else pa.array(values, kind)
