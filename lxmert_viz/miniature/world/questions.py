"""Questions about a scene, each with its answer, its program and the objects it depends on."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from lxmert_viz.miniature.world.programs import OUTERMOST, Program, Step, answer_of, results_of
from lxmert_viz.miniature.world.scenes import COLORS, MATERIALS, MOST_OBJECTS, SHAPES, SIZES
from lxmert_viz.miniature.world.views import (
    RELATIONS,
    VALUES,
    Kind,
    View,
    any_kind,
    kind_of,
    other_value,
    pick,
    pick_index,
    two_indices,
    unique_kind,
)
from lxmert_viz.miniature.world.wording import say, sentence

QUESTION_TYPES = ("attribute", "relation", "count", "existence", "comparison", "same")
CONTENDED = "contended"  # of a question that another object would have another answer to
TRIES = 40


def answer_names() -> list[str]:
    """The answer vocabulary, in label order."""
    counts = [str(n) for n in range(MOST_OBJECTS + 1)]
    return ["yes", "no", *counts, *COLORS, *SHAPES, *SIZES, *MATERIALS]


@dataclass(frozen=True)
class Draft:
    """What to ask, not yet in words: a form of sentence and what stands in its slots."""

    form: str
    slots: dict[str, Kind | str]
    program: Program

    def say(self, random: Random) -> dict[str, str]:
        """Words for each slot; those of a slot that ends in s are plural."""
        return {
            slot: value.say(random, plural=slot.endswith("s"))
            if isinstance(value, Kind)
            else say(value, random)
            for slot, value in self.slots.items()
        }


@dataclass(frozen=True)
class Question:
    text: str
    type: str
    answer: str
    draft: Draft
    objects: tuple[int, ...]  # indices into the objects of the view that the answer depends on
    phrases: dict[str, str]  # what was said for each slot

    @property
    def program(self) -> Program:
        return self.draft.program

    def meant(self, view: View) -> dict[str, int]:
        """Phrases of the text that stand for one object, each with this object's index."""
        results, steps = results_of(self.program, view), self.program
        meant = {}
        for slot, kind in self.draft.slots.items():
            for place, step in enumerate(steps):
                if not isinstance(kind, Kind) or step.argument.split(",")[0] != str(kind):
                    continue
                group = results[place + 1 if steps[place + 1].operation in OUTERMOST else place]
                if len(group) == 1 and re.search(rf"\b{self.phrases[slot]}\b", self.text):
                    meant[self.phrases[slot]] = group[0]
        return meant


def ask(view: View, kind: str, random: Random) -> Question | None:
    """A question of a type with one clear answer; None when no try in this scene found one.

    Whether a yes-or-no question is to be true is drawn first: "yes" and "no" come equally often.
    """
    makers: tuple[Maker, ...] = {
        "attribute": (_attribute, _attribute, _verify),
        "relation": (_relation, _relation, _placed, _outermost),
        "count": (_count,),
        "existence": (_existence,),
        "comparison": (_numbers, _numbers, _numbers, _sizes),
        "same": (_same,),
    }[kind]
    make, wanted = random.choice(makers), random.choice(("yes", "no"))
    if len(view.objects) < 2 and kind in ("relation", "comparison", "same"):
        return None
    for attempt in range(TRIES):
        if attempt == TRIES // 2:
            make, wanted = random.choice(makers), "no" if wanted == "yes" else "yes"
        draft = make(view, random)
        answer = draft and answer_of(draft.program, view)
        if answer and (answer not in ("yes", "no") or answer == wanted):
            return _question(view, kind, answer, draft, random)
    return None


def contended(view: View, random: Random) -> Question | None:
    """A question for a value of one object, of whose shape another object has another value.

    What that one shows speaks for another answer. None where no try found such a question.
    """
    for _ in range(TRIES):
        draft = random.choice((_attribute, _relation, _outermost))(view, random)
        answer = draft and answer_of(draft.program, view)
        if answer and _has_rival(draft, view):
            return _question(view, CONTENDED, answer, draft, random)
    return None


def _has_rival(draft: Draft, view: View) -> bool:
    name = draft.program[-1].argument
    (own,) = results_of(draft.program, view)[-2]
    thing = view.objects[own]
    kind = draft.slots.get("z") or draft.slots["x"]  # what is asked about
    others = [getattr(other, name) for other in view.objects if other.shape == kind.shape]
    return any(value != getattr(thing, name) for value in others)


def reworded(question: Question, random: Random) -> Question:
    """The same question in other words; in the same ones when five tries found no others."""
    for _ in range(5):
        phrases = question.draft.say(random)
        text = sentence(question.draft.form, random, **phrases)
        if text != question.text:
            return replace(question, text=text, phrases=phrases)
    return question


def verification(question: Question, view: View, value: str, random: Random) -> Question | None:
    """The yes-or-no question whether the value is what a question for an attribute asks for.

    None for questions of other forms.
    """
    if question.draft.form != "attribute":
        return None
    select, query = question.program
    draft = _verify_draft(question.draft.slots["x"], query.argument, value)
    return _question(view, question.type, answer_of(draft.program, view), draft, random)


def _question(view: View, kind: str, answer: str, draft: Draft, random: Random) -> Question:
    phrases = draft.say(random)
    groups = [found for found in results_of(draft.program, view) if isinstance(found, tuple)]
    objects = tuple(dict.fromkeys(index for group in groups for index in group))
    text = sentence(draft.form, random, **phrases)
    return Question(text, kind, answer, draft, objects, phrases)


