"""What a run over very many questions takes: before its first row, on a resume, for its table.

python -m benchmarks.scale [--rows N] [--layout csv|gqa] [--folder FOLDER] [--steps first,resume]

Writes generated questions, and regions of their pictures. Then, each step in a process of its own:
begins a run whose answers come from a stub in place of the network, and stops at its first rows;
goes on until new rows come; goes on to the end, where the table is written. Prints one JSON object
a line: wall and processor seconds, peak memory of the process, load of the machine over its cores,
files of the run.
"""

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import duckdb
import numpy as np
import pyarrow as pa

from lxmert_viz.dataset.opening import open_source
from lxmert_viz.places import ASSETS
from lxmert_viz.records import Answer, Regions, Scores
from lxmert_viz.region_files.opening import write_rows
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.runs.evaluation import evaluate
from lxmert_viz.runs.manifest import Settings

ANSWERS = ("yes", "no", *map(str, range(6)), "red", "green", "blue", "white", "black", "brown")
THINGS = ("dog", "cat", "car", "tree", "man", "woman", "bus", "pizza", "ball", "sign")
KINDS = {  # beginning of a question: type and places of its answers
    "is there a": ("verify", slice(0, 2)),
    "how many": ("count", slice(2, 8)),
    "what color is the": ("query", slice(8, 14)),
}
A_PICTURE = 20  # questions
FEATURES = 4  # numbers of a region: reading long ones is not what is measured here
STEPS = ("first", "resume", "whole")
LOGITS = np.random.default_rng(0).random((64, len(ANSWERS)), np.float32)


class Stop(Exception):
    """Ends a run from its report."""


class Stub:
    """Answers at once, by the text's letters alone."""

    name, digest, detector_digest, device, answer_kind = "stub", "0" * 64, "", "cpu", "softmax"
    has_answers, judges_pairs, has_detector = True, False, False
    answer_vocabulary = ANSWERS
    network = SimpleNamespace(
        config=SimpleNamespace(num_attention_heads=1, visual_feat_dim=FEATURES)
    )

    def check_profile(self, profile: str) -> None:
        """There is no detector to have one."""

    def score_many(self, pairs: Sequence[tuple[Regions, str]]) -> list[Scores]:
        return [Scores(LOGITS[crc32(text.encode()) % len(LOGITS)], None) for _, text in pairs]

    def answers(self, scores: Scores, count: int) -> tuple[Answer, ...]:
        best = np.argsort(-scores.answer_logits)[:count]
        return tuple(Answer(ANSWERS[place], float(scores.answer_logits[place])) for place in best)


