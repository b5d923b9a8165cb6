"""What an actor is handed at once: a shard, or a piece of one that ended its actors."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from lxmert_viz.results.run_folder import MANIFEST, write_table
from lxmert_viz.runs.preparing import Shard
from lxmert_viz.whole_files import write_json

PIECES = "pieces"


@dataclass(frozen=True, slots=True)
class Piece:
    of: int  # number of the shard that it is, or is of
    shard: Shard  # its own rows; the number of a piece of a shard is its first row's place in it
    folder: Path  # of the run that its results are written into

    @property
    def is_whole(self) -> bool:
        return self.folder.parent.name != PIECES

    @property
    def name(self) -> str:
        return f"{self.of:05d}" + (
            "" if self.is_whole else f"-{self.shard.number}-{self.shard.rows}"
        )


def halved(piece: Piece, middle: int) -> tuple[Piece, Piece]:
    """Its rows before `middle`, and the others. Results go into a run's folder for them alone."""
    first = 0 if piece.is_whole else piece.shard.number
    folder = piece.folder
    if piece.is_whole:
        folder = piece.folder / PIECES / f"{piece.of:05d}"
        for name in ("examples", "parts", "internals"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        write_json(folder / MANIFEST, {})
    table = pq.read_table(piece.shard.path)
    halves = []
    for start, rows in ((0, middle), (middle, len(table) - middle)):
        number = first + start
        path = folder / "examples" / f"{number:05d}-{rows}.parquet"
        write_table(path, table.slice(start, rows))
        halves.append(Piece(piece.of, Shard(number, path, rows), folder))
    return halves[0], halves[1]
