"""Examples with their regions -> predictions, with the baselines that tell what they rest on."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lxmert_viz.errors import LxmertVizError
from lxmert_viz.pipeline import BATCH, Pipeline
from lxmert_viz.records import Example, Prediction, Regions, Trace
from lxmert_viz.runs import internals
from lxmert_viz.runs.looking import covered, no_regions

KEPT_ANSWERS = 5
OVERLAP = 0.5  # from here on a region covers an object
NO_QUESTION = "?"  # the shortest text that a tokenizer takes

Seen = Regions | LxmertVizError
Row = tuple[Example, Seen]


class Asker:
    """Asks a pipeline about many examples. What depends on the text alone, or on the picture
    alone, is asked once."""

    def __init__(self, pipeline: Pipeline, baselines: bool, keep_internals: bool) -> None:
        self._pipeline = pipeline
        self._baselines = baselines and pipeline.has_answers
        self._keep_internals = keep_internals
        self._by_text: dict[str, str] = {}
        self._by_picture: dict[str, str] = {}

    def ask(self, rows: Sequence[Row]) -> tuple[list[Prediction], list[dict[str, object]]]:
        """A prediction a row, and what is kept of the network's inside."""
        predictions, kept = [], []
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            began = time.perf_counter()
            traces = self._traces([(seen, example.text) for example, seen in batch])
            seconds = (time.perf_counter() - began) / len(batch)
            if self._baselines:
                self._ask_baselines(batch)
            for (example, seen), trace in zip(batch, traces, strict=True):
                if isinstance(trace, LxmertVizError):
                    predictions.append(Prediction(example.id, error=str(trace)))
                    continue
                gold, missed = gold_regions(example, seen)
                predictions.append(self._prediction(example, trace, seconds, missed))
                if self._keep_internals:
                    kept.append(internals.row_of(example.id, trace, gold))
        return predictions, kept

    def _prediction(
        self, example: Example, trace: Trace, seconds: float, missed: int | None
    ) -> Prediction:
        made = Prediction(
            id=example.id,
            answers=trace.answers[:KEPT_ANSWERS],
            match=trace.match,
            regions=len(trace.regions),
            missed=missed,
            seconds=seconds,
        )
        return replace(
            made,
            without_picture=self._by_text.get(example.text),
            without_question=self._by_picture.get(example.picture),
        )

    def _ask_baselines(self, batch: Sequence[Row]) -> None:
        seen = [(example, view) for example, view in batch if isinstance(view, Regions)]
        texts = {e.text: no_regions(view) for e, view in seen if e.text not in self._by_text}
        views = {e.picture: view for e, view in seen if e.picture not in self._by_picture}
        self._by_text |= self._first_answers(texts, [(v, t) for t, v in texts.items()])
        self._by_picture |= self._first_answers(views, [(v, NO_QUESTION) for v in views.values()])

    def _first_answers(
        self, names: Iterable[str], pairs: Sequence[tuple[Seen, str]]
    ) -> dict[str, str]:
        traces = zip(names, self._traces(pairs), strict=True)
        return {name: t.answers[0].text for name, t in traces if isinstance(t, Trace)}

    def _traces(self, pairs: Sequence[tuple[Seen, str]]) -> list[Trace | LxmertVizError]:
        """A trace or an error for each; where one text is at fault, each is asked alone."""
        good = [(seen, text) for seen, text in pairs if isinstance(seen, Regions)]
        try:
            made: list[Trace | LxmertVizError] = list(self._pipeline.ask_many(good))
        except LxmertVizError:
            made = [self._trace(*pair) for pair in good]
        found = iter(made)
        return [next(found) if isinstance(seen, Regions) else seen for seen, _ in pairs]

    def _trace(self, regions: Regions, text: str) -> Trace | LxmertVizError:
        try:
            return self._pipeline.ask(regions, text)
        except LxmertVizError as error:
            return error


def gold_regions(example: Example, regions: Regions) -> tuple[list[int], int | None]:
    """Regions that cover what the question is about, and how many objects none covers."""
    if not example.objects:
        return [], None
    covers = [covered(regions.boxes_unit, gold.box_unit, OVERLAP) for gold in example.objects]
    places = sorted({int(place) for cover in covers for place in cover.nonzero()[0]})
    return places, sum(not cover.any() for cover in covers)
