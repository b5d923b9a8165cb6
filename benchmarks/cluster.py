"""A Ray cluster of two local nodes against one process: the same rows, and how much sooner.

python -m benchmarks.cluster [--steps same,sooner] [--questions N] [--through ADDRESS]

same: a run with maps of relevance, the atlas of causes, and a row that ends whoever asks it, each
on the nodes and in one process; says whether all numbers are equal to the last bit. sooner:
questions to a full-size network of random weights, with one actor and with two, from the first
finished shards on. Prints a JSON object a measure. Wants Ray.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import ray
import torch

from benchmarks.asking import write_model, write_questions
from benchmarks.comparing import machine
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.opening import open_dataset, open_source
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.results.relevance import KeptRelevance
from lxmert_viz.results.run_folder import TABLE, RunFolder
from lxmert_viz.runs import causes, kept_rows
from lxmert_viz.runs.causes import View
from lxmert_viz.runs.cluster.causing import measuring_on
from lxmert_viz.runs.cluster.connecting import Cluster, connected
from lxmert_viz.runs.cluster.evaluating import Evaluation, on_cluster
from lxmert_viz.runs.cluster.keeping import keeping_on
from lxmert_viz.runs.cluster.passing import open_store
from lxmert_viz.runs.cluster.pieces import Piece
from lxmert_viz.runs.cluster.rounds import Rounds, Site
from lxmert_viz.runs.evaluation import Engine, evaluate
from lxmert_viz.runs.explaining import Relevance
from lxmert_viz.runs.manifest import Settings
from lxmert_viz.runs.progress import Counts

METHOD = "bimodal"
ROWS = 150  # of the shipped questions
MODEL = ASSETS / "miniature"
OUT = os.fdopen(os.dup(1), "w")  # what is printed goes into Ray's log


@dataclass(frozen=True)
class Poisoned(Evaluation):
    """A run of which one row ends whoever asks it."""

    poison: str = ""

    def open(self, *, last: bool) -> Callable[[Piece], Counts]:
        make = Evaluation.open(self, last=last)

        def made(piece: Piece) -> Counts:
            if self.poison in piece.shard.table(["id"])["id"].to_pylist():
                os._exit(1)
            return make(piece)

        return made


@contextmanager
def nodes() -> Iterator[str]:
    """The address of two, with a processor each."""
    from ray.cluster_utils import Cluster as Nodes

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # actors do not see it
    small = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    made = Nodes(initialize_head=True, head_node_args=small | {"include_dashboard": False})
    made.add_node(**small)
    try:
        yield made.address
    finally:
        made.shutdown()


@contextmanager
def site_on(address: str, folder: Path, model: Path, workers: int, through: str) -> Iterator[Site]:
    store = open_store(through) if through else None
    cluster = Cluster(address, workers=workers)
    with connected(cluster, folder / "ray.log"):
        yield Site(cluster, "cpu", model, lambda line: tell("said", line=line), store)


def same(address: str, folder: Path, through: str) -> None:
    study = open_dataset(ASSETS / "study")
    asked = replace(study, examples=study.examples[:ROWS])
    pipeline = Pipeline.open(MODEL, "cpu")
    with site_on(address, folder, MODEL, 2, through) as site:
        here, there = (_run(pipeline, asked, folder / name, site) for name in ("here", "there"))
        tell("run", equal=_rows(here) == _rows(there), rows=ROWS)
        maps = [KeptRelevance(run.path, METHOD) for run in (here, there)]
        shards = [[kept.shard(number) for number in sorted(kept.finished())] for kept in maps]
        equal = all(one.equals(two) for one, two in zip(*shards, strict=True))
        tell("relevance", equal=equal, rows=sum(map(len, shards[0])))
        few, atlas = replace(asked, examples=asked.examples[:40]), View(causes.ATLAS)
        fresh = Pipeline.open(MODEL, "cpu")  # it remembers no picture that was encoded with others
        one = causes.measure(fresh, few, atlas, folder / "causes here")
        measuring = measuring_on(site)
        two = causes.measure(fresh, few, atlas, folder / "causes", measuring=measuring)
        tell("causes", equal=one.equals(two), rows=len(one))
        _poisoned(pipeline, asked, folder / "poisoned", site, _rows(here))


def _run(pipeline: Pipeline, asked: Dataset, folder: Path, site: Site) -> RunFolder:
    is_here, own = folder.name == "here", RunFolder(folder)
    engine = Engine() if is_here else on_cluster(site, own, None)
    run = evaluate(pipeline, MODEL, asked, folder, Settings(), engine=engine)
    elsewhere = None if is_here else keeping_on(site, pipeline, run, None)
    kept_rows.fill(pipeline, MODEL, run, Relevance(METHOD), lambda stage, share: None, elsewhere)
    return run


def _poisoned(
    pipeline: Pipeline, asked: Dataset, folder: Path, site: Site, before: list[dict[str, object]]
) -> None:
    poison = asked.examples[30].id
    work = Poisoned(MODEL, folder.resolve(), None, "cpu", poison)
    engine = Engine("ray", "cpu", 1, lambda shards: Rounds(site, work, shards).run())
    run = evaluate(pipeline, MODEL, asked, folder, Settings(), engine=engine)
    pairs = list(zip(_rows(run), before, strict=True))
    failed = [(new["question_id"], new["error"]) for new, _ in pairs if new["error"]]
    answered = [(new, old) for new, old in pairs if not new["error"]]
    others = all(new["answer"] == old["answer"] for new, old in answered)
    far = max(abs(new["probability"] - old["probability"]) for new, old in answered)
    tell(
        "a row that ends its actors",
        only_it_failed=[name for name, _ in failed] == [poison],
        others_answer_alike=others,
        far=far,  # halved pieces are other batches, which round otherwise
        error=failed[0][1] if failed else None,
    )


def _rows(run: RunFolder) -> list[dict[str, object]]:
    return pq.read_table(run.path / TABLE).drop(["seconds"]).to_pylist()


def sooner(address: str, folder: Path, questions: int, through: str) -> None:
    write_model(folder / "model")
    write_questions(folder, questions)
    pipeline = Pipeline.open(folder / "model", "cpu")
    source = open_source(folder / "questions.csv")
    rates = {}
    for workers in (1, 2):
        arrived: list[tuple[float, int]] = []
        with site_on(address, folder, folder / "model", workers, through) as site:
            run = RunFolder(folder / f"by {workers}")
            whole = on_cluster(site, run, None)

            def compute(
                shards: list, whole: Engine = whole, arrived: list = arrived
            ) -> Iterator[Counts]:
                for counts in whole.compute(shards):
                    arrived.append((time.perf_counter(), counts.rows))
                    yield counts

            engine = replace(whole, compute=compute)
            evaluate(pipeline, folder / "model", source, run.path, Settings(), engine=engine)
        began, _ = arrived[workers - 1]
        rows = sum(count for _, count in arrived[workers:])
        rates[workers] = rows / (arrived[-1][0] - began)
    tell(
        "actors",
        questions=questions,
        one=round(rates[1], 2),
        two=round(rates[2], 2),
        ratio=round(rates[2] / rates[1], 2),
    )


def tell(what: str, **numbers: object) -> None:
    told = {"benchmark": "cluster", "what": what, **numbers, "ray": ray.__version__, **machine()}
    print(json.dumps(told), flush=True, file=OUT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", default="same,sooner")
    parser.add_argument("--questions", type=int, default=512, help="of sooner: a multiple of 64")
    parser.add_argument("--through", default="", help="the address of a store")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as passing, nodes() as address:
        folder = Path(passing)
        if "same" in options.steps:
            same(address, folder, options.through)
        if "sooner" in options.steps:
            sooner(address, folder, options.questions, options.through)


if __name__ == "__main__":
    main()
