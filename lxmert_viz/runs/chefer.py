"""Accuracy as words or regions leave, most or least relevant first: a published protocol.

Steps, order and sampling are those of Chefer et al. 2021 for LXMERT on VQA v2: regions are left
out, word pieces deleted ([CLS] and [SEP] stay), the answer's soft accuracy counts, and areas are
under the uneven steps. Letters: S steps, N players of one kind.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from lxmert_viz.analysis.faithfulness import area, removal_order
from lxmert_viz.analysis.vqa_accuracy import People
from lxmert_viz.errors import DatasetError
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.relevance import explain_game
from lxmert_viz.experiments.removal import Game, Removal
from lxmert_viz.going_out import as_csv
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Example, Regions, Report
from lxmert_viz.results.relevance import CHEFER, KeptShards
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs.kept_rows import Elsewhere, fill
from lxmert_viz.runs.preparing import Prepared, prepared_in
from lxmert_viz.whole_files import write_text

STEPS = (0, 0.25, 0.5, 0.75, 0.8, 0.85, 0.9, 0.95, 1)  # shares that are gone
QUESTIONS, SEED = 10_000, 1234  # as published
CURVES = ("image positive", "image negative", "text positive", "text negative")
SCHEMA = pa.schema(
    [("question_id", pa.string()), *((name, pa.list_(pa.float32())) for name in CURVES)]
)


@dataclass(frozen=True, slots=True)
class Curves:
    """Measure: how accuracy falls in the order of one method."""

    method: str
    chosen: frozenset[str]  # ids of questions

    @property
    def place(self) -> str:
        return f"{CHEFER}/{self.method}"

    @property
    def name(self) -> str:
        return f"{self.method}, accuracy"

    @property
    def schema(self) -> pa.Schema:
        return SCHEMA

    def wants(self, example: Example) -> bool:
        return example.id in self.chosen

    def rows(
        self, pipeline: Pipeline, example: Example, regions: Regions
    ) -> list[dict[str, object]]:
        return curves(pipeline, example, regions, self.method)


def chefer(
    pipeline: Pipeline,
    model_folder: Path,
    run: RunFolder,
    methods: list[str],
    report: Report = lambda stage, share: None,
    questions: int = QUESTIONS,
    elsewhere: Elsewhere | None = None,
    region_cache: Path | None = None,
) -> pd.DataFrame:
    """A row a method and curve: accuracy in percent at each step, and its area; kept as a CSV.

    Of questions that are drawn from the run's; the same call goes on with a broken one. The last
    two as `fill` has them. Raises DatasetError where nothing has a right answer.
    """
    targets.check_head(pipeline, "answer")
    chosen = frozenset(drawn(prepared_in(run.examples), questions))
    for method in methods:
        measure = Curves(method, chosen)
        fill(pipeline, model_folder, run, measure, report, elsewhere, region_cache)
    table = summary({m: KeptShards(run.path / CHEFER / m).table() for m in methods})
    write_text(run.path / f"{CHEFER}.csv", as_csv(table, "%.4f"))
    return table


def drawn(prepared: Prepared, questions: int) -> set[str]:
    """Ids of questions with a right answer, as the published script draws them."""
    columns = ["number", "id", "right"]
    asked = pd.concat(shard.table().select(columns).to_pandas() for shard in prepared.shards)
    names = asked[asked.right != ""].sort_values("number").id.tolist()
    if not names:
        raise DatasetError("No question of this run has a right answer, so nothing can be scored.")
    random.Random(SEED).shuffle(names)
    return set(names[:questions])


def curves(
    pipeline: Pipeline, example: Example, regions: Regions, method: str
) -> list[dict[str, object]]:
    """A row as SCHEMA has it. Raises LxmertVizError for a text that cannot be asked."""
    whole = pipeline.score_many([(regions, example.text)])[0]
    asked = targets.top_answer(pipeline, whole)
    game = Game(pipeline, regions, example.text, asked, Removal("slice", "delete"))
    found = explain_game(game, method)
    scores = game.gather(found.words, found.regions)
    count = len(game.word_places)
    row: dict[str, object] = {"question_id": example.id}
    for kind, players in (("image", np.arange(count, game.players)), ("text", np.arange(count))):
        for sign, least_first in (("positive", False), ("negative", True)):
            order = players[removal_order(scores[players], least_first)]
            row[f"{kind} {sign}"] = [
                _accuracy(example, pipeline.answer_vocabulary[label])
                for label in _answers(game, order)
            ]
    return [row]


def _answers(game: Game, order: np.ndarray) -> list[int]:
    """The top answer's label at each step. order: (N,) players, the first to leave first."""
    members = np.ones((len(STEPS), game.players), bool)
    for step, share in enumerate(STEPS):
        left = int((1 - share) * len(order))
        members[step, order[: len(order) - left]] = False
    return game.answered(members).tolist()


def _accuracy(example: Example, answer: str) -> float:
    if example.scores:
        return float(example.scores.get(answer, 0.0))
    return People(example.answers).accuracy(answer)


def summary(kept: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """kept: of each method, rows as SCHEMA has them."""
    lines = []
    for method, rows in kept.items():
        for name in CURVES:
            means = 100 * np.stack(rows[name].to_numpy()).mean(axis=0)  # (S,)
            line = {"method": method, "curve": name, "questions": len(rows)}
            line["area"] = area(np.array(STEPS, float), means)
            line |= {f"{share:.0%}": mean for share, mean in zip(STEPS, means, strict=True)}
            lines.append(line)
    return pd.DataFrame(lines)
