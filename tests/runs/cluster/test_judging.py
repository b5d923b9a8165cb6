"""Mistakes that a cluster judged by where the model looked are those of one process."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset
from lxmert_viz.errors import MachineError
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.opening import open_run
from lxmert_viz.runs.cluster.actors import Outcome
from lxmert_viz.runs.cluster.connecting import Cluster
from lxmert_viz.runs.cluster.judging import FOLDER, judging_on
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Site
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.occlusion import looks
from lxmert_viz.runs.pictures import Looker
from tests.helpers.pretended_cluster import Machines

ROWS = 130


@pytest.fixture
def mistakes() -> Dataset:
    study = open_dataset(ASSETS / "study").without_regions()
    return replace(study, examples=tuple(e for e in study.examples if e.objects)[:ROWS])


def test_a_cluster_judges_as_one_process_and_goes_on_where_it_was_broken_off(
    machines: Machines,
    mistakes: Dataset,
    tiny_pipeline: Pipeline,
    tiny_folder: Path,
    tmp_path: Path,
) -> None:
    answers = {example.id: "yes" for example in mistakes.examples}
    looker = Looker(tiny_pipeline, mistakes, "trained", tiny_pipeline.region_names.of)
    here = looks(tiny_pipeline, looker, mistakes.examples, answers)
    assert set(here.values()) == {True, False}
    few = replace(mistakes, examples=mistakes.examples[:3])
    bare = Settings(baselines=False, internals=False)
    run = evaluate(tiny_pipeline, tiny_folder, few, tmp_path / "run", bare)
    judge = judging_on(Site(Cluster(), "cpu", tiny_folder, print), tiny_pipeline, run)

    def broken(node: str, piece: Piece, last: bool) -> Outcome:
        if piece.of == 1:
            return machines.said(node, piece, trace="it broke")
        return machines.done(node, piece)

    for profile in ("demo", "trained"):  # of another profile, nothing is taken over
        machines.behave = broken
        with pytest.raises(RuntimeError, match="it broke"):
            judge(mistakes, answers, profile, lambda stage, share: None)
    machines.behave = lambda node, piece, last: machines.done(node, piece)
    there = judge(mistakes, answers, "trained", lambda stage, share: None)
    assert there == here and not (run.path / FOLDER).exists()
    assert [len(names) for names, _ in machines.rounds] == [2, 2, 1]
    assert judge(replace(mistakes, examples=()), {}, "trained", print) == {}
    open_run(run.path).save_looks(there)
    assert json.loads((run.path / "manifest.json").read_text())["engine"] == "here"


def test_what_one_machine_cannot_see_is_judged_by_another(
    mistakes: Dataset, tiny_pipeline: Pipeline
) -> None:
    name = mistakes.examples[0].picture
    gone = mistakes.pictures | {name: Path("/nowhere/gone.jpg")}
    some = replace(mistakes, examples=mistakes.examples[:2], pictures=gone)
    looker = Looker(tiny_pipeline, some, "trained", tiny_pipeline.region_names.of)
    answers = {example.id: "yes" for example in some.examples}
    with pytest.raises(MachineError, match="gone.jpg cannot be read"):
        looks(tiny_pipeline, looker, some.examples, answers, strict=True)
    assert looks(tiny_pipeline, looker, some.examples, answers) == {}
