"""One door to datasets of every layout."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.captions import is_captions, read_captions
from lxmert_viz.dataset.coco_captions import (
    is_coco_captions,
    is_foil_it,
    is_karpathy,
    read_coco_captions,
    read_foil_it,
    read_karpathy,
)
from lxmert_viz.dataset.datasets import Dataset, Reading, Told
from lxmert_viz.dataset.finding import Found, find_pictures, find_regions, names_of, with_found
from lxmert_viz.dataset.gqa import is_gqa, read_gqa
from lxmert_viz.dataset.json_entries import outlines
from lxmert_viz.dataset.lines import first_object
from lxmert_viz.dataset.lxmert_json import is_lxmert, read_lxmert
from lxmert_viz.dataset.nlvr2 import is_nlvr2, is_nlvr2_line, read_nlvr2, read_nlvr2_lines
from lxmert_viz.dataset.other_vqa import (
    is_textvqa,
    is_visual_genome,
    is_vizwiz,
    read_textvqa,
    read_visual_genome,
    read_vizwiz,
)
from lxmert_viz.dataset.picture_pairs import (
    is_predicate_noun,
    is_svo_probes,
    is_winoground,
    read_predicate_noun,
    read_svo_probes,
    read_winoground,
)
from lxmert_viz.dataset.remarks import Json, Remark
from lxmert_viz.dataset.tables import ENDINGS, columns_of, read_table
from lxmert_viz.dataset.vqa import is_vqa, read_vqa
from lxmert_viz.dataset.vsr import is_vsr, read_vsr
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example
from lxmert_viz.region_files.opening import READ_ENDINGS as REGION_ENDINGS
from lxmert_viz.region_files.opening import open_regions
from lxmert_viz.region_files.picture_ids import match, pictures_below
from lxmert_viz.region_files.rows import Origin, RegionFile
from lxmert_viz.region_files.sizes import Sizes

READERS: tuple[tuple[Callable[[Any], bool], Callable[[Path], Reading]], ...] = (
    (is_vqa, read_vqa),
    (is_gqa, read_gqa),
    (is_lxmert, read_lxmert),
    (is_nlvr2, read_nlvr2),
    (is_textvqa, read_textvqa),
    (is_vizwiz, read_vizwiz),
    (is_visual_genome, read_visual_genome),
    (is_foil_it, read_foil_it),
    (is_coco_captions, read_coco_captions),
    (is_karpathy, read_karpathy),
    (is_predicate_noun, read_predicate_noun),
)
LINE_READERS: tuple[tuple[Callable[[Json], bool], Callable[[Path], Reading]], ...] = (
    (is_nlvr2_line, read_nlvr2_lines),
    (is_vsr, read_vsr),
    (is_winoground, read_winoground),
)
KNOWN = (
    "GQA, VQA v2, LXMERT's JSON, NLVR2, VizWiz, TextVQA, Visual Genome's questions, COCO captions, "
    "Karpathy's splits, captions and foils (VALSE, SugarCrepe, ARO, What'sUp), FOIL-it, VSR, "
    "Winoground, predicate-noun dependencies, SVO-Probes"
)
SURROGATES = re.compile(r"[\ud800-\udfff]")  # what stands for bytes that are not UTF-8
LINES = (".json", *ENDINGS[2:])  # of files that may hold an object a line
QUESTION_FILES = ("questions.json", "*questions*.json", "*.jsonl", "*.csv", "*.json")
REGION_FILES = ("regions.tsv", "*obj36*.tsv", *(f"*regions*{ending}" for ending in REGION_ENDINGS))


@dataclass(frozen=True)
class Source:
    """What is asked, before it is read."""

    reading: Reading
    found: Callable[[Sequence[str]], Found]  # of the different names that examples write
    facts: Mapping[str, Any]  # what it was opened with
    folder: Path | None = None  # of its pictures
    regions: tuple[Path, ...] = ()  # region files, of which one is taken
    remarks: tuple[Remark, ...] = ()  # before any that reading makes

    def whole(self) -> Dataset:
        """All of it, in memory. Raises DatasetError for a file without any example."""
        dataset = self.reading.whole()
        if not dataset.examples:
            raise nothing_in(self.reading, dataset.remarks)
        written = dict.fromkeys(name for e in dataset.examples for name in names_of(e))
        found = with_found(dataset, self.found(list(written)))
        return replace(found, remarks=(*self.remarks, *found.remarks))


def nothing_in(reading: Reading, remarks: Sequence[Remark]) -> DatasetError:
    where = reading.files[0] if reading.files else reading.name
    return DatasetError(f"{where} has no example that can be read. {_first(remarks)}".strip())


def open_dataset(path: Path, **options: Any) -> Dataset:
    """All of what `open_source` opens, in memory."""
    return open_source(path, **options).whole()


def open_source(
    path: Path,
    *,
    pictures: Path | None = None,
    regions: Path | None = None,
    boxes: str = "",
    look: bool = False,
    look_for_missing: bool = False,
    columns: Mapping[str, str] | None = None,
    asked: Sequence[str] = (),
    all_entries: bool = False,
) -> Source:
    """A file of examples, or a folder that holds one, or a folder of pictures.

    pictures: their folder, else the one of the examples. regions: a region file, else the one
    beside the examples, where the detector looks at the pictures that it lacks. boxes: what its
    boxes are, one of frames.FRAMES, unless they are as its layout has them. look: at all
    pictures, whatever files there are. look_for_missing: also where the region file was named.
    columns: what a table's columns hold. asked: texts to ask of every picture, where there are
    only pictures. all_entries: also those that their authors leave out. Raises DatasetError.
    """
    path = path.resolve()
    _check_places(path, pictures)
    if asked:
        reading, folder = _of_pictures(path, asked), path
        stored = [regions] if regions else []
    else:
        file = _file_in(path) if path.is_dir() else path
        reading, folder = _reader(file, columns, all_entries), pictures or file.parent
        stored = [regions] if regions else [p for p in _region_files(file.parent) if p != file]
    stored = [] if look else stored
    looks = look_for_missing or regions is None
    facts = {"boxes": boxes, "looks": looks, "columns": columns, "asked": list(asked)}
    return Source(
        reading,
        lambda written: _found(written, folder, stored, boxes, looks),
        facts | {"all_entries": all_entries},
        folder.resolve(),
        tuple(path.resolve() for path in stored),
    )


def _found(
    written: Sequence[str], folder: Path, stored: Sequence[Path], boxes: str, looks: bool
) -> Found:
    """With the regions of one of the stored files, where there are any."""
    found, names = find_pictures(written, folder)
    if not stored:
        return found
    origin = Origin(boxes=boxes, size_of=Sizes(found.pictures))
    file = _fullest([open_regions(path, origin) for path in stored], names)
    return find_regions(found, names, file, boxes, looks)


def _check_places(path: Path, pictures: Path | None) -> None:
    if not path.exists():
        raise DatasetError(f"There is nothing at {path}; name a file of questions or a folder.")
    if pictures is not None and not pictures.is_dir():
        raise DatasetError(f"There is no folder of pictures at {pictures}.")


def question_file(folder: Path) -> Path | None:
    """The file of examples in a folder; None where there is none, or several."""
    for pattern in QUESTION_FILES:
        found = sorted(folder.glob(pattern))
        if found:
            return found[0] if len(found) == 1 else None
    return None


def candidates(folder: Path) -> list[Path]:
    """The files of a folder that may hold examples."""
    found = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in (".json", *ENDINGS)]
    stored = _region_files(folder)
    return [path for path in found if path not in stored]


def _file_in(folder: Path) -> Path:
    file = question_file(folder)
    if file is None:
        some = [path.name for path in candidates(folder)]
        listing = (
            f"It holds {', '.join(some)}: name the one with the questions."
            if some
            else "It holds no questions. To ask the same of all its pictures, say what (--ask)."
        )
        raise DatasetError(f"{folder} is not one dataset. {listing}")
    return file


def is_table(file: Path) -> bool:
    """Whether a person says what the columns of a file hold. Raises DatasetError."""
    return file.suffix.lower() in ENDINGS and _reader_told_by_rows(file) is None


def _reader_told_by_rows(file: Path) -> Callable[[Path], Reading] | None:
    """Of layouts with an entry a line or row, told by the first."""
    if file.suffix.lower() in LINES:
        first = first_object(file)
        return next((read for fits, read in LINE_READERS if first and fits(first)), None)
    is_svo = file.suffix.lower() in ENDINGS and is_svo_probes(columns_of(file))
    return read_svo_probes if is_svo else None


def _reader(file: Path, columns: Mapping[str, str] | None, all_entries: bool) -> Reading:
    read_rows = _reader_told_by_rows(file) if columns is None else None
    if read_rows is not None:
        return read_rows(file)
    if file.suffix.lower() in ENDINGS:
        return read_table(file, columns)
    if file.suffix.lower() != ".json":
        raise DatasetError(f"{file.name} is not read; use .json, {', '.join(ENDINGS)} or a folder.")
    readers = (*READERS, (is_captions, partial(read_captions, all_entries=all_entries)))
    for outline in outlines(file):
        for fits, read in readers:
            if fits(outline):
                return read(file)
    raise DatasetError(f"{file} is in none of the known layouts: {KNOWN}.")


def _of_pictures(folder: Path, asked: Sequence[str]) -> Reading:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder of pictures.")
    pictures = pictures_below(folder)
    if not pictures:
        raise DatasetError(f"{folder} holds no pictures.")
    texts = [text.strip() for text in asked if text.strip()]
    if not texts:
        raise DatasetError("There are no words in what the pictures are asked: type a question.")
    named = [picture for picture in sorted(pictures) if not SURROGATES.search(picture)]

    def examples(told: Told) -> Iterator[Example]:
        told.remark(
            Remark("note", folder.name, 0, "No right answers are known: nothing is scored.")
        )
        for picture in sorted({*pictures} - {*named}):
            name = ascii(pictures[picture].name)
            told.remark(Remark("broken", name, 0, "Its name is not UTF-8."))
        for picture in named:
            for number, text in enumerate(texts, start=1):
                place = f"{pictures[picture].name}:0"
                yield Example(f"{picture}:{number}", picture, text, place=place)

    return Reading(folder.name, "pictures", (), examples)


def _region_files(folder: Path) -> list[Path]:
    return list(dict.fromkeys(p for pattern in REGION_FILES for p in sorted(folder.glob(pattern))))


def _fullest(stored: list[RegionFile], names: Mapping[str, Sequence[str]]) -> RegionFile:
    """The region file that has most of the pictures, the first of equals."""
    if len(stored) == 1:
        return stored[0]
    return max(stored, key=lambda file: len(match(names, file.index).found))


def _first(remarks: Sequence[Remark]) -> str:
    """The first remark, of a broken row where there is one."""
    told = sorted(remarks, key=lambda remark: remark.kind != "broken")
    return f"The first remark: {told[0]}" if told else ""
