"""One door to datasets of every layout."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.captions import is_captions, read_captions
from lxmert_viz.dataset.coco_captions import (
    is_coco_captions,
    is_karpathy,
    read_coco_captions,
    read_karpathy,
)
from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.finding import not_found, with_pictures, with_regions
from lxmert_viz.dataset.gqa import is_gqa, read_gqa
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
from lxmert_viz.dataset.remarks import HALF_LETTER, Json, JsonFile, Remark, is_whole
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

READERS: tuple[tuple[Callable[[Any], bool], Callable[[JsonFile], Dataset]], ...] = (
    (is_vqa, read_vqa),
    (is_gqa, read_gqa),
    (is_lxmert, read_lxmert),
    (is_nlvr2, read_nlvr2),
    (is_textvqa, read_textvqa),
    (is_vizwiz, read_vizwiz),
    (is_visual_genome, read_visual_genome),
    (is_coco_captions, read_coco_captions),
    (is_karpathy, read_karpathy),
    (is_predicate_noun, read_predicate_noun),
)
LINE_READERS: tuple[tuple[Callable[[Json], bool], Callable[[Path], Dataset]], ...] = (
    (is_nlvr2_line, read_nlvr2_lines),
    (is_vsr, read_vsr),
    (is_winoground, read_winoground),
)
KNOWN = (
    "GQA, VQA v2, LXMERT's JSON, NLVR2, VizWiz, TextVQA, Visual Genome's questions, COCO captions, "
    "Karpathy's splits, captions and foils (VALSE, SugarCrepe, ARO, What'sUp), VSR, Winoground, "
    "predicate-noun dependencies, SVO-Probes"
)
SURROGATES = re.compile(r"[\ud800-\udfff]")  # what stands for bytes that are not UTF-8
LINES = (".json", *ENDINGS[2:])  # of files that may hold an object a line
QUESTION_FILES = ("questions.json", "*questions*.json", "*.jsonl", "*.csv", "*.json")
REGION_FILES = ("regions.tsv", "*obj36*.tsv", *(f"*regions*{ending}" for ending in REGION_ENDINGS))


def open_dataset(
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
) -> Dataset:
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
        dataset, names = with_pictures(_of_pictures(path, asked), path)
        beside: list[Path] = []
    else:
        file = _file_in(path) if path.is_dir() else path
        dataset = _read(file, columns, all_entries)
        if not dataset.examples:
            raise DatasetError(f"{file} has no example that can be read. {_first(dataset.remarks)}")
        dataset, names = with_pictures(dataset, pictures or file.parent)
        beside = [stored for stored in _region_files(file.parent) if stored != file]
    if not look and (regions or beside):
        paths, looks = [regions] if regions else beside, look_for_missing or regions is None
        dataset = _with_stored(dataset, names, paths, boxes, looks)
    return replace(dataset, remarks=(*dataset.remarks, *not_found(dataset)))


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


def _reader_told_by_rows(file: Path) -> Callable[[Path], Dataset] | None:
    """Of layouts with an entry a line or row, told by the first."""
    if file.suffix.lower() in LINES:
        first = first_object(file)
        return next((read for fits, read in LINE_READERS if first and fits(first)), None)
    is_svo = file.suffix.lower() in ENDINGS and is_svo_probes(columns_of(file))
    return read_svo_probes if is_svo else None


def _read(file: Path, columns: Mapping[str, str] | None, all_entries: bool) -> Dataset:
    read_rows = _reader_told_by_rows(file) if columns is None else None
    if read_rows is not None:
        return read_rows(file)
    if file.suffix.lower() in ENDINGS:
        return read_table(file, columns)
    if file.suffix.lower() != ".json":
        raise DatasetError(f"{file.name} is not read; use .json, {', '.join(ENDINGS)} or a folder.")
    content = JsonFile(file)
    readers = (*READERS, (is_captions, partial(read_captions, all_entries=all_entries)))
    for fits, read in readers:
        if fits(content.content):
            dataset = read(content)
            return _without_halves(dataset) if content.may_have_halves else dataset
    raise DatasetError(f"{file} is in none of the known layouts: {KNOWN}.")


def _without_halves(dataset: Dataset) -> Dataset:
    """Without the examples with half of a letter in a text, which cannot be written."""
    halves = [example for example in dataset.examples if not is_whole(asdict(example))]
    ids = {example.id for example in halves}
    remarks = (
        Remark("broken", dataset.files[0].name, int(e.place.rpartition(":")[2]), f"{HALF_LETTER}.")
        for e in halves
    )
    kept = tuple(example for example in dataset.examples if example.id not in ids)
    return replace(dataset, examples=kept, remarks=(*remarks, *dataset.remarks))


def _of_pictures(folder: Path, asked: Sequence[str]) -> Dataset:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder of pictures.")
    pictures = pictures_below(folder)
    if not pictures:
        raise DatasetError(f"{folder} holds no pictures.")
    texts = [text.strip() for text in asked if text.strip()]
    if not texts:
        raise DatasetError("There are no words in what the pictures are asked: type a question.")
    named = [picture for picture in sorted(pictures) if not SURROGATES.search(picture)]
    examples = tuple(
        Example(f"{picture}:{number}", picture, text, place=f"{pictures[picture].name}:0")
        for picture in named
        for number, text in enumerate(texts, start=1)
    )
    note = Remark("note", folder.name, 0, "No right answers are known: nothing is scored.")
    unfit = (
        Remark("broken", ascii(pictures[picture].name), 0, "Its name is not UTF-8.")
        for picture in sorted({*pictures} - {*named})
    )
    return Dataset(folder.name, "pictures", (), examples, remarks=(note, *unfit))


def _region_files(folder: Path) -> list[Path]:
    return list(dict.fromkeys(p for pattern in REGION_FILES for p in sorted(folder.glob(pattern))))


def _with_stored(
    dataset: Dataset, names: dict[str, list[str]], paths: Sequence[Path], boxes: str, looks: bool
) -> Dataset:
    """With the regions of one of these files. boxes, looks: as open_dataset and with_regions."""
    origin = Origin(boxes=boxes, size_of=Sizes(dataset.pictures))
    stored = _fullest([open_regions(path, origin) for path in paths], names)
    return with_regions(replace(dataset, region_boxes=boxes), names, stored, looks)


def _fullest(stored: list[RegionFile], names: Mapping[str, Sequence[str]]) -> RegionFile:
    """The region file that has most of the pictures, the first of equals."""
    if len(stored) == 1:
        return stored[0]
    return max(stored, key=lambda file: len(match(names, file.index).found))


def _first(remarks: Sequence[Remark]) -> str:
    """The first remark, of a broken row where there is one."""
    told = sorted(remarks, key=lambda remark: remark.kind != "broken")
    return f"The first remark: {told[0]}" if told else ""
