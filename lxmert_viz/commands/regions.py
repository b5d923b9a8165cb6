"""Extract the regions of a folder of pictures into one file, or bring a file of regions into
another layout."""

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints import contents
from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.engines import add_engine_options, engine
from lxmert_viz.commands.options import add_boxes_option, add_detector_options
from lxmert_viz.commands.progress import PROGRESS, report
from lxmert_viz.commands.stopping import alone, goes_on
from lxmert_viz.errors import DatasetError, MachineError, OptionError
from lxmert_viz.runs.regions import UNFIT, look_at_all, pictures_in
from lxmert_viz.whole_files import write_text

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.records import Regions
    from lxmert_viz.region_files.rows import RegionFile, RegionRow
    from lxmert_viz.runs.cluster.rounds import Site

Failed = list[tuple[Path, str]]

LAYOUTS = ("lxmert", "bottom-up", "reference", "parquet", "safetensors")
EXAMPLE = "regions pictures -o pictures.tsv"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        type=Path,
        metavar="FOLDER",
        help="a folder of pictures, or a file of regions: "
        "TSV, Arrow, Parquet, safetensors, HDF5, LMDB, a folder of .npz or .npy",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="ends in .tsv, .arrow, .parquet or .safetensors",
    )
    parser.add_argument(
        "--layout", choices=LAYOUTS, help="default: by the ending of FILE; .tsv is LXMERT's"
    )
    parser.add_argument(
        "--model",
        help=f"whose detector looks (default: {SHIPPED}); from a file of regions: whose lists name "
        "the labels (default: none, labels stay numbers)",
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="of a file of regions that does not say how large its pictures are",
    )
    add_boxes_option(parser)
    add_detector_options(parser)
    add_engine_options(parser)


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.region_files.opening import holds_regions, layout_for

    if not options.out.parent.is_dir():
        raise DatasetError(f"There is no folder {options.out.parent} to write {options.out} into.")
    layout = options.layout or layout_for(options.out)
    with alone(options.out):
        if options.out.exists():
            raise DatasetError(f"{options.out} is there already; name another file, or delete it.")
        if options.source.is_dir() and not holds_regions(options.source):
            extract(options, layout)
        else:
            convert(options, layout)


def extract(options: argparse.Namespace, layout: str) -> None:
    """Looks at every picture; a broken run goes on where it was when called again."""
    from lxmert_viz.pipeline import Pipeline

    pictures = pictures_in(options.source)
    with goes_on(), engine(options, beside(options.out, ".ray.log")) as site:
        pipeline = Pipeline.open(
            options.model or SHIPPED,
            "cpu" if site else options.device,  # the cluster's is its machines' own
            options.models,
            precision=options.precision,
            backend=options.backend,
        )
        pipeline.check_profile(options.profile)
        if site is None:
            found = _look_here(options, layout, pipeline, pictures)
        else:
            found = _look_on_cluster(options, layout, pipeline, pictures, site)
    finish(options.out, *found)


def _look_here(
    options: argparse.Namespace, layout: str, pipeline: "Pipeline", pictures: dict[str, Path]
) -> tuple[int, Failed]:
    """How many pictures have regions in the file, and what failed."""
    from lxmert_viz.region_files.journal import RegionJournal
    from lxmert_viz.region_files.opening import write_rows

    maker = {
        "model": pipeline.name,
        "detector": pipeline.detector_digest,
        "profile": options.profile,
        "precision": options.precision,
        "backend": options.backend,
    }
    with RegionJournal(beside(options.out, ".unfinished"), maker) as journal:
        progress = _Printed(len(pictures))

        def look(content: bytes) -> "Regions":
            return pipeline.look(content, options.profile)

        failed = look_at_all(pictures, look, journal, progress.add)
        count = len(journal.pictures)
        if count:
            write_rows(options.out, layout, journal.rows())
    journal.path.unlink()
    return count, [(path, str(error)) for path, error in failed]


