"""Examples with their regions -> predictions, with the baselines that tell what they rest on."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from lxmert_viz.analysis.regions import covered
from lxmert_viz.dataset.nlvr2 import FALSE, TRUE
from lxmert_viz.errors import DatasetError, LxmertVizError
from lxmert_viz.pipeline import BATCH, Pipeline
from lxmert_viz.records import Answer, Example, Prediction, Regions, Trace, Verdict
from lxmert_viz.runs import internals

KEPT_ANSWERS = 5
OVERLAP = 0.5  # from here on a region covers an object
NO_QUESTION = "?"  # the shortest text that a tokenizer takes
TWO_PICTURES = DatasetError(
    "This row asks about two pictures, and this model reads one: ask a checkpoint that was "
    "fine-tuned on NLVR2, or bring answers of a model elsewhere: --predictions."
)
ONE_PICTURE = DatasetError("This model judges statements about two pictures, and this row has one.")
Name = TypeVar("Name")
Pair = tuple[Regions, Regions]  # left and right
Seen = Regions | Pair | LxmertVizError
Row = tuple[Example, Seen]
Found = Trace | Verdict | LxmertVizError


class Asker:
    """Asks a pipeline about many examples. What depends on the text alone, or on the picture
    alone, is asked once."""

    def __init__(self, pipeline: Pipeline, baselines: bool, keep_internals: bool) -> None:
        self._pipeline = pipeline
        self._baselines = baselines and (pipeline.has_answers or pipeline.judges_pairs)
        self._judges_pairs = pipeline.judges_pairs
        self._keep_internals = keep_internals
        self._by_text: dict[str, str] = {}
        self._by_picture: dict[tuple[str, str], str] = {}

    def ask(self, rows: Sequence[Row]) -> tuple[list[Prediction], list[dict[str, object]]]:
        """A prediction a row, and what is kept of the network's inside."""
        predictions, kept = [], []
        rows = [(example, self._fitting(example, seen)) for example, seen in rows]
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            began = time.perf_counter()
            traces = self._traces([(seen, example.text) for example, seen in batch])
            seconds = (time.perf_counter() - began) / len(batch)
            if self._baselines:
                self._ask_baselines(batch)
            for (example, _), trace in zip(batch, traces, strict=True):
                if isinstance(trace, LxmertVizError):
                    predictions.append(Prediction(example.id, error=str(trace)))
                    continue
                made = _prediction(example.id, trace)
                if isinstance(trace, Trace):
                    gold, missed = gold_regions(example, trace.regions)
                    made = replace(made, missed=missed)
                    if self._keep_internals:
                        kept.append(internals.row_of(example.id, trace, gold))
                predictions.append(self._with_baselines(made, example, seconds))
        return predictions, kept

    def _fitting(self, example: Example, seen: Seen) -> Seen:
        """What the network can take, or why it cannot."""
        if bool(example.second_picture) == self._judges_pairs:
            return seen
        return TWO_PICTURES if example.second_picture else ONE_PICTURE

    def _with_baselines(self, made: Prediction, example: Example, seconds: float) -> Prediction:
        return replace(
            made,
            seconds=seconds,
            without_picture=self._by_text.get(example.text),
            without_question=self._by_picture.get(_pictures(example)),
        )

    def _ask_baselines(self, batch: Sequence[Row]) -> None:
        seen = [(e, view) for e, view in batch if not isinstance(view, LxmertVizError)]
        texts = {e.text: _nothing(view) for e, view in seen if e.text not in self._by_text}
        views = {_pictures(e): view for e, view in seen if _pictures(e) not in self._by_picture}
        self._by_text |= self._first_answers(texts, [(v, t) for t, v in texts.items()])
        self._by_picture |= self._first_answers(views, [(v, NO_QUESTION) for v in views.values()])

    def _first_answers(
        self, names: Iterable[Name], pairs: Sequence[tuple[Seen, str]]
    ) -> dict[Name, str]:
        found = zip(names, self._traces(pairs), strict=True)
        return {
            name: _prediction("", trace).answers[0].text
            for name, trace in found
            if not isinstance(trace, LxmertVizError)
        }

    def _traces(self, pairs: Sequence[tuple[Seen, str]]) -> list[Found]:
        """What was found or an error for each; where one text is at fault, each is asked alone."""
        good = [(seen, text) for seen, text in pairs if isinstance(seen, Regions)]
        try:
            made: list[Found] = list(self._pipeline.ask_many(good))
        except LxmertVizError:
            made = [self._asked(*pair) for pair in good]
        found = iter(made)
        return [
            next(found) if isinstance(seen, Regions) else self._asked(seen, text)
            for seen, text in pairs
        ]

    def _asked(self, seen: Seen, text: str) -> Found:
        if isinstance(seen, LxmertVizError):
            return seen
        try:
            judges = isinstance(seen, tuple)
            return self._pipeline.judge(seen, text) if judges else self._pipeline.ask(seen, text)
        except LxmertVizError as error:
            return error


def together(seen: Sequence[Regions | LxmertVizError]) -> Seen:
    """What an example shows: one picture, or two; what is wrong with one is wrong with both."""
    wrong = next((view for view in seen if isinstance(view, LxmertVizError)), None)
    if wrong is not None:
        return wrong
    return seen[0] if len(seen) == 1 else (seen[0], seen[1])


def _pictures(example: Example) -> tuple[str, str]:
    return example.picture, example.second_picture


def _nothing(seen: Regions | Pair) -> Regions | Pair:
    if isinstance(seen, tuple):
        return seen[0].only(()), seen[1].only(())
    return seen.only(())


def _prediction(name: str, found: Trace | Verdict) -> Prediction:
    if isinstance(found, Verdict):
        both = (Answer(TRUE, found.truth), Answer(FALSE, 1 - found.truth))
        regions = sum(len(trace.regions) for trace in found.traces)
        answers = tuple(sorted(both, key=lambda answer: -answer.probability))
        return Prediction(name, answers=answers, regions=regions)
    answers = found.answers[:KEPT_ANSWERS]
    return Prediction(name, answers=answers, match=found.match, regions=len(found.regions))


def gold_regions(example: Example, regions: Regions) -> tuple[list[int], int | None]:
    """Regions that cover what the question is about, and how many objects none covers."""
    if not example.objects:
        return [], None
    covers = [covered(regions.boxes_unit, gold.box_unit, OVERLAP) for gold in example.objects]
    places = sorted({int(place) for cover in covers for place in cover.nonzero()[0]})
    return places, sum(not cover.any() for cover in covers)
