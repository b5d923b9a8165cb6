"""What each answer of a run rests on: relevance/METHOD/00000.parquet, a file a shard, beside it."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from lxmert_viz.results.run_folder import read_table, write_table

FOLDER = "relevance"
CHEFER = "chefer"  # beside it: what a published protocol measures of each method
SCHEMA = pa.schema(
    [
        ("question_id", pa.string()),
        ("target", pa.string()),  # an answer rather than another
        ("removal", pa.string()),  # of regions and words, "" where nothing is removed
        ("pieces", pa.list_(pa.string())),  # T
        ("words", pa.list_(pa.float32())),  # T
        ("names", pa.list_(pa.string())),  # R
        ("boxes", pa.list_(pa.list_(pa.float32()))),  # R, xyxy in 0..1
        ("regions", pa.list_(pa.float32())),  # R
        ("looked", pa.float32()),  # 1: the top region is one of what is asked about; null: unknown
        ("chance", pa.float32()),  # of the same for a region drawn at random
    ]
)
JUDGED = ["question_id", "looked", "chance"]


class KeptShards:
    """Tables of a folder, one a shard; every file appears whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def finished(self) -> set[int]:
        """Numbers of the shards that are there."""
        return {int(path.stem) for path in self._paths()}

    def write(self, number: int, table: pa.Table) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_table(self._folder / f"{number:05d}.parquet", table)

    def shard(self, number: int) -> pa.Table:
        return read_table(self._folder / f"{number:05d}.parquet")

    def table(self, columns: list[str] | None = None) -> pd.DataFrame:
        """All of them, a row an example; all columns, or some."""
        return pa.concat_tables(read_table(path, columns) for path in self._paths()).to_pandas()

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.parquet"))


class KeptRelevance(KeptShards):
    """The maps of one method in a run's folder."""

    def __init__(self, run: Path, method: str) -> None:
        super().__init__(run / FOLDER / method)

    def judged(self) -> pd.DataFrame:
        """question_id, looked and chance of the examples of which it is known."""
        return self.table(JUDGED).dropna(ignore_index=True)


def forget(run: Path, numbers: Iterable[int]) -> None:
    """Removes what was kept of some shards, by any method."""
    for folder in (FOLDER, CHEFER):
        for number in numbers:
            for path in (run / folder).glob(f"*/{number:05d}.parquet"):
                path.unlink()


def kept_methods(run: Path) -> list[str]:
    """Those of which there are maps."""
    return sorted(path.name for path in (run / FOLDER).glob("*") if any(path.iterdir()))
