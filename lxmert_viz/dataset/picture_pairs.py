"""Two pictures and a sentence that is true of one of them: Winoground, predicate-noun
dependencies, SVO-Probes."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Reading, read_entries
from lxmert_viz.dataset.json_entries import entries_of
from lxmert_viz.dataset.lines import lines_of
from lxmert_viz.dataset.remarks import Entry, Json, picture_of, text_of
from lxmert_viz.dataset.tables import rows_of
from lxmert_viz.records import Example

SVO_COLUMNS = {"sentence", "pos_image_id", "neg_image_id"}
SVO_KINDS = {"subj_neg": "subject", "verb_neg": "verb", "obj_neg": "object"}


def is_winoground(first: Json) -> bool:
    return {"image_0", "image_1", "caption_0", "caption_1"} <= first.keys()


def is_predicate_noun(content: Any) -> bool:
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and {"sentence_target", "sentence_distractor"} <= first.keys()


def is_svo_probes(columns: tuple[str, ...]) -> bool:
    return set(columns) >= SVO_COLUMNS


def read_winoground(path: Path) -> Reading:
    """Four examples an entry, ID:c0-i0 to ID:c1-i1; a caption is true of its own picture alone."""
    return _reading(path, "Winoground", lambda: lines_of(path), _of_winoground)


def read_predicate_noun(path: Path) -> Reading:
    """Two examples an entry, of one picture; two entries in a row, which share a pair, swap their
    sentences."""
    return _reading(
        path, "predicate-noun dependencies", lambda: entries_of(path), _of_predicate_noun
    )


def read_svo_probes(path: Path) -> Reading:
    """Two examples a row, ID:positive and ID:negative; the question type is what is changed."""
    return _reading(path, "SVO-Probes", lambda: _svo_entries(path), _of_svo)


def _reading(
    path: Path,
    layout: str,
    entries: Callable[[], Iterator[Entry]],
    examples_of: Callable[[Entry], list[Example]],
) -> Reading:
    return Reading(
        path.stem, layout, (path,), lambda told: read_entries(entries(), examples_of, told)
    )


def _of_winoground(entry: Entry) -> list[Example]:
    content: Json = entry.content
    key = str(content.get("id", entry.key))
    kind = content.get("collapsed_tag") or content.get("tag")
    return [
        Example(
            id=f"{key}:c{caption}-i{image}",
            picture=picture_of(content, f"image_{image}"),
            text=text_of(content, f"caption_{caption}"),
            matches=caption == image,
            pair=key,
            types={"question": str(kind)} if kind else {},
            place=entry.place,
        )
        for caption, image in product((0, 1), repeat=2)
    ]


def _of_predicate_noun(entry: Entry) -> list[Example]:
    content: Json = entry.content
    number = int(entry.key) - 1  # ids repeat; places do not
    kind = content.get("pos")
    return [
        Example(
            id=f"{number}:{which}",
            picture=picture_of(content, "img_filename"),
            text=text_of(content, f"sentence_{which}"),
            matches=which == "target",
            pair=str(number // 2),
            types={"question": str(kind)} if kind else {},
            place=entry.place,
        )
        for which in ("target", "distractor")
    ]


def _svo_entries(path: Path) -> Iterator[Entry]:
    for row in rows_of(path):
        yield Entry(f"row {row.line}", f"{path.name}:{row.line}", row.cells, row.fault)


def _of_svo(entry: Entry) -> list[Example]:
    content: Json = entry.content
    kinds = [kind for name, kind in SVO_KINDS.items() if str(content.get(name)).lower() == "true"]
    return [
        Example(
            id=f"{entry.key}:{which}",
            picture=picture_of(content, f"{which[:3]}_image_id"),
            text=text_of(content, "sentence"),
            matches=which == "positive",
            pair=entry.key,
            types={"question": ", ".join(kinds)} if kinds else {},
            place=entry.place,
        )
        for which in ("positive", "negative")
    ]
