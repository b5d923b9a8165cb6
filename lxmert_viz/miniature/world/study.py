"""Drawn scenes with questions, captions and all that is true of them, in the layouts of GQA.

A folder of it holds: images/, questions.json (GQA: annotations, semantic, groups, types, entailed,
equivalent), scene_graphs.json and choices.json (GQA), captions.json (VALSE: caption and foil),
counterfactuals.json, scenes.json (everything that the drawing needs), regions.tsv (LXMERT).
"""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from lxmert_viz.miniature.world.captions import caption, foil
from lxmert_viz.miniature.world.counterfactuals import Counterfactual, counterfactual
from lxmert_viz.miniature.world.drawing import Drawing, draw
from lxmert_viz.miniature.world.programs import Result, attribute_asked, results_of
from lxmert_viz.miniature.world.questions import (
    QUESTION_TYPES,
    Question,
    answer_names,
    ask,
    contended,
    reworded,
    verification,
)
from lxmert_viz.miniature.world.scenes import MOST_OBJECTS, PICTURE_SIZE, Scene, make_scene
from lxmert_viz.miniature.world.views import RELATIONS, VALUES, View
from lxmert_viz.miniature.world.wording import full_answer
from lxmert_viz.whole_files import write_json, written_whole

Json = dict[str, Any]
STRUCTURES = {  # form of question -> GQA's structural and semantic type
    "attribute": ("query", "attr"),
    "verify": ("verify", "attr"),
    "verify a": ("verify", "attr"),
    "relation": ("query", "rel"),
    "placed": ("verify", "rel"),
    "outermost": ("query", "rel"),
    "count": ("query", "obj"),
    "existence": ("verify", "obj"),
    "more": ("compare", "obj"),
    "fewer": ("compare", "obj"),
    "equal": ("compare", "obj"),
    "larger": ("compare", "attr"),
    "smaller": ("compare", "attr"),
    "same": ("compare", "attr"),
    "different": ("compare", "attr"),
}


@dataclass
class Study:
    """What the JSON files of the folder hold, by file name."""

    questions: Json = field(default_factory=dict)
    choices: Json = field(default_factory=dict)
    captions: Json = field(default_factory=dict)
    counterfactuals: Json = field(default_factory=dict)
    scene_graphs: Json = field(default_factory=dict)
    scenes: Json = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        for name, content in vars(self).items():
            write_json(folder / f"{name}.json", content)


def write_study(
    folder: Path,
    first_seed: int,
    count: int,
    suffix: str = ".png",
    pairs: bool = False,
    rivals: int = 0,
) -> list[Path]:
    """Writes all but the regions, and gives the pictures of the scenes.

    suffix: ".png", or ".jpg" for a fifth of the size. pairs: draw the counterfactual scenes too.
    rivals: how often to ask more of a scene, for what another object would have another answer to.
    """
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    study, pictures = Study(), []
    for seed in range(first_seed, first_seed + count):
        scene, stem = make_scene(seed), f"scene-{seed}"
        drawing = draw(scene)
        pictures.append(images / f"{stem}{suffix}")
        _save(drawing, pictures[-1])
        study.scenes[stem] = asdict(scene) | {"boxes_px": drawing.boxes_px.tolist()}
        study.scene_graphs[stem] = scene_graph(stem, scene, drawing)
        for changed in _add_texts(study, stem, scene, Random(seed)):
            if pairs:
                _save(draw(changed.scene), images / f"{_pair_stem(stem, changed)}{suffix}")
        _add_contended(study, stem, View.of(scene), rivals)
    study.write(folder)
    return pictures


def scene_graph(stem: str, scene: Scene, drawing: Drawing) -> Json:
    """The picture's objects with boxes x, y, w, h in pixels, attributes and clear relations."""
    view = View.of(scene)
    objects = {}
    for index, (thing, box) in enumerate(zip(scene.objects, drawing.boxes_px, strict=True)):
        x0, y0, x1, y1 = (round(float(edge)) for edge in box)
        others = [i for i in range(len(scene.objects)) if i != index]
        objects[_object_id(stem, index)] = {
            "name": thing.shape,
            "x": x0,
            "y": y0,
            "w": x1 - x0,
            "h": y1 - y0,
            "attributes": [thing.size, thing.color, thing.material],
            "relations": [
                {"name": relation, "object": _object_id(stem, other)}
                for other in others
                for relation in RELATIONS
                if view.stands(index, relation, other)
            ],
        }
    return {"width": PICTURE_SIZE[0], "height": PICTURE_SIZE[1], "objects": objects}


def _add_texts(study: Study, stem: str, scene: Scene, random: Random) -> list[Counterfactual]:
    """A question of each type, one of them in other words, two that follow, captions, changes."""
    view = View.of(scene)
    asked = [question for kind in QUESTION_TYPES if (question := ask(view, kind, random))]
    entailed = {}
    first = asked[0]
    if first.draft.form == "attribute":
        name = attribute_asked(first.program)
        false = random.choice([v for v in VALUES[name] if v != first.answer])
        values = (first.answer, false)
        entailed = {value: verification(first, view, value, random) for value in values}
    other_words = reworded(first, random)
    everything = [*asked, other_words, *entailed.values()]
    ids = [f"{stem}-{number}" for number in range(len(everything))]
    follows = ids[len(asked) + 1 :]
    for question, number in zip(everything, ids, strict=True):
        same = [ids[0], ids[len(asked)]] if question in (first, other_words) else [number]
        study.questions[number] = question_entry(stem, question, view) | {
            "equivalent": same,
            "entailed": [*same, *(follows if question in (first, other_words) else [])],
        }
        study.choices[number] = _choices(question)
    _add_captions(study, stem, view, random)
    return _add_counterfactuals(study, stem, scene, dict(zip(ids, asked, strict=False)), random)


