"""Extract the regions of a folder of pictures into one file, or bring a file of regions into
another layout."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lxmert_viz.checkpoints import contents
from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.commands.options import add_detector_options
from lxmert_viz.commands.stopping import goes_on
from lxmert_viz.errors import DatasetError, LxmertVizError
from lxmert_viz.runs.regions import UNFIT, pictures_in
from lxmert_viz.whole_files import write_text

if TYPE_CHECKING:  # torch takes seconds, and --help should not
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.region_files.journal import RegionJournal


LAYOUTS = ("lxmert", "bottom-up", "reference", "parquet", "safetensors")
EXAMPLE = "regions pictures -o pictures.tsv"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", type=Path, metavar="FOLDER", help="a folder of pictures, or a file of regions"
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
    add_detector_options(parser)


def run(options: argparse.Namespace) -> None:
    from lxmert_viz.region_files.opening import layout_for

    if options.out.exists():
        raise DatasetError(f"{options.out} is there already; name another file, or delete it.")
    if not options.out.parent.is_dir():
        raise DatasetError(f"There is no folder {options.out.parent} to write {options.out} into.")
    layout = options.layout or layout_for(options.out)
    if options.source.is_dir():
        extract(options, layout)
    else:
        convert(options, layout)


def extract(options: argparse.Namespace, layout: str) -> None:
    """Looks at every picture; a broken run goes on where it was when called again."""
    from lxmert_viz.detector.looking import content_of
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.region_files.journal import RegionJournal
    from lxmert_viz.region_files.opening import write_rows

    paths = pictures_in(options.source)
    pipeline = Pipeline.open(
        options.model or SHIPPED,
        options.device,
        options.models,
        precision=options.precision,
        backend=options.backend,
    )
    pipeline.check_profile(options.profile)
    maker = {
        "model": pipeline.name,
        "detector": content_of(pipeline.detector, pipeline.region_names),
        "profile": options.profile,
        "precision": options.precision,
        "backend": options.backend,
    }
    with goes_on(), RegionJournal(beside(options.out, ".unfinished"), maker) as journal:
        failed = look_at_all(paths, pipeline, options.profile, journal)
        count = len(journal.pictures)
        write_failed(beside(options.out, ".failed.tsv"), failed)
        if count:
            write_rows(options.out, layout, journal.rows())
    journal.path.unlink()
    if not count:
        raise DatasetError(
            f"Every picture failed, so {options.out} is not written; "
            f"{beside(options.out, '.failed.tsv')} says why."
        )
    print(f"regions of {count} {'picture' if count == 1 else 'pictures'} in {options.out}")
    if failed:
        print(f"failed: {len(failed)}; {beside(options.out, '.failed.tsv')} says why")


def look_at_all(
    paths: list[Path], pipeline: "Pipeline", profile: str, journal: "RegionJournal"
) -> list[tuple[Path, str]]:
    """Adds what is missing in the journal; returns what failed, and why."""
    from lxmert_viz.region_files.rows import RegionRow

    failed, taken = [], {}
    progress = _Printed(len(paths))
    for path in paths:
        if UNFIT.search(path.name):
            failed.append((path, "its name holds a tab, a line break or bytes that are not UTF-8"))
            progress.skip()
            continue
        if path.stem in taken:
            failed.append((path, f"its name without the ending is that of {taken[path.stem]}"))
            progress.skip()
            continue
        taken[path.stem] = path
        if path.stem in journal.pictures:
            progress.skip()
            continue
        try:
            journal.add(RegionRow.of(path.stem, pipeline.look(path.read_bytes(), profile)))
        except OSError as error:
            failed.append((path, f"it cannot be read: {error.strerror}"))
        except LxmertVizError as error:
            failed.append((path, str(error)))
        progress.step()
    return failed


def convert(options: argparse.Namespace, layout: str) -> None:
    """From one layout to another, a picture at a time."""
    from lxmert_viz.region_files.opening import open_regions, write_rows
    from lxmert_viz.region_files.rows import Origin

    origin = Origin(options.source.name, naming(options.model, options.models), options.profile)
    source = open_regions(options.source, origin)
    write_rows(options.out, layout, source.rows(), source.newline or "\n")
    print(f"regions of {len(source)} pictures in {options.out}")


def naming(model: str | None, models: Path | None) -> Callable[[int, int], str]:
    """What published files leave out: labels as words."""
    if model is None:
        return "attribute {1} object {0}".format
    names = contents.read_region_names(find(model, models))

    def name_of(object_id: int, attribute_id: int) -> str:
        if object_id >= len(names.objects) or attribute_id >= len(names.attributes):
            raise DatasetError(
                f"{model} has no names for object {object_id} with attribute {attribute_id}: the "
                "file was made with another detector. Name its model, or none."
            )
        return names.of(object_id, attribute_id)

    return name_of


def beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")


def write_failed(path: Path, failed: list[tuple[Path, str]]) -> None:
    """One line a picture, with its path and the reason; no file where none failed."""
    lines = [f"{UNFIT.sub('?', str(picture))}\t{reason}\n" for picture, reason in failed]
    if lines:
        write_text(path, "".join(lines))
    else:
        path.unlink(missing_ok=True)


class _Printed:
    """Progress on standard error, with the time left as the pictures so far took it."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._looked = 0
        self._began = time.monotonic()
        self._end = "" if sys.stderr.isatty() else "\n"

    def skip(self) -> None:
        self._done += 1

    def step(self) -> None:
        self._done += 1
        self._looked += 1
        each = (time.monotonic() - self._began) / self._looked
        left = each * (self._total - self._done)
        time_left = f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        line = f"{self._done} of {self._total} pictures, {each:.1f} s each, {time_left} left"
        start = "\r\033[K" if not self._end else ""
        print(f"{start}{line}", file=sys.stderr, flush=True, end=self._end)
