"""Examples with their regions -> predictions, with the baselines that tell what they rest on."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from lxmert_viz.analysis.regions import covered
from lxmert_viz.dataset.nlvr2 import FALSE, TRUE
from lxmert_viz.errors import DatasetError, DeviceError, LxmertVizError, MachineError, NowhereError
from lxmert_viz.experiments.matching import logits_of
from lxmert_viz.model.inputs import BATCH
from lxmert_viz.pipeline import Pair, Pipeline
from lxmert_viz.records import Answer, Example, Prediction, Regions, Scores, Trace
from lxmert_viz.runs import internals
from lxmert_viz.runs.pictures import Part, Row, Seen, parts_shown

KEPT_ANSWERS = 5
REMEMBERED = 100_000  # texts or pictures whose baselines are known, until they are asked anew
NO_QUESTION = "?"  # the shortest text that a tokenizer takes
TWO_PICTURES = DatasetError(
    "This row asks about two pictures, and this model reads one: ask a checkpoint that was "
    "fine-tuned on NLVR2, or bring answers of a model elsewhere: --predictions."
)
ONE_PICTURE = DatasetError("This model judges statements about two pictures, and this row has one.")
Logits = tuple[float, float]


class Alone(NamedTuple):
    """What is made of a text without its picture, or of a picture without a text."""

    answer: str | None
    logits: Logits | None


NOTHING = Alone(None, None)
Found = TypeVar("Found")
Name = TypeVar("Name")


def ask_each(
    ask: Callable[[list[tuple[Seen, str]]], Sequence[Found]], pairs: Sequence[tuple[Seen, str]]
) -> list[Found | LxmertVizError]:
    """What `ask` finds for each pair, or why nothing: what is seen may be an error already.

    Where one text is at fault, or memory gives out, each is asked alone. Raises DeviceError.
    """
    good = [(seen, text) for seen, text in pairs if not isinstance(seen, LxmertVizError)]
    try:
        found: list[Found | LxmertVizError] = list(ask(good))
    except DeviceError:
        raise
    except LxmertVizError:
        found = [_alone(ask, pair) for pair in good]
    each = iter(found)
    return [seen if isinstance(seen, LxmertVizError) else next(each) for seen, _ in pairs]


def _alone(
    ask: Callable[[list[tuple[Seen, str]]], Sequence[Found]], pair: tuple[Seen, str]
) -> Found | LxmertVizError:
    try:
        return ask([pair])[0]
    except DeviceError:
        raise
    except LxmertVizError as error:
        return error


def may_do_elsewhere(found: object) -> bool:
    """Whether it is an error that another machine may not have."""
    return isinstance(found, MachineError) and not isinstance(found, NowhereError)


class Asker:
    """Asks a pipeline about many examples. What depends on the text alone, or on the picture
    alone, is asked once."""

    def __init__(
        self, pipeline: Pipeline, baselines: bool, keep_internals: bool, *, strict: bool = False
    ) -> None:
        """strict: MachineError is raised where another machine may do it; else it is the error of
        its row."""
        self._pipeline, self._keep_internals = pipeline, keep_internals
        self._strict = strict
        has_answers = pipeline.has_answers or pipeline.judges_pairs
        self._baselines = baselines and (has_answers or pipeline.has_match)
        self._by_text: dict[str, Alone] = {}
        self._by_picture: dict[tuple[Part, ...], Alone] = {}

    def ask(self, rows: Sequence[Row]) -> tuple[list[Prediction], list[dict[str, object]]]:
        """A prediction a row, and what is kept of the network's inside."""
        predictions, kept = [], []
        rows = [(example, self._fitting(example, seen)) for example, seen in rows]
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            began = time.perf_counter()
            found = self._found([(seen, example.text) for example, seen in batch])
            seconds = (time.perf_counter() - began) / len(batch)
            if self._baselines:
                self._ask_baselines(batch)
            for (example, seen), one in zip(batch, found, strict=True):
                if self._strict and may_do_elsewhere(one):
                    raise one
                if isinstance(one, LxmertVizError):
                    predictions.append(_failed(example, one))
                    continue
                made = replace(self._prediction(example, seen, one), seconds=seconds)
                predictions.append(made)
                if isinstance(one, Trace):
                    gold, _ = gold_regions(example, one.regions)
                    kept.append(internals.row_of(example.id, one, gold))
        return predictions, kept

    def _fitting(self, example: Example, seen: Seen) -> Seen:
        """What the network can take, or why it cannot."""
        if example.flaw:
            return DatasetError(example.flaw)
        if bool(example.second_picture) == self._pipeline.judges_pairs:
            return seen
        return TWO_PICTURES if example.second_picture else ONE_PICTURE

    def _found(
        self, pairs: Sequence[tuple[Seen, str]]
    ) -> list[Trace | Scores | float | LxmertVizError]:
        looks_inside = self._keep_internals and not self._pipeline.judges_pairs
        return ask_each(self._pipeline.ask_many, pairs) if looks_inside else self._scored(pairs)

    def _scored(self, pairs: Sequence[tuple[Seen, str]]) -> list[Scores | float | LxmertVizError]:
        pipeline = self._pipeline
        return ask_each(
            pipeline.judge_many if pipeline.judges_pairs else pipeline.score_many, pairs
        )

    def _prediction(
        self, example: Example, seen: Regions | Pair, found: Trace | Scores | float
    ) -> Prediction:
        is_caption = example.matches is not None
        text = self._by_text.get(example.text, NOTHING)
        picture = self._by_picture.get(parts_shown(example), NOTHING)
        return Prediction(
            example.id,
            answers=self._answers(found, KEPT_ANSWERS),
            match=None if isinstance(found, float) else found.match,
            match_logits=self._logits(found) if is_caption else None,
            blank_logits=text.logits if is_caption else None,
            regions=len(seen) if isinstance(seen, Regions) else sum(map(len, seen)),
            missed=gold_regions(example, seen)[1] if isinstance(seen, Regions) else None,
            without_picture=text.answer,
            without_question=picture.answer,
        )

    def _answers(self, found: Trace | Scores | float, count: int) -> tuple[Answer, ...]:
        """The most probable ones, best first."""
        if isinstance(found, Scores):
            return self._pipeline.answers(found, count)
        if isinstance(found, Trace):
            return found.answers[:count]
        both = (Answer(TRUE, found), Answer(FALSE, 1 - found))
        return tuple(sorted(both, key=lambda answer: -answer.probability))[:count]

    def _ask_baselines(self, batch: Sequence[Row]) -> None:
        for known in (self._by_text, self._by_picture):
            if len(known) >= REMEMBERED:
                known.clear()
        seen = [(e, view) for e, view in batch if not isinstance(view, LxmertVizError)]
        texts = {e.text: _nothing(view) for e, view in seen if e.text not in self._by_text}
        views = {parts_shown(e): v for e, v in seen if parts_shown(e) not in self._by_picture}
        self._by_text |= self._asked_alone(texts, [(v, t) for t, v in texts.items()])
        self._by_picture |= self._asked_alone(views, [(v, NO_QUESTION) for v in views.values()])

    def _logits(self, found: Trace | Scores | float) -> Logits | None:
        return None if isinstance(found, float) else logits_of(self._pipeline, found)

    def _asked_alone(
        self, names: Iterable[Name], pairs: Sequence[tuple[Seen, str]]
    ) -> dict[Name, Alone]:
        found = zip(names, self._scored(pairs), strict=True)
        return {
            name: Alone(
                next((answer.text for answer in self._answers(one, 1)), None), self._logits(one)
            )
            for name, one in found
            if not isinstance(one, LxmertVizError)
        }


def _failed(example: Example, error: LxmertVizError) -> Prediction:
    return Prediction(example.id, error=str(error), machine=isinstance(error, MachineError))


def _nothing(seen: Regions | Pair) -> Regions | Pair:
    return (seen[0].only(()), seen[1].only(())) if isinstance(seen, tuple) else seen.only(())


def gold_regions(example: Example, regions: Regions) -> tuple[list[int], int | None]:
    """Regions that cover what the question is about, and how many objects none covers."""
    if not example.objects:
        return [], None
    covers = [covered(regions.boxes_unit, gold.box_unit) for gold in example.objects]
    places = sorted({int(place) for cover in covers for place in cover.nonzero()[0]})
    return places, sum(not cover.any() for cover in covers)
