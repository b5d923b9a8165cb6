"""The other run of patching: the same but for a word, a region, a thing in the scene, the picture.

What is chosen here stands in the page's address.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.experiments.counterfactuals import siblings
from lxmert_viz.experiments.edits import SHUFFLED, ZEROED, PictureEdit, with_word, words_of
from lxmert_viz.miniature.world.scenes import Scene
from lxmert_viz.picture import Picture
from lxmert_viz.records import Trace
from lxmert_viz.ui.causes import linked
from lxmert_viz.ui.causes.choice import Asked
from lxmert_viz.ui.causes.linked import Option, one_of
from lxmert_viz.ui.frame import address, own_boxes, results
from lxmert_viz.ui.server import causes, drawn, examples, models, waiting
from lxmert_viz.ui.server.causes import Run
from lxmert_viz.ui.server.variant import OwnBox

WORD, REGION, THING, BLANK, SHUFFLE, SCENE = "word", "region", "thing", "blank", "shuffled", "scene"
WAYS = {
    WORD: "a word changed",
    REGION: "a region changed",
    THING: "a thing in the scene changed",
    BLANK: f"picture {ZEROED}",
    SHUFFLE: SHUFFLED,
    SCENE: "another scene",
}
BY, TEXT, PLACE, FEATURES, CHANGE, OTHER = (  # keys of the address
    "patch-by",
    "patch-text",
    "patch-region",
    "patch-features",
    "patch-thing",
    "patch-scene",
)
OWN_KEYS = {WORD: (TEXT,), REGION: (PLACE, FEATURES), THING: (CHANGE,), SCENE: (OTHER,)}
ZEROS = -1  # in place of the region whose features are taken
MOST_PROPOSED = 12  # changed words that are tried for the first proposal
ASKED = {"color": "color", "made of": "material", "material": "material", "shape": "shape"}


@dataclass(frozen=True, slots=True)
class Other:
    """The corrupted run, what it computed, and how a person reads it."""

    run: Run
    found: Trace
    name: str


def choose(asked: Asked) -> Other | None:
    """None until there is another run. Between the widgets of one row."""
    is_drawn = drawn.scene_of(asked.variant.picture) is not None
    ways = [way for way in WAYS if way != THING or is_drawn]
    way = linked.select(
        Option("causes.corruption", BY, one_of(WAYS), WORD),
        "Corrupted by",
        ways,
        format_func=WAYS.get,
        width=270,
    )
    gone = [name for other, names in OWN_KEYS.items() if other != way for name in names]
    address.put(dict.fromkeys(gone, ""))
    return CHOOSERS[way](asked)


def _found(run: Run, name: str) -> Other:
    if run.place is None:
        return Other(run, results.trace_of(run.variant), name)
    return Other(
        run,
        waiting.result_of(
            f"ask {run.key}", "asking with another region", lambda report: causes.trace(run, report)
        ),
        name,
    )


def _word(asked: Asked) -> Other | None:
    text = asked.found.tokens.text
    typed = linked.choose(
        Option(
            f"causes.text {asked.question}",
            TEXT,
            str.strip,
            _proposed(asked) or text,
            about=asked.question,
        ),
        st.text_input,
        "Corrupted text",
        help="As many word pieces as the text above",
    )
    if not typed.strip() or typed == text:
        st.info("Change a word of the text.", icon=":material/edit:")
        return None
    return _found(Run(replace(asked.variant, text=typed)), f"“{typed}”")


def _region(asked: Asked) -> Other | None:
    seen, about = asked.found.regions, asked.question
    names, count = numbered_names(seen), len(seen)
    if not count:
        st.info("This picture has no regions.", icon=":material/crop_free:")
        return None
    place = linked.select(
        Option(
            f"causes.changed {about}",
            PLACE,
            _one(count),
            _meant(asked, seen.names),
            _told,
            about,
        ),
        "Region",
        range(count),
        format_func=names.__getitem__,
        width=210,
    )
    usual = _unlike(seen.names, place)
    source = linked.select(
        Option(f"causes.features {place} {about}", FEATURES, _one(count), usual, _told, about),
        "gets the features of",
        [*(n for n in range(count) if n != place), ZEROS],
        format_func=lambda n: "none: zeros" if n == ZEROS else names[n],
        width=210,
    )
    given = "no features" if source == ZEROS else f"the features of {names[source]}"
    run = Run(asked.variant, place, None if source == ZEROS else source)
    return _found(run, f"the same, but {names[place]} has {given}")


def _thing(asked: Asked) -> Other:
    """The counterfactual pair of a drawn scene; regions are looked at where they were before."""
    variant, scene = asked.variant, drawn.scene_of(asked.variant.picture)
    things, digest = drawn.things(scene), variant.picture.digest
    place, name, value = change = _change(asked, scene, things)
    content = waiting.result_of(
        f"draw {digest} {change}",
        "drawing the changed scene",
        lambda report: drawn.redrawn(digest, place, name, value, report),
    )
    boxes = tuple(OwnBox(tuple(box), "", -1) for box in asked.found.regions.boxes_unit.tolist())
    where = replace(variant.asked, boxes=boxes)
    other = replace(variant, picture=Picture.of(content), asked=where)
    return _found(Run(other), f"the same scene, but the {things[place]} is {value}")


def _change(asked: Asked, scene: Scene, things: Sequence[str]) -> tuple[int, str, str]:
    """Which thing, and what of it is of which other value."""
    changes = [
        (place, *other)
        for place in range(len(things))
        for other in drawn.other_values(scene, place)
    ]
    told = {f"{place + 1}.{name}.{value}": (place, name, value) for place, name, value in changes}
    text = asked.found.tokens.text
    first = _meant(asked, things)
    wanted = next((name for word, name in ASKED.items() if word in text), "color")
    usual = next(change for change in changes if change[:2] == (first, wanted))
    return linked.select(
        Option(
            f"causes.thing {asked.question}",
            CHANGE,
            told.get,
            usual,
            lambda change: f"{change[0] + 1}.{change[1]}.{change[2]}",
            asked.question,
        ),
        "Drawn again with",
        changes,
        format_func=lambda change: f"{things[change[0]]}: {change[1]} {change[2]}",
        width=330,
    )


def _blank(asked: Asked) -> Other:
    return _edited(asked, ZEROED)


def _shuffled(asked: Asked) -> Other:
    return _edited(asked, SHUFFLED)


def _edited(asked: Asked, operator: str) -> Other:
    edit = PictureEdit(operator, asked.variant.edit.off)
    return _found(Run(replace(asked.variant, edit=edit)), f"the picture {operator}")


def _scene(asked: Asked) -> Other:
    scenes = {s.name: s for s in examples.examples() if s.picture != asked.variant.picture}
    name = linked.select(
        Option("causes.scene", OTHER, one_of(scenes), next(iter(scenes))),
        "Scene",
        list(scenes),
        format_func=lambda n: scenes[n].title,
        width=210,
    )
    variant = own_boxes.of_picture(scenes[name].picture, asked.variant)
    return _found(Run(variant), f"the scene “{scenes[name].title}”")


CHOOSERS: dict[str, Callable[[Asked], Other | None]] = {
    WORD: _word,
    REGION: _region,
    THING: _thing,
    BLANK: _blank,
    SHUFFLE: _shuffled,
    SCENE: _scene,
}


def _one(count: int) -> Callable[[str], int | None]:
    """A place counted from 1; 0 is ZEROS."""

    def read(told: str) -> int | None:
        number = address.number(told)
        return number - 1 if number is not None and number <= count else None

    return read


def _told(place: int) -> str:
    return str(place + 1)


def _meant(asked: Asked, names: Sequence[str]) -> int:
    """The thing that shares most words with the text."""
    words = set(asked.found.tokens.pieces)
    return max(range(len(names)), key=lambda n: len(words & set(names[n].split())))


def _unlike(names: Sequence[str], place: int) -> int:
    """Whose name shares least with this one's; ZEROS where it is alone."""
    own = set(names[place].split())
    others = [n for n in range(len(names)) if n != place]
    return min(others, key=lambda n: len(own & set(names[n].split())), default=ZEROS)


def _proposed(asked: Asked) -> str:
    """The text with a word replaced by a sibling: the first that turns the answer, if any does."""
    pipeline = models.pipeline(asked.variant.model)
    known = pipeline.tokenizer.get_vocab()
    tokens = asked.found.tokens
    texts = [
        with_word(tokens.text, word, other)
        for word in words_of(tokens)
        for other in siblings(word.text.lower(), known)
    ][:MOST_PROPOSED]
    if not texts:
        return ""
    found = waiting.result_of(
        f"propose {asked.key}",
        "looking for a word that turns the answer",
        lambda report: pipeline.score_many([(asked.found.regions, text) for text in texts]),
    )
    own = asked.found.answers[0].text
    said = (pipeline.answers(scores, 1)[0].text for scores in found)
    turned = (text for text, answer in zip(texts, said, strict=True) if answer != own)
    return next(turned, texts[0])