Maker = Callable[[View, Random], Draft | None]


def _attribute(view: View, random: Random) -> Draft | None:
    name = _attribute_name(random)
    kind = unique_kind(view, pick_index(view, random), random, without=name)
    if kind is None:
        return None
    return Draft("attribute", {"a": name, "x": kind}, (_select(kind), Step("query", name, (0,))))


def _verify(view: View, random: Random) -> Draft | None:
    name = _attribute_name(random)
    target = pick_index(view, random)
    kind = unique_kind(view, target, random, without=name)
    if kind is None:
        return None
    truth = getattr(view.objects[target], name)
    others = [v for v in VALUES[name] if v != truth]
    return _verify_draft(kind, name, truth if random.random() < 0.5 else random.choice(others))


def _verify_draft(kind: Kind, name: str, value: str) -> Draft:
    program = (_select(kind), Step(f"verify {name}", value, (0,)))
    slots: dict[str, Kind | str] = {"x": kind, "v": value}
    return Draft("verify a" if name == "shape" else "verify", slots, program)


def _relation(view: View, random: Random) -> Draft | None:
    """The one object of a kind on one side of another; mostly others of that kind stand there."""
    name, relation = _attribute_name(random), random.choice(RELATIONS)
    anchor, target = two_indices(view, random)
    if not view.stands(target, relation, anchor):
        return None
    kind = kind_of(view.objects[target], random, without=name)
    has_rivals = bool(set(kind.among(view)) - {target, anchor})
    anchor_kind = unique_kind(view, anchor, random)
    if anchor_kind is None or (not has_rivals and random.random() < 0.6):
        return None
    program = (
        _select(anchor_kind),
        Step("relate", f"{kind},{relation}", (0,)),
        Step("query", name, (1,)),
    )
    return Draft("relation", {"a": name, "z": kind, "r": relation, "x": anchor_kind}, program)


def _placed(view: View, random: Random) -> Draft | None:
    relation = random.choice(RELATIONS)
    kinds = [unique_kind(view, i, random) for i in two_indices(view, random)]
    if kinds[0] is None or kinds[1] is None:
        return None
    program = (_select(kinds[0]), _select(kinds[1]), Step("verify relation", relation, (0, 1)))
    return Draft("placed", {"x": kinds[0], "y": kinds[1], "r": relation}, program)


def _outermost(view: View, random: Random) -> Draft | None:
    name, end = _attribute_name(random), random.choice(list(OUTERMOST))
    kind = kind_of(pick(view, random), random, without=name, most=1)
    program = (_select(kind), Step(end, "", (0,)), Step("query", name, (1,)))
    return Draft("outermost", {"a": name, "r": end, "z": kind}, program)


def _count(view: View, random: Random) -> Draft | None:
    """Counts are spread: the number is drawn first, then a kind that has it."""
    kinds = [any_kind(random, most=2) for _ in range(6)]
    kinds += [kind_of(pick(view, random), random, most=1) for _ in range(4)] + [Kind()]
    counts = [len(k.among(view)) for k in kinds]
    number = random.choice(sorted(set(counts)))
    kind = random.choice([k for k, count in zip(kinds, counts, strict=True) if count == number])
    return Draft("count", {"zs": kind}, (_select(kind), Step("count", "", (0,))))


def _existence(view: View, random: Random) -> Draft | None:
    kind = kind_of(pick(view, random), random)
    if random.random() < 0.5:
        kind = other_value(kind, random.choice([n for n in VALUES if getattr(kind, n)]), random)
    return Draft("existence", {"z": kind, "zs": kind}, (_select(kind), Step("exist", "", (0,))))


def _numbers(view: View, random: Random) -> Draft | None:
    name = random.choices(list(VALUES), (0.1, 0.3, 0.1, 0.5))[0]
    here = sorted({getattr(o, name) for o in view.objects})
    values = [random.choice(here), random.choice(VALUES[name])]
    if values[0] == values[1]:
        return None
    random.shuffle(values)
    first, second = (Kind(**{name: v}) for v in values)
    form = random.choice(("more", "fewer", "equal"))
    return Draft(
        form, {"xs": first, "ys": second}, (_select(first), _select(second), Step(form, "", (0, 1)))
    )


def _sizes(view: View, random: Random) -> Draft | None:
    form = random.choice(("larger", "smaller"))
    return _of_two(view, random, form, Step(form, "", (0, 1)), without="size")


def _same(view: View, random: Random) -> Draft | None:
    name, form = random.choice(list(VALUES)), "same" if random.random() < 0.7 else "different"
    return _of_two(view, random, form, Step(form, name, (0, 1)), without=name)


def _of_two(view: View, random: Random, form: str, last: Step, without: str) -> Draft | None:
    kinds = [unique_kind(view, i, random, without=without) for i in two_indices(view, random)]
    if kinds[0] is None or kinds[1] is None:
        return None
    slots: dict[str, Kind | str] = {"x": kinds[0], "y": kinds[1], "a": without}
    return Draft(form, slots, (_select(kinds[0]), _select(kinds[1]), last))


def _attribute_name(random: Random) -> str:
    return random.choices(list(VALUES), (0.15, 0.4, 0.15, 0.3))[0]


def _select(kind: Kind) -> Step:
    return Step("select", str(kind))
