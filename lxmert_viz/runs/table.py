"""The table of the board: an example a row, with its prediction, scores and cause."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from lxmert_viz.analysis import gqa_metrics, mistakes
from lxmert_viz.analysis.answers import spelled
from lxmert_viz.analysis.mistakes import Judged
from lxmert_viz.analysis.vqa_accuracy import attainable, score_of
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import RIGHT_FROM, TYPES, Example, Prediction
from lxmert_viz.results.columns import BASELINES, MATCH, NO_MATCH, SCHEMA
from lxmert_viz.results.run_folder import TABLE, RunFolder, write_table
from lxmert_viz.runs.internals import GOLD

Row = dict[str, Any]


def finish(run: RunFolder, dataset: Dataset, vocabulary: Sequence[str]) -> None:
    """Writes the table once every part is there. Raises DatasetError where rows are missing."""
    by_id = {prediction.id: prediction for prediction in run.predictions()}
    missing = [example.id for example in dataset.examples if example.id not in by_id]
    if missing:
        raise DatasetError(f"{len(missing)} examples have no prediction, {missing[0]} first.")
    predictions = [by_id[example.id] for example in dataset.examples]
    table = table_of(dataset, predictions, vocabulary, grounding_of(run))
    write_table(run.path / TABLE, table)


def grounding_of(run: RunFolder) -> dict[str, float]:
    """Id -> attention of words to the regions of what the question is about, mean over heads."""
    name = f"{GOLD} lang_from_vision"
    found = run.internals(["question_id", name])
    if found is None or name not in found:
        return {}
    kept = found.dropna()
    means = (float(np.mean(heads, dtype=np.float64)) for heads in kept[name])
    return dict(zip(kept["question_id"], means, strict=True))


def table_of(
    dataset: Dataset,
    predictions: Sequence[Prediction],
    vocabulary: Sequence[str],
    grounding: Mapping[str, float],
) -> pa.Table:
    """predictions: one an example, in the dataset's order. vocabulary: empty where not known."""
    known = set(vocabulary)
    pairs = list(zip(dataset.examples, predictions, strict=True))
    rows = [_row(example, prediction, dataset, known) for example, prediction in pairs]
    for row in rows:
        row["grounding"] = grounding.get(row["question_id"])
    _add_answer_priors(rows)
    _add_tail(rows)
    _add_consistency(rows, dataset.examples)
    for row, (example, _) in zip(rows, pairs, strict=True):
        for name in BASELINES:
            answer = row.get(name)
            row[f"{name}_score"] = answer and _score(example, row["right"] or "", answer)
        row["cause"] = _cause(row, example)
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _row(example: Example, made: Prediction, dataset: Dataset, known: set[str]) -> Row:
    is_caption = example.matches is not None
    answer, probability = _caption_answer(made) if is_caption else _answer(made)
    right = (MATCH if example.matches else NO_MATCH) if is_caption else example.right
    second = made.answers[1] if len(made.answers) > 1 and not is_caption else None
    return {
        "question_id": example.id,
        **_pictures(example, dataset),
        "text": example.text,
        "right": right or None,
        "people": list(example.answers),
        "answer": answer,
        "probability": probability,
        "second": second.text if second else None,
        "margin": probability - second.probability if second and probability else None,
        "score": _score(example, right, answer),
        "ceiling": _ceiling(example, right),
        "match": made.match,
        "error": made.error or None,
        **{name: example.types.get(name[: -len("_type")]) for name in _type_columns()},
        "operation": example.operations[-1] if example.operations else None,
        "steps": gqa_metrics.steps(example.operations) if example.operations else None,
        "words": len(example.text.split()),
        "object": example.objects[0].name if example.objects else None,
        "local_group": example.local_group or None,
        "global_group": example.global_group or None,
        "balanced": example.balanced,
        "regions": made.regions,
        "missed": made.missed,
        "valid": _among(answer, example.valid),
        "plausible": _among(answer, example.plausible),
        "known": None if is_caption or not known or not right else right in known,
        "without_picture": made.without_picture if not is_caption else None,
        "without_question": made.without_question if not is_caption else None,
        "pair": example.pair or None,
        "seconds": made.seconds,
        "place": example.place,
    }


