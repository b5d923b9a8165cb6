"""Questions a second of `evaluate` from a region file, against the network alone in batches.

python -m benchmarks.asking [--questions N] [--rounds N] [--threads N]

A full-size network of random weights; 36 regions a picture, four questions of each, as a JSON
object a setting: processor seconds a question of the whole call, from reading the dataset to the
table, and of the network given the same batches as finished tensors, whose pictures it encodes for
every question.
"""

import argparse
import csv
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks.comparing import machine
from lxmert_viz.config import LxmertConfig
from lxmert_viz.dataset.opening import open_source
from lxmert_viz.model.inputs import BATCH
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Regions
from lxmert_viz.region_files.opening import write_rows
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings

SHIPPED = ASSETS / "miniature"  # whose words and answers the large network has
A_PICTURE, REGIONS = 4, 36
SETTINGS = {
    "answers alone": Settings(baselines=False, internals=False),
    "with baselines": Settings(internals=False),
    "with baselines and internals": Settings(),
}
WORDS = "is there a small red metal cube left of the large blue cylinder"  # in another order


def write_model(folder: Path) -> None:
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "detector" / "config.json").unlink()
    small = LxmertConfig.from_file(SHIPPED / "config.json")
    same = ("vocab_size", "num_qa_labels", "num_object_labels", "num_attr_labels")
    torch.manual_seed(0)
    large = replace(LxmertConfig(), **{name: getattr(small, name) for name in same})
    LxmertForPreTraining(large).save_pretrained(folder)


def write_questions(folder: Path, count: int) -> None:
    """No text twice, all of nearly the same length."""
    random = np.random.default_rng(0)
    with (folder / "questions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question_id", "image", "question", "answer"])
        for number in range(count):
            words = " ".join(random.permutation(WORDS.split()))
            writer.writerow([number, f"picture-{number // A_PICTURE}", f"{words}?", "yes"])
    seen = (
        Regions.from_arrays(
            np.tile(np.array([[10, 10, 300, 200]], np.float32), (REGIONS, 1)),
            random.random((REGIONS, 2048), np.float32),
            (640, 480),
        )
        for _ in range(count // A_PICTURE)
    )
    rows = (RegionRow.of(f"picture-{number}", regions) for number, regions in enumerate(seen))
    write_rows(folder / "regions.tsv", "lxmert", rows)


def network_alone(pipeline: Pipeline, questions: int) -> Callable[[], None]:
    """The same numbers of rows, words and regions."""
    network, (row,) = pipeline.network, pipeline.rows([(_blank(), f"{WORDS}?")])
    given = pipeline.inputs.of_words([row[1]] * BATCH)
    given["visual_feats"] = torch.rand(BATCH, REGIONS, 2048)
    given["visual_pos"] = torch.rand(BATCH, REGIONS, 4)

    @torch.inference_mode()
    def run() -> None:
        for _ in range(questions // BATCH):
            network.answer_head(network.lxmert(**given, return_dict=True).pooled_output)

    return run


def _blank() -> Regions:
    box = np.array([[0, 0, 9, 9]], np.float32)
    return Regions.from_arrays(box, np.ones((1, 2048), np.float32), (10, 10))


def spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=128, help="a multiple of 64")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as passing:
        folder = Path(passing)
        write_model(folder / "model")
        write_questions(folder, options.questions)
        pipeline = Pipeline.open(folder / "model", "cpu")
        alone = network_alone(pipeline, options.questions)
        network_alone(pipeline, BATCH)()
        for name, settings in SETTINGS.items():
            times: list[tuple[float, float]] = []
            for number in range(options.rounds):
                source, run = open_source(folder / "questions.csv"), folder / f"{name} {number}"
                ours = spent(
                    lambda source=source, run=run, settings=settings: evaluate(
                        pipeline, folder / "model", source, run, settings
                    )
                )
                times.append((ours, spent(alone)))
            tell(name, options, times)


def tell(name: str, options: argparse.Namespace, times: list[tuple[float, float]]) -> None:
    ours, network = (median(column) / options.questions for column in zip(*times, strict=True))
    told = {
        "benchmark": "asking",
        "setting": name,
        "questions": options.questions,
        "evaluate": round(ours, 4),
        "network": round(network, 4),
        "rate": round(network / ours, 3),  # evaluate's questions a second over the network's
        "rounds": options.rounds,
    }
    print(json.dumps(told | machine()), flush=True)


if __name__ == "__main__":
    main()
