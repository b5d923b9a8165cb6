"""How fast the board answers over many rows, and what bringing them in takes.

python -m benchmarks.board [--rows N] [--folder FOLDER] [--repeat N]

Writes a table of synthetic questions with answers of yes/no, number and other kinds, and a file of
predictions for them; imports both as `evaluate --predictions` does; then asks the board what the
page asks. Prints one JSON object a line: seconds (median and worst over the repeats, each with
another value), peak memory of the process, sizes of the files.
"""

import argparse
import csv
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from lxmert_viz.analysis.calibration import calibration_error, reliability
from lxmert_viz.dataset.opening import open_source
from lxmert_viz.results.board import Board
from lxmert_viz.results.opening import open_run
from lxmert_viz.results.run_folder import TABLE
from lxmert_viz.runs.elsewhere import take_predictions

COLOURS = ("red", "green", "blue", "white", "black", "brown", "yellow", "gray")
THINGS = ("dog", "cat", "car", "tree", "man", "woman", "bus", "pizza", "ball", "sign")
KINDS = ("is the", "how many", "what color is the")
ROWS_A_PAGE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the files here; default: a passing one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        run = folder / f"run-{options.rows}"
        if not (run / TABLE).exists():
            bring_in(folder, run, options.rows)
        ask(run, options.rows, options.repeat)


def bring_in(folder: Path, run: Path, rows: int) -> None:
    write_files(folder, rows)
    began = time.perf_counter()
    take_predictions(folder / "predictions.csv", open_source(folder / "questions.csv"), run)
    made = time.perf_counter() - began
    size = (run / TABLE).stat().st_size / 1e6
    tell("read, score and write", rows, seconds=made, rows_a_second=rows / made, megabytes=size)


def ask(run: Path, rows: int, repeat: int) -> None:
    began = time.perf_counter()
    board = open_run(run)
    tell("open the board", rows, seconds=time.perf_counter() - began)
    deep = rows - 10 * ROWS_A_PAGE
    actions: dict[str, Callable[[int], Any]] = {
        "first page": lambda n: board.page("", "", False, ROWS_A_PAGE, n * ROWS_A_PAGE),
        "page at the end": lambda n: board.page("", "", False, ROWS_A_PAGE, deep - n),
        "page by probability": lambda n: board.page("", "probability", True, ROWS_A_PAGE, n),
        "deep page by probability": lambda n: board.page(
            "", "probability", True, ROWS_A_PAGE, deep - n
        ),
        "search": lambda n: board.page(THINGS[n % 10], "", False, ROWS_A_PAGE, 0),
        "search and count": lambda n: board.count(THINGS[n % 10]),
        "mistakes of one kind": lambda n: board.page(
            f'question_type="{KINDS[n % 3]}" correct=no', "probability", True, ROWS_A_PAGE, 0
        ),
        "totals": lambda n: board.totals(f"words>{n}"),
        "by type": lambda n: board.breakdown(f"words>{n}", "question_type"),
        "by confidence": lambda n: board.breakdown(f"words>{n}", "probability"),
        "confusion": lambda n: board.confusion(f"words>{n}", 12),
        "causes": lambda n: board.causes(f"words>{n}"),
        "calibration": lambda n: calibration(board, n),
    }
    for name, action in actions.items():
        spans = []
        for number in range(repeat):
            began = time.perf_counter()
            action(number)
            spans.append(time.perf_counter() - began)
        tell(name, rows, seconds=float(np.median(spans)), worst=max(spans))


def calibration(board: Board, number: int) -> float:
    found = board.frame(f"words>{number}", ["probability", "score"]).dropna()
    return calibration_error(reliability(*found.to_numpy(np.float64).T))


def write_files(folder: Path, rows: int) -> None:
    """A third of each kind; the right answer is given with the probability that is told."""
    random = np.random.default_rng(0)
    kinds, things, colours, counts = (random.integers(0, n, rows) for n in (3, 10, 8, 6))
    sure, luck = random.uniform(0.2, 1, rows), random.uniform(0, 1, rows)
    choices = ((("yes", "no"), colours % 2), (range(6), counts), (COLOURS, colours))
    with (
        (folder / "questions.csv").open("w", newline="") as asked,
        (folder / "predictions.csv").open("w", newline="") as said,
    ):
        questions, predictions = csv.writer(asked), csv.writer(said)
        questions.writerow(["question_id", "image", "question", "answer", "question_type"])
        predictions.writerow(["question_id", "answer", "probability"])
        for n in range(rows):
            kind, thing = KINDS[kinds[n]], THINGS[things[n]]
            names, drawn = choices[kinds[n]]
            right = names[drawn[n]]
            wrong = names[(drawn[n] + 1) % len(names)]
            text = f"{kind} {thing} {n % 997} in the picture?"
            questions.writerow([n, f"picture-{n % 40_000}", text, right, kind])
            predictions.writerow([n, right if luck[n] < sure[n] else wrong, f"{sure[n]:.4f}"])


def tell(what: str, rows: int, **numbers: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # kilobytes on Linux
    print(
        json.dumps(
            {
                "benchmark": "board",
                "what": what,
                "rows": rows,
                **{name: round(value, 4) for name, value in numbers.items()},
                "peak_gib": round(peak, 2),
                "duckdb": duckdb.__version__,
                "python": platform.python_version(),
                "cores": os.cpu_count(),
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
