"""Compare two runs over the same examples: what the second fixed, and what it broke."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.errors import DatasetError

if TYPE_CHECKING:  # DuckDB and scipy take a moment, and --help should not
    from lxmert_viz.results.two_runs import TwoRuns
    from lxmert_viz.runs.comparison import Change

EXAMPLES = 3
EXAMPLE = "compare runs/before runs/after --where 'structural_type=query gain<0'"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, metavar="BEFORE", help="a run's folder")
    parser.add_argument("after", type=Path, metavar="AFTER", help="another run's folder")
    parser.add_argument(
        "--where",
        default="",
        metavar="FILTER",
        help="only such rows, as in the example; a word alone is looked for in texts and answers",
    )
    parser.add_argument(
        "--by",
        metavar="COLUMN",
        help="what rows are told by (default: the first type there is)",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object")


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.results.two_runs import TwoRuns
    from lxmert_viz.runs.comparison import by_type, overall

    runs = TwoRuns(options.before, options.after)
    whole = overall(runs, options.where)
    if whole is None:
        raise DatasetError("No row is scored in both runs: their examples have no right answers.")
    by = options.by or next(iter(runs.filled()), None)
    parts = by_type(runs, by, options.where) if by else []
    if options.json:
        found = {"all": asdict(whole), "by": by, "parts": [asdict(part) for part in parts]}
        print(json.dumps(found, indent=2))
        return
    for line in (*lines_of(runs, whole), *table_of(by or "", parts)):
        print(line)
    for change in ("fixed", "broken"):
        shown = runs.page(f"{options.where} change={change}".strip(), EXAMPLES)
        for row in shown.itertuples():
            print(
                f"{change}: {row.question_id} {row.text!r}: "
                f"{_said(row.answer_before)} became {_said(row.answer_after)}"
            )


def _said(answer: object) -> str:
    return repr(answer) if isinstance(answer, str) else "no answer"


def lines_of(runs: "TwoRuns", whole: "Change") -> Iterator[str]:
    yield f"{runs.shared:,} rows in both runs ({runs.alone[0]:,} and {runs.alone[1]:,} in one only)"
    yield (
        f"mean score {whole.before:.4f} before, {whole.after:.4f} after: "
        f"{whole.gain.mean:+.4f} ({whole.gain.low:+.4f} to {whole.gain.high:+.4f}, 95%)"
    )
    yield f"{whole.fixed:,} fixed, {whole.broken:,} broken, McNemar's p = {whole.p:.3g}"


def table_of(by: str, parts: "list[Change]") -> Iterator[str]:
    if not parts:
        return
    width = max(len(by), *(len(part.value) for part in parts))
    names = ("rows", "before", "after", "fixed", "broken", "p")
    yield f"{by:<{width}}  " + " ".join(f"{name:>7}" for name in names)
    for part in parts:
        yield (
            f"{part.value:<{width}}  {part.rows:>7,} {part.before:>7.3f} {part.after:>7.3f} "
            f"{part.fixed:>7,} {part.broken:>7,} {part.p:>7.3f}"
        )