def _pictures(example: Example, dataset: Dataset) -> Row:
    names = {"picture": example.picture, "second_picture": example.second_picture or None}
    files = {f"{which}_file": dataset.pictures.get(name or "") for which, name in names.items()}
    return names | {which: str(path) if path else None for which, path in files.items()}


def _type_columns() -> list[str]:
    return [f"{name}_type" for name in TYPES]


def _answer(made: Prediction) -> tuple[str | None, float | None]:
    first = made.answers[0] if made.answers else None
    return (first.text, first.probability) if first else (None, None)


def _caption_answer(made: Prediction) -> tuple[str | None, float | None]:
    if made.match is None:
        return None, None
    return (MATCH, made.match) if made.match >= 0.5 else (NO_MATCH, 1 - made.match)


def _score(example: Example, right: str, answer: str | None) -> float | None:
    """An example that is not answered counts 0; one without a right answer is not scored."""
    if not right:
        return None
    if answer is None:
        return 0.0
    if example.matches is not None:
        return float(answer == right)
    if len(example.answers) == 1:
        return float(spelled(answer) == spelled(right))
    return score_of(answer, example.answers, example.scores)


def _ceiling(example: Example, right: str) -> float | None:
    if not right:
        return None
    if example.scores:
        return max(example.scores.values())
    return attainable(example.answers) if len(example.answers) > 1 else 1.0


def _among(answer: str | None, choices: tuple[str, ...] | None) -> bool | None:
    return None if answer is None or choices is None else answer in choices


def _add_answer_priors(rows: list[Row]) -> None:
    """By question type, else by GQA's detailed type, else over all questions; not of captions."""
    asked = [row for row in rows if row["right"] not in (None, MATCH, NO_MATCH)]
    groups = [row["question_type"] or row["detailed_type"] or "" for row in asked]
    answers = gqa_metrics.prior_answers([row["right"] for row in asked], groups)
    for row, answer in zip(asked, answers, strict=True):
        row["prior"] = answer or None


def _add_tail(rows: list[Row]) -> None:
    asked = [row for row in rows if row["right"] and row["local_group"]]
    rare = gqa_metrics.in_tail([r["right"] for r in asked], [r["local_group"] for r in asked])
    for row, is_rare in zip(asked, rare, strict=True):
        row["tail"] = is_rare


def _add_consistency(rows: list[Row], examples: Sequence[Example]) -> None:
    if not any(example.entailed for example in examples):
        return
    right = np.array([row["score"] or 0.0 for row in rows])
    ids = [example.id for example in examples]
    found = gqa_metrics.consistency(ids, right, [example.entailed for example in examples])
    place = {name: number for number, name in enumerate(ids)}
    for row, example, share in zip(rows, examples, found, strict=True):
        row["consistency"] = None if np.isnan(share) else float(share)
        if row["consistency"] is not None and share < 1:  # wrong ones among them contradict it
            for name in example.entailed:
                if name in place and right[place[name]] < RIGHT_FROM:
                    rows[place[name]]["contradicted"] = True


def _cause(row: Row, example: Example) -> str | None:
    if row["score"] is None or row["answer"] is None:
        return None
    judged = Judged(
        answer=row["answer"],
        right=row["right"],
        score=row["score"],
        ceiling=row["ceiling"],
        people=tuple(example.answers) or tuple(example.scores),
        known=row["known"],
        valid=row["valid"],
        plausible=row["plausible"],
        answer_type=row["answer_type"] or "",
        missed=row["missed"],
        without_picture=row["without_picture"],
        structural=row["structural_type"] or "",
        contradicted=bool(row.get("contradicted")),
    )
    return mistakes.cause(judged) or None
