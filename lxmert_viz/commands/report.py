"""Write a run for others: all rows as a table, a page with figures, or a test server's file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.errors import DatasetError, OptionError

if TYPE_CHECKING:  # duckdb and numpy take a second, and --help should not
    from lxmert_viz.results.board import Board

ENDINGS = (".html", ".csv", ".jsonl")
LAYOUTS = {"vqa": "VQA", "gqa": "GQA", "nlvr2": "NLVR2"}
EXAMPLE = "report runs/study -o study.html"


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run_folder", type=Path, metavar="RUN", help="a run's folder")
    add("-o", "--out", type=Path, required=True, metavar="FILE", help=" or ".join(ENDINGS))
    add("--layout", choices=LAYOUTS, help="what this test server takes, whatever FILE ends in")
    add("--partial", action="store_true", help="of --layout: leave out what has no answer")


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.results.opening import open_run

    if options.partial and not options.layout:
        raise OptionError("--partial is for --layout; a table has every row.")
    ending = options.out.suffix.lower()
    if not options.layout and ending not in ENDINGS:
        raise DatasetError(
            f"{options.out} should end in {', '.join(ENDINGS)}; or name a test server with "
            f"--layout: {', '.join(LAYOUTS)}."
        )
    if not options.out.parent.is_dir():
        raise DatasetError(f"There is no folder {options.out.parent}; create it first.")
    board = open_run(options.run_folder)
    if options.layout:
        _write_for_server(board, options.out, options.layout, options.partial)
    else:
        _write_for_people(board, options.out, ending)


def _write_for_people(board: "Board", out: Path, ending: str) -> None:
    from lxmert_viz.runs.report import report, rows_as_csv, rows_as_jsonl
    from lxmert_viz.whole_files import write_text

    make = dict(zip(ENDINGS, (report, rows_as_csv, rows_as_jsonl), strict=True))[ending]
    write_text(out, make(board))
    print(f"{out}: rows {board.count():,}, of them noted {len(board.notes.all()):,}")


def _write_for_server(board: "Board", out: Path, layout: str, partial: bool) -> None:
    from lxmert_viz.runs.result_file import result_file
    from lxmert_viz.whole_files import write_text

    made = result_file(board, layout, partial)
    write_text(out, made.content)
    print(f"{out}: {made.answers:,} answers as {LAYOUTS[layout]}'s test server takes them")
    if made.left_out:
        print(f"left out, because they have no answer: {made.left_out:,}")
