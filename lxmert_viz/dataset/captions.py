"""Captions that are true of a picture, and foils that are not, an entry a picture.

VALSE, SugarCrepe, ARO's relations and attributes, What'sUp, and lists of captions of one's own.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from lxmert_viz.dataset.datasets import Reading, Told, read_entries
from lxmert_viz.dataset.json_entries import entries_of
from lxmert_viz.dataset.remarks import Entry, Json, Remark, picture_name, picture_of, text_of
from lxmert_viz.records import Example

PICTURES = ("image", "img_id", "imageId", "image_id", "picture", "filename", "image_path")
CAPTIONS = ("caption", "true_caption")
FOILS = ("foil", "foils", "negative_caption", "false_caption")
OPTIONS = "caption_options"  # What'sUp's: the first one is true
KINDS = ("linguistic_phenomena", "relation_name", "type")
VALID_VOTES = 2  # of three, by which VALSE's authors keep an entry
BOX = ("bbox_x", "bbox_y", "bbox_w", "bbox_h")  # of ARO's entries
SAME = "Caption and foil are the same sentence."
NO_CAPTION = "There is no caption."
WHATS_UP = re.compile(r"([^_]+)_(left_of|right_of|on|under|in-front_of|behind)_([^_]+)")


class NoCaptionError(Exception):
    """An entry with a picture and without a caption."""


Text = tuple[str, str, bool | None]  # name, words, whether they are true of the picture


def is_captions(content: Any) -> bool:
    first = next(iter(_list(content)), None)
    if isinstance(first, list):  # What'sUp's lists from COCO and Visual Genome
        return len(first) > 2 and all(isinstance(text, str) for text in first[1:])
    return isinstance(first, dict) and any(name in first for name in (*CAPTIONS, OPTIONS))


def read_captions(path: Path, all_entries: bool) -> Reading:
    """An entry becomes an example for each of its texts, ID:caption, ID:foil.

    all_entries: also those that too few of VALSE's annotators found valid.
    """

    def examples(told: Told) -> Iterator[Example]:
        counts: Counter[str] = Counter()
        entries = _valid(entries_of(path, ("id",)), counts, all_entries)
        yield from read_entries(entries, _examples, told)
        for note in _notes(counts):
            told.remark(Remark("note", path.name, 0, note))

    return Reading(path.stem, "captions and foils", (path,), examples)


def _valid(entries: Iterator[Entry], counts: Counter[str], all_entries: bool) -> Iterator[Entry]:
    """Those that are not rejected. counts: of all, of the rejected, of those with a box."""
    for entry in entries:
        counts["all"] += 1
        if not all_entries and _is_rejected(entry.content):
            counts["rejected"] += 1
            continue
        counts["boxes"] += isinstance(entry.content, dict) and BOX[0] in entry.content
        yield entry


def _notes(counts: Counter[str]) -> Iterator[str]:
    if counts["rejected"]:
        yield (
            f"{counts['rejected']:,} of {counts['all']:,} entries have fewer than "
            f"{VALID_VOTES} of three valid votes and are left out, as VALSE's authors ask; "
            "--all-entries keeps them."
        )
    if counts["boxes"]:
        yield "Each picture is cut to its entry's box before it is looked at, as ARO does."


def _list(content: Any) -> list[Any]:
    if isinstance(content, dict):
        return list(content.values())[:1]
    return content if isinstance(content, list) else []


def _is_rejected(entry: Any) -> bool:
    votes = entry.get("mturk") if isinstance(entry, dict) else None
    valid = votes.get("caption") if isinstance(votes, dict) else None
    return isinstance(valid, int) and valid < VALID_VOTES


def _examples(entry: Entry) -> list[Example]:
    if isinstance(entry.content, list):
        picture, *texts = map(str, entry.content)
        return _of_texts(entry, picture_name(picture), _first_is_true(texts), "")
    content: Json = entry.content
    picture = picture_of(content, "image_file", PICTURES)
    kind = next((str(content[name]) for name in KINDS if content.get(name)), "")
    if not kind and isinstance(content.get("attributes"), list):
        kind = " ".join(map(str, content["attributes"]))
    try:
        texts = _texts(content)
    except NoCaptionError:  # stays as a row of the run
        texts = [("caption", "", True)]
    made = _of_texts(entry, picture, texts, kind)
    if isinstance(content.get(OPTIONS), list):
        made = [_of_set(example) for example in made]
    crop = _crop(content)
    return made if crop is None else [replace(example, crop_px=crop) for example in made]


def _of_set(example: Example) -> Example:
    """What'sUp's controlled pictures are named for two things and where one stands."""
    found = WHATS_UP.fullmatch(PurePosixPath(example.picture).stem)
    if found is None:
        return example
    one, where, other = found.groups()
    return replace(example, local_group=f"{one}, {other}", types={"question": where})


def _crop(content: Json) -> tuple[float, ...] | None:
    """xyxy of an entry that is about a part of its picture."""
    if BOX[0] not in content:
        return None
    left, top, width, height = (float(content[name]) for name in BOX)
    return left, top, left + width, top + height


def _texts(content: Json) -> list[Text]:
    if isinstance(content.get(OPTIONS), list):
        return _first_is_true(content[OPTIONS])
    if isinstance(content.get("caption"), list):  # a picture with all its captions
        return [(str(n), text, True) for n, text in enumerate(content["caption"], start=1)]
    try:
        caption = text_of(content, *CAPTIONS[:1], CAPTIONS[1:])
    except ValueError as error:
        raise NoCaptionError from error
    foils = next((content[name] for name in FOILS if content.get(name) is not None), None)
    if foils is None:
        told = content.get("matches")
        return [("", caption, told if isinstance(told, bool) else None)]
    return _first_is_true([caption, *([foils] if isinstance(foils, str) else foils)])


def _first_is_true(texts: list[Any]) -> list[Text]:
    caption, *foils = texts
    names = ["foil"] if len(foils) == 1 else [f"foil {n}" for n in range(1, len(foils) + 1)]
    false: list[Text] = [(name, foil, False) for name, foil in zip(names, foils, strict=True)]
    return [("caption", caption, True), *false]


def _of_texts(entry: Entry, picture: str, texts: list[Text], kind: str) -> list[Example]:
    flaw = _flaw(texts)
    has_foil = any(matches is False for _, _, matches in texts[1:])
    return [
        Example(
            id=f"{entry.key}:{name}" if name else entry.key,
            picture=picture,
            text=str(text).strip(),
            matches=matches,
            pair=entry.key if has_foil else "",
            types={"question": kind} if kind else {},
            place=entry.place,
            flaw=flaw or ("" if str(text).strip() else NO_CAPTION),
        )
        for name, text, matches in texts
    ]


def _flaw(texts: list[Text]) -> str:
    """Of all texts of an entry: a caption that is its own foil tells nothing."""
    said = [" ".join(str(text).split()).casefold() for _, text, _ in texts]
    has_foil = any(matches is False for _, _, matches in texts)
    return SAME if has_foil and said[0] and said[0] in said[1:] else ""
