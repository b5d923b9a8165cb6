"""The pictures of a run, each looked at once before any question about them is asked."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow.compute as pc

from lxmert_viz.dataset import example_table
from lxmert_viz.model.devices import processor_threads
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Report
from lxmert_viz.results.run_folder import RunFolder
from lxmert_viz.runs import region_shards
from lxmert_viz.runs.pictures import WORKERS, looking
from lxmert_viz.runs.preparing import Prepared, Shard
from lxmert_viz.runs.provenance import provenance
from lxmert_viz.runs.regions import UNFIT

FOLDER = "regions.shards"  # in the run's


def to_look_at(prepared: Prepared, shards: Sequence[Shard]) -> dict[str, Path]:
    """Distinct pictures of some shards that no region file has: id -> file."""
    about = prepared.about
    if about.region_file is not None and not about.looks_for_missing:
        return {}
    found: dict[str, Path] = {}
    for shard in shards:
        for beginning, picture in example_table.SHOWN.items():
            columns = [picture, *(f"{beginning}{name}" for name in example_table.SEEN)]
            names, files, *others = shard.table(columns).select(columns).columns
            known = pc.coalesce(*others)  # its row in a file, or why nothing can be seen
            here = pc.and_(pc.is_null(known), pc.is_valid(files))
            pairs = zip(names.filter(here).to_pylist(), files.filter(here).to_pylist(), strict=True)
            found |= {name: Path(file) for name, file in pairs if not UNFIT.search(name)}
    return found


def look_here(
    pipeline: Pipeline,
    profile: str,
    pictures: Mapping[str, Path],
    report: Report,
    *,
    folder: Path,
    cache: Path | None,
) -> None:
    """Fills a folder of region shards in this process; called again, it goes on.

    cache: as `looking` has it.
    """
    mine = provenance(pipeline.digest, None, pipeline.device, processor_threads())
    manifest = region_shards.manifest_of(pictures, mine, {"profile": profile})
    region_shards.keep_only(folder, manifest)
    missing, progress = region_shards.begun(folder, pictures, manifest, report)
    look = looking(pipeline, profile, cache)
    for shard in missing:
        journal = folder / "parts" / f"{shard.number:05d}.unfinished"
        region_shards.look_at_shard(
            shard, folder, look, journal, lambda looked: progress.add(1), workers=WORKERS
        )


def forget_regions(run: RunFolder) -> None:
    """Once nobody asks about them."""
    shutil.rmtree(run.path / FOLDER, ignore_errors=True)