def right(text: str) -> str:
    """What is right of a question; the stub says it of seven texts in ten."""
    places = next(places for begins, (_, places) in KINDS.items() if text.startswith(begins))
    usual = int(LOGITS[crc32(text.encode()) % len(LOGITS)].argmax())
    lucky = crc32(text.encode()) // len(LOGITS) % 10 < 7
    among = range(len(ANSWERS))[places]
    return ANSWERS[usual] if lucky else ANSWERS[among[usual % len(among)]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--layout", choices=tuple(WRITERS), default="csv")
    parser.add_argument("--folder", type=Path, help="keep the files here; default: a passing one")
    parser.add_argument("--steps", default=",".join(STEPS), help="of first, resume, whole")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        if options.step:
            take(options.step, folder, options.rows, options.layout)
            return
        if not (folder / "regions.tsv").exists():
            write_files(folder, options.rows, options.layout)
        for step in options.steps.split(","):
            command = [sys.executable, "-m", "benchmarks.scale", "--step", step]
            command += ["--rows", str(options.rows), "--layout", options.layout]
            subprocess.run([*command, "--folder", str(folder)], check=True)


def take(step: str, folder: Path, rows: int, layout: str) -> None:
    """One call of evaluate, as a person makes it."""
    began = moment()
    reached: dict[str, tuple[float, float]] = {}

    def report(stage: str, share: float) -> None:
        if "a second" not in stage:
            reached["prepared"] = moment()
            return
        reached.setdefault("first rows", moment())
        if step != "whole":
            raise Stop
        if share >= 1:
            reached["last row"] = moment()

    source = open_source(folder / f"questions.{ENDINGS[layout]}")
    run = folder / f"run-{layout}-{rows}"
    try:
        evaluate(Stub(), ASSETS / "miniature", source, run, Settings(internals=False), report)
        reached["table written"] = moment()
        tell(step, layout, rows, reached["last row"], "the table", reached["table written"])
    except Stop:
        tell(step, layout, rows, began, "first rows", reached["first rows"])
    files = sum(1 for path in run.rglob("*") if path.is_file())
    tell(step, layout, rows, began, "all of the step", moment(), files=files)


def moment() -> tuple[float, float]:
    """Wall and processor seconds."""
    return time.perf_counter(), time.process_time()


def tell(
    step: str,
    layout: str,
    rows: int,
    began: tuple[float, float],
    what: str,
    ended: tuple[float, float],
    **numbers: float,
) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # kilobytes on Linux
    told = {
        "benchmark": "scale",
        "step": step,
        "what": what,
        "layout": layout,
        "rows": rows,
        "seconds": round(ended[0] - began[0], 2),
        "processor_seconds": round(ended[1] - began[1], 2),
        "peak_gib": round(peak, 2),
        **numbers,
        "load": round(os.getloadavg()[0] / (os.cpu_count() or 1), 1),
        **{"duckdb": duckdb.__version__, "pyarrow": pa.__version__},
        **{"python": platform.python_version(), "cores": os.cpu_count()},
    }
    print(json.dumps(told), flush=True)


def write_files(folder: Path, rows: int, layout: str) -> None:
    """The pictures of neighbouring questions differ, as in GQA's files."""
    pictures = max(1, rows // A_PICTURE)
    WRITERS[layout](folder / f"questions.{ENDINGS[layout]}", questions(rows, pictures))
    write_rows(folder / "regions.tsv", "lxmert", regions(pictures))


def questions(rows: int, pictures: int) -> Iterator[tuple[str, str, str, str, str]]:
    """Id, picture, text, answer, type."""
    drawn = np.random.default_rng(0).integers(0, 2**31, (rows, 2))
    kinds = list(KINDS.items())
    for number in range(rows):
        first, second = drawn[number].tolist()
        begins, (kind, _) = kinds[first % 3]
        text = f"{begins} {THINGS[second % 10]} {first % 997} in the picture?"
        picture = f"picture-{number % pictures}"
        yield f"{number:08d}", picture, text, right(text), kind


def regions(pictures: int) -> Iterator[RegionRow]:
    seen = Regions.from_arrays(
        np.array([[0, 0, 9, 9]], np.float32), np.ones((1, FEATURES), np.float32), (10, 10)
    )
    for number in range(pictures):
        yield RegionRow.of(f"picture-{number}", seen)


def write_csv(path: Path, rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question_id", "image", "question", "answer", "question_type"])
        writer.writerows(rows)


def write_gqa(path: Path, rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w") as file:
        file.write("{")
        for number, (name, picture, text, answer, kind) in enumerate(rows):
            file.write((",\n" if number else "") + f'"{name}": ')
            json.dump(gqa_entry(number, name, picture, text, answer, kind), file)
        file.write("}")


def gqa_entry(
    number: int, name: str, picture: str, text: str, answer: str, kind: str
) -> dict[str, Any]:
    step = {"operation": "select", "dependencies": [], "argument": "thing (123456)"}
    return {
        "semantic": [step, step | {"operation": "query", "dependencies": [0]}],
        "entailed": [name, f"{number + 1:08d}", f"{number + 7:08d}"],
        "equivalent": [name],
        "question": text,
        "imageId": picture,
        "isBalanced": True,
        "groups": {"global": kind, "local": f"{number % 1000}-{kind}"},
        "answer": answer,
        "semanticStr": "select: thing (123456) -> query: name [0]",
        "annotations": {"answer": {}, "question": {"4": "123456"}, "fullAnswer": {"1": "123456"}},
        "types": {"detailed": kind, "semantic": "attr", "structural": kind},
        "fullAnswer": f"It is {answer}.",
    }


WRITERS = {"csv": write_csv, "gqa": write_gqa}
ENDINGS = {"csv": "csv", "gqa": "json"}

if __name__ == "__main__":
    main()
