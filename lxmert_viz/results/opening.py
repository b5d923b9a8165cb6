"""A finished run, opened to be asked."""

from pathlib import Path

from lxmert_viz.errors import DatasetError
from lxmert_viz.results.board import Board
from lxmert_viz.results.run_folder import RunFolder


def open_run(folder: Path | str) -> Board:
    """Raises DatasetError for a folder without a finished run."""
    run = RunFolder(Path(folder))
    run.manifest()
    if not run.is_whole:
        raise DatasetError(
            f"{folder} is not finished: ask `evaluate` the same again, and it goes on."
        )
    return Board(run)
