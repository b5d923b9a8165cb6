"""GQA's questions, with choices.json and scene graphs where these lie beside them."""

from pathlib import Path
from typing import Any

from lxmert_viz.dataset.datasets import Dataset
from lxmert_viz.dataset.remarks import ODD, Json, JsonFile, Remark, picture_of, text_of, why
from lxmert_viz.errors import DatasetError
from lxmert_viz.records import Example, GoldObject

SEEN = {  # part of a file's name: who has been trained on it
    "train": "lxmert-base and lxmert-gqa were trained on GQA's training questions.",
    "val": "lxmert-gqa was fine-tuned on GQA's validation questions too; only testdev is unseen.",
}


def is_gqa(content: Any) -> bool:
    first = next(iter(content.values()), None) if isinstance(content, dict) else None
    return isinstance(first, dict) and "question" in first and "imageId" in first


def read_gqa(file: JsonFile) -> Dataset:
    """Raises DatasetError for a file of choices or scene graphs that is not one."""
    folder, files = file.path.parent, [file.path]
    choices, graphs = (_beside(folder, name, files) for name in ("choices", "scenegraphs"))
    remarks = [
        file.remark("duplicate", key, f"{key} is there twice; the last one counts.", last=True)
        for key in file.repeated
        if key in file.content
    ]
    examples = []
    for number, entry in file.content.items():
        try:
            graph = graphs.get(str(entry.get("imageId"))) if isinstance(entry, dict) else None
            choice, place = choices.get(number), file.place(number)
            example = _example(number, entry, choice, graph, place)
        except ODD as error:
            remarks.append(file.remark("broken", number, f"{number}: {why(error)}."))
            continue
        examples.append(example)
        if not example.answers:
            remarks.append(
                file.remark("no answer", example.id, f"{example.id} has no right answer.")
            )
    return Dataset(
        name=folder.name,
        layout="GQA",
        files=tuple(files),
        examples=tuple(examples),
        ids="text",  # keys of an object
        remarks=(*remarks, *_lost(file, examples)),
        training_note=next((note for part, note in SEEN.items() if part in file.path.name), ""),
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


def _beside(folder: Path, name: str, files: list[Path]) -> Json:
    """All choices or scene graphs of the folder: GQA calls them choices, sceneGraphs and more."""
    content: Json = {}
    for path in sorted(folder.glob("*.json")):
        if name not in path.stem.lower().replace("_", ""):
            continue
        read = JsonFile(path).content
        if not isinstance(read, dict):
            raise DatasetError(
                f"{path} should hold an object, with one entry a question or picture."
            )
        files.append(path)
        content |= read
    return content


def _lost(file: JsonFile, examples: list[Example]) -> list[Remark]:
    """Entailed questions that are not in the file: consistency is then over the others."""
    here = {example.id for example in examples}
    lost = sum(name not in here for example in examples for name in example.entailed)
    if not lost:
        return []
    what = f"{lost} entailed questions are not in this file; consistency leaves them out."
    return [Remark("note", file.path.name, 0, what)]
