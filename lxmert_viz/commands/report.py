"""Write what was found out about a run: notes as CSV or JSON lines, or a page with figures."""

import argparse
from pathlib import Path

from lxmert_viz.errors import DatasetError

ENDINGS = (".html", ".csv", ".jsonl")
EXAMPLE = "report runs/study -o study.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="a run's folder")
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="FILE", help=" or ".join(ENDINGS)
    )


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.results.board import Board
    from lxmert_viz.runs.report import noted_rows, notes_as_csv, notes_as_jsonl, report
    from lxmert_viz.whole_files import write_text

    makers = dict(zip(ENDINGS, (report, notes_as_csv, notes_as_jsonl), strict=True))
    make = makers.get(options.out.suffix.lower())
    if make is None:
        raise DatasetError(f"{options.out} should end in {', '.join(ENDINGS)}.")
    if not options.out.parent.is_dir():
        raise DatasetError(f"There is no folder {options.out.parent}; create it first.")
    board = Board(options.run_folder)
    write_text(options.out, make(board))
    print(f"{len(noted_rows(board)):,} noted rows in {options.out}")
