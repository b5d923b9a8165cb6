"""The example scenes that the page offers: pictures with a title and questions of every type."""

from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image

from lxmert_viz.miniature.world.captions import caption, foil
from lxmert_viz.miniature.world.drawing import draw
from lxmert_viz.miniature.world.questions import QUESTION_TYPES, ask
from lxmert_viz.miniature.world.scenes import Scene, make_scene
from lxmert_viz.miniature.world.views import View
from lxmert_viz.whole_files import write_json, written_whole

# chosen by eye: clear, varied, from 3 objects to 8
EXAMPLES = {
    8_000_031: "Cones and rings",
    8_000_004: "The green ring",
    8_000_027: "Yellow and purple",
    8_000_024: "Seven on wood",
    8_000_011: "Two rows",
    8_000_014: "One large cube",
    8_000_017: "Three blues",
    8_000_003: "Eight, close together",
}


def write_examples(folder: Path) -> None:
    """Pictures scene-1.png .. and examples.json: picture, title, questions with their true answers.

    A caption's answer is null; its type says whether it is true of the picture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, (seed, title) in enumerate(EXAMPLES.items(), start=1):
        scene = make_scene(seed)
        name = f"scene-{number}.png"
        with written_whole(folder / name) as unfinished:
            unfinished.write_bytes(as_png(scene))
        entries.append({"picture": name, "title": title, "questions": _texts(View.of(scene), seed)})
    write_json(folder / "examples.json", entries)


def as_png(scene: Scene) -> bytes:
    content = BytesIO()
    Image.fromarray(draw(scene).picture).save(content, "PNG", optimize=True)
    return content.getvalue()


def _texts(view: View, seed: int) -> list[dict[str, object]]:
    random = Random(seed)
    asked = [ask(view, kind, random) for kind in QUESTION_TYPES]
    texts: list[dict[str, object]] = [
        {"text": _finished(q.text, "?"), "answer": q.answer, "type": q.type}
        for q in asked
        if q is not None
    ]
    claim = caption(view, random)
    false = foil(claim, view, random)
    for kind, chosen in (("true", claim), ("false", false)):
        if chosen is not None:
            text = _finished(chosen.say(random), ".")
            texts.append({"text": text, "answer": None, "type": f"{kind} caption"})
    return texts


def _finished(text: str, mark: str) -> str:
    return text if text[-1] in ".?" else text + mark