def question_entry(stem: str, question: Question, view: View) -> Json:
    """A question in GQA's layout, and the ids of all objects that its answer depends on."""
    form = question.draft.form
    structural, semantic = STRUCTURES[form]
    name = attribute_asked(question.program)
    is_query = structural == "query" and question.type in ("attribute", "relation")
    return {
        "question": question.text,
        "answer": question.answer,
        "fullAnswer": full_answer(form, question.answer, question.phrases),
        "imageId": stem,
        "isBalanced": True,
        "groups": {"global": name if is_query else None, "local": f"{form}-{name or 'none'}"},
        "types": {
            "structural": structural,
            "semantic": semantic,
            "detailed": f"{question.type}: {form}",
        },
        **_semantic(stem, question, view),
        "annotations": _annotations(stem, question, view, is_query),
        "objects": [_object_id(stem, index) for index in question.objects],
    }


def _semantic(stem: str, question: Question, view: View) -> Json:
    results = results_of(question.program, view)
    steps = [
        {
            "operation": step.operation,
            "argument": _argument(stem, step.argument, result),
            "dependencies": list(step.dependencies),
        }
        for step, result in zip(question.program, results, strict=True)
    ]
    lines = [f"{s['operation']}: {s['argument']} {s['dependencies']}" for s in steps]
    return {"semantic": steps, "semanticStr": "->".join(lines)}


def _annotations(stem: str, question: Question, view: View, is_query: bool) -> Json:
    """Which words of the question, and which answer, stand for which object."""
    words = {
        _words(question.text, phrase): _object_id(stem, index)
        for phrase, index in question.meant(view).items()
    }
    asked = results_of(question.program, view)[-2] if is_query else ()
    return {
        "question": words,
        "answer": {"0": _object_id(stem, asked[0])} if asked else {},
        "fullAnswer": {},
    }


def _argument(stem: str, argument: str, result: Result) -> str:
    """As GQA writes it: after what is looked for, in brackets, the objects; "-" for none."""
    if isinstance(result, str):
        return argument
    ids = ",".join(_object_id(stem, index) for index in result)
    return f"{argument} ({ids or '-'})".strip()


def _words(text: str, phrase: str) -> str:
    """Where a phrase stands, counted in words as GQA does: "4", or "4:6" for the words 4 and 5."""
    start = len(text[: re.search(rf"\b{phrase}\b", text).start()].split())
    length = len(phrase.split())
    return str(start) if length == 1 else f"{start}:{start + length}"


def _choices(question: Question) -> Json:
    """GQA's lists of valid and plausible answers; in this world whatever is valid is plausible."""
    name = attribute_asked(question.program)
    if question.answer in ("yes", "no"):
        valid = ["yes", "no"]
    elif question.answer.isdigit():
        valid = [str(number) for number in range(MOST_OBJECTS + 1)]
    else:
        valid = [answer for answer in answer_names() if answer in VALUES[name]]
    return {"valid": valid, "plausible": valid}


def _add_contended(study: Study, stem: str, view: View, count: int) -> None:
    random, asked = Random(f"{stem} contended"), {}
    for _ in range(count):
        question = contended(view, random)
        if question:
            asked.setdefault(question.text, question)
    for place, question in enumerate(asked.values()):
        number = f"{stem}-contended-{place}"
        study.questions[number] = question_entry(stem, question, view) | {
            "equivalent": [number],
            "entailed": [number],
        }
        study.choices[number] = _choices(question)


def _add_captions(study: Study, stem: str, view: View, random: Random) -> None:
    """A true caption and one that is false by a word."""
    for _ in range(20):
        claim = caption(view, random)
        false = foil(claim, view, random)
        if false is not None:
            break
    else:
        return
    spelling = random.getrandbits(32)  # both in the same words but for the wrong one
    study.captions[f"{stem}-caption"] = {
        "dataset": "lxmert-viz miniature",
        "original_split": "study",
        "image_file": stem,
        "linguistic_phenomena": claim.form.removeprefix("caption "),
        "caption": claim.say(Random(spelling)),
        "foil": false.say(Random(spelling)),
    }


def _add_counterfactuals(
    study: Study, stem: str, scene: Scene, asked: dict[str, Question], random: Random
) -> list[Counterfactual]:
    """To one question of the scene, a change that matters and one that does not."""
    for number in random.sample(list(asked), len(asked)):
        changes = [counterfactual(scene, asked[number].program, r, random) for r in (True, False)]
        found = [change for change in changes if change is not None]
        if len(found) == len(changes):
            break
    study.counterfactuals[number] = [
        {
            "relevant": change.relevant,
            "object": _object_id(stem, change.object),
            "attribute": change.attribute,
            "before": getattr(scene.objects[change.object], change.attribute),
            "after": change.value,
            "answer": change.answer,
            "imageId": _pair_stem(stem, change),
        }
        for change in found
    ]
    return found


def _pair_stem(stem: str, change: Counterfactual) -> str:
    return f"{stem}-{'relevant' if change.relevant else 'irrelevant'}"


def _object_id(stem: str, index: int) -> str:
    return f"{stem.removeprefix('scene-')}{index}"


def _save(drawing: Drawing, path: Path) -> None:
    kind = Image.registered_extensions()[path.suffix]
    with written_whole(path) as unfinished:
        picture = Image.fromarray(drawing.picture)
        picture.save(unfinished, kind, quality=92, subsampling=0, optimize=True)