def _look_on_cluster(
    options: argparse.Namespace,
    layout: str,
    pipeline: "Pipeline",
    pictures: dict[str, Path],
    site: "Site",
) -> tuple[int, Failed]:
    """How many pictures have regions in the file, and what failed."""
    from lxmert_viz.region_files.opening import write_rows
    from lxmert_viz.runs.cluster.looking import Looking, look_on_cluster
    from lxmert_viz.runs.region_shards import results

    folder = beside(options.out, ".shards").resolve()
    how = (options.profile, options.precision, options.backend)
    work = Looking(site.model_folder, folder, site.device, *how)
    placed = {name: path.resolve() for name, path in pictures.items()}
    look_on_cluster(site, work, pipeline, placed, report)
    rows, failed = results(folder)
    count = len(pictures) - len(failed)
    if count:
        write_rows(options.out, layout, rows)
    shutil.rmtree(folder)
    return count, [(failure.file, failure.why) for failure in failed]


def convert(options: argparse.Namespace, layout: str) -> None:
    """From one layout to another, a picture at a time; rows that are broken are listed."""
    from lxmert_viz.region_files.opening import open_regions, write_rows
    from lxmert_viz.region_files.rows import Origin
    from lxmert_viz.region_files.sizes import Sizes

    origin = Origin(
        options.source.name,
        naming(options.model, options.models),
        options.profile,
        options.boxes,
        Sizes(pictures_in(options.pictures)) if options.pictures else None,
    )
    source = open_regions(options.source, origin)
    failed: list[tuple[str, str]] = []
    rows = whole_rows(source, failed)
    first = next(rows, None)
    if first is not None:
        write_rows(options.out, layout, chain([first], rows), source.newline or "\n")
    finish(options.out, len(source) - len(failed), failed)
    for what in source.remarks():
        print(f"{options.source.name}: {what}")
    if source.again:
        print(f"{len(source.again)} stand more than once, {next(iter(source.again))!r} first")


def whole_rows(source: "RegionFile", failed: list[tuple[str, str]]) -> Iterator["RegionRow"]:
    """Those that can be read; the others are added to `failed`, with the reason."""
    for picture in source:
        try:
            row = source.row(picture)
        except (DatasetError, MachineError) as error:
            failed.append((picture, str(error)))
            continue
        yield row


def finish(out: Path, count: int, failed: Sequence[tuple[Path | str, str]]) -> None:
    """Lists what failed and says what was written. Raises DatasetError where that is nothing."""
    listing = beside(out, ".failed.tsv")
    write_failed(listing, failed)
    if not count:
        raise DatasetError(
            f"Every picture failed, so {out} is not written; {listing} says why, of the first: "
            f"{failed[0][1]}"
            if failed
            else f"There are no regions to write, so {out} is not written."
        )
    print(f"regions of {count} {'picture' if count == 1 else 'pictures'} in {out}")
    if failed:
        print(f"failed: {len(failed)}; {listing} says why")


def naming(model: str | None, models: Path | None) -> Callable[[int, int], str]:
    """What published files leave out: labels as words."""
    if model is None:
        return "attribute {1} object {0}".format
    names = contents.read_region_names(find(model, models))

    def name_of(object_id: int, attribute_id: int) -> str:
        if object_id >= len(names.objects) or attribute_id >= len(names.attributes):
            raise OptionError(
                f"{model} has no names for object {object_id} with attribute {attribute_id}: the "
                "file was made with another detector. Name its model, or none."
            )
        return names.of(object_id, attribute_id)

    return name_of


def beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")


def write_failed(path: Path, failed: Sequence[tuple[Path | str, str]]) -> None:
    """One line a picture, with its path and the reason; no file where none failed."""
    lines = [f"{_fit(str(picture))}\t{_fit(reason)}\n" for picture, reason in failed]
    if lines:
        write_text(path, "".join(lines))
    else:
        path.unlink(missing_ok=True)


def _fit(text: str) -> str:
    return UNFIT.sub("?", text)


class _Printed:
    """Progress on standard error, with the time left as the pictures so far took it."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._looked = 0
        self._began = time.monotonic()
        self._end = "" if sys.stderr.isatty() else "\n"

    def add(self, looked: bool) -> None:
        self._done += 1
        if not looked:
            return
        self._looked += 1
        each = (time.monotonic() - self._began) / self._looked
        left = each * (self._total - self._done)
        time_left = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        line = f"{self._done} of {self._total} pictures, {each:.1f} s each, {time_left} left"
        start = "\r\033[K" if not self._end else ""
        PROGRESS.write(f"{start}{line}{self._end}")
