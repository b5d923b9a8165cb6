"""GQA's questions, with choices.json and scene graphs where these lie beside them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Reading, Told, read_entries
from lxmert_viz.dataset.json_entries import JsonEntries, entries_of, outlines
from lxmert_viz.dataset.remarks import ODD, Entry, Json, picture_of, text_of
from lxmert_viz.dataset.shelf import Shelf
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example, GoldObject

SEEN = {  # part of a file's name: who has been trained on it
    "train": "lxmert-base and lxmert-gqa were trained on GQA's training questions.",
    "val": "lxmert-gqa was fine-tuned on GQA's validation questions too; only testdev is unseen.",
}


def is_gqa(content: Any) -> bool:
    first = next(iter(content.values()), None) if isinstance(content, dict) else None
    return isinstance(first, dict) and "question" in first and "imageId" in first


def read_gqa(path: Path) -> Reading:
    """Raises DatasetError for a file of choices or scene graphs that is not one."""
    folder = path.parent
    choices, graphs = (_beside(folder, name) for name in ("choices", "scenegraphs"))

    def examples(told: Told) -> Iterator[Example]:
        choices_of, graph_of = Shelf(_members(choices)), Shelf(_members(graphs, _slim))

        def examples_of(entry: Entry) -> list[Example]:
            picture = entry.content.get("imageId") if isinstance(entry.content, dict) else None
            choice, graph = choices_of.get(entry.key), graph_of.get(str(picture))
            return [_example(entry.key, entry.content, choice, graph, entry.place)]

        yield from read_entries(entries_of(path), examples_of, told)

    return Reading(
        name=folder.name,
        layout="GQA",
        files=(path, *choices, *graphs),
        examples=examples,
        ids="text",  # keys of an object
        training_note=next((note for part, note in SEEN.items() if part in path.name), ""),
        last_counts=True,
    )


def _example(number: str, entry: Json, choices: Any, graph: Any, place: str) -> Example:
    types, groups = entry.get("types") or {}, entry.get("groups") or {}
    steps = entry.get("semantic") or []
    answer, balanced = entry.get("answer"), entry.get("isBalanced")
    return Example(
        id=number,
        picture=picture_of(entry, "imageId"),
        text=text_of(entry, "question"),
        answers=() if answer in (None, "") else (str(answer),),
        types={name: str(types[name]) for name in sorted(types) if types[name]},
        operations=tuple(map(_operation, steps)),
        global_group=str(groups.get("global") or ""),
        local_group=str(groups.get("local") or ""),
        entailed=tuple(map(str, entry.get("entailed") or ())),
        equivalent=tuple(map(str, entry.get("equivalent") or ())),
        valid=None if choices is None else tuple(map(str, choices["valid"])),
        plausible=None if choices is None else tuple(map(str, choices["plausible"])),
        objects=None if graph is None else _objects(entry, graph),
        balanced=balanced if isinstance(balanced, bool) else None,
        place=place,
    )


def _operation(step: Json) -> str:
    """GQA gives "query" its attribute as an argument; a name is read out and not reasoned."""
    asks_name = (step["operation"], step.get("argument")) == ("query", "name")
    return "query name" if asks_name else str(step["operation"])


def _objects(entry: Json, graph: Json) -> tuple[GoldObject, ...]:
    """Objects that the annotations name, and those that the study set says the answer needs."""
    marked = entry.get("annotations") or {}
    parts = (marked.get(part) or {} for part in ("question", "answer", "fullAnswer"))
    named = [str(name) for part in parts for value in part.values() for name in _ids(value)]
    wanted = dict.fromkeys([*named, *map(str, entry.get("objects") or ())])
    width, height = float(graph["width"]), float(graph["height"])
    return tuple(
        GoldObject(name, str(found["name"]), _box_unit(found, width, height))
        for name in wanted
        if (found := graph["objects"].get(name)) is not None
    )


def _ids(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else tuple(str(value).split(","))


def _box_unit(found: Json, width: float, height: float) -> tuple[float, float, float, float]:
    left, top = float(found["x"]) / width, float(found["y"]) / height
    return left, top, left + float(found["w"]) / width, top + float(found["h"]) / height


def _beside(folder: Path, name: str) -> tuple[Path, ...]:
    """All choices or scene graphs of the folder: GQA calls them choices, sceneGraphs and more."""
    found = tuple(
        path for path in sorted(folder.glob("*.json")) if name in path.stem.lower().replace("_", "")
    )
    for path in found:
        if not all(isinstance(outline, dict) for outline in outlines(path)):
            raise DatasetError(
                f"{path} should hold an object, with one entry a question or picture."
            )
    return found


def _members(
    paths: Sequence[Path], kept: Callable[[Any], Any] = lambda content: content
) -> Iterator[tuple[str, Any, int]]:
    for path in paths:
        for found in JsonEntries(path):
            yield found.key, kept(found.content), found.line


def _slim(graph: Any) -> Any:
    """What questions take of a scene graph; all of one that is not as GQA has them."""
    try:
        objects = {
            key: {name: thing[name] for name in ("name", "x", "y", "w", "h")}
            for key, thing in graph["objects"].items()
        }
        return {"width": graph["width"], "height": graph["height"], "objects": objects}
    except ODD:
        return graph
