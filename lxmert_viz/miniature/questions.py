"""Questions about a scene, each with its answer, its program and the objects it depends on."""

from dataclasses import dataclass
from random import Random

from lxmert_viz.miniature.scenes import COLORS, MATERIALS, MOST_OBJECTS, SHAPES, SIZES
from lxmert_viz.miniature.views import (
    CLEARLY,
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
from lxmert_viz.miniature.wording import say, sentence

QUESTION_TYPES = ("attribute", "relation", "count", "existence", "comparison", "same")
OUTERMOST = {"leftmost": (0, 1), "rightmost": (0, -1), "nearest": (1, -1), "furthest": (1, 1)}
TRIES = 40


def answer_names() -> list[str]:
    """The answer vocabulary, in label order."""
    counts = [str(n) for n in range(MOST_OBJECTS + 1)]
    return ["yes", "no", *counts, *COLORS, *SHAPES, *SIZES, *MATERIALS]


@dataclass(frozen=True)
class Step:
    """One step of a question's program, in the manner of GQA's semantic programs."""

    operation: str
    argument: str
    dependencies: tuple[int, ...] = ()


@dataclass(frozen=True)
class Question:
    text: str
    type: str
    answer: str
    program: tuple[Step, ...]
    objects: tuple[int, ...]  # indices into the objects of the view that the answer depends on


def ask(view: View, kind: str, random: Random) -> Question | None:
    """A question of a type with one clear answer; None when no try in this scene found one.

    Whether a yes-or-no question is to be true is drawn first: "yes" and "no" come equally often.
    """
    makers = {
        "attribute": (_attribute, _attribute, _verify),
        "relation": (_relation, _relation, _placed, _outermost),
        "count": (_count,),
        "existence": (_existence,),
        "comparison": (_numbers, _numbers, _numbers, _sizes),
        "same": (_same,),
    }[kind]
    make, wanted = random.choice(makers), random.random() < 0.5
    if len(view.objects) < 2 and kind in ("relation", "comparison", "same"):
        return None
    for attempt in range(TRIES):
        if attempt == TRIES // 2:
            make, wanted = random.choice(makers), not wanted
        question = make(view, random, wanted)
        if question is not None:
            return question
    return None


def _attribute(view: View, random: Random, wanted: bool) -> Question | None:
    name = _attribute_name(random)
    target = pick_index(view, random)
    kind = unique_kind(view, target, random, without=name)
    if kind is None:
        return None
    text = sentence("attribute", random, a=say(name, random), x=kind.say(random))
    steps = (_select(kind, (target,)), Step("query", name, (0,)))
    return Question(text, "attribute", getattr(view.objects[target], name), steps, (target,))


def _verify(view: View, random: Random, wanted: bool) -> Question | None:
    name = _attribute_name(random)
    target = pick_index(view, random)
    kind = unique_kind(view, target, random, without=name)
    if kind is None:
        return None
    truth = getattr(view.objects[target], name)
    others = [v for v in VALUES[name] if v != truth]
    value = truth if wanted else random.choice(others)
    word = f"a {say(value, random)}" if name == "shape" else say(value, random)
    text = sentence("verify", random, x=kind.say(random), v=word)
    steps = (_select(kind, (target,)), Step("verify " + name, value, (0,)))
    return Question(text, "attribute", _yes(wanted), steps, (target,))


def _relation(view: View, random: Random, wanted: bool) -> Question | None:
    """The one object of a kind on one side of another; others of that kind stand elsewhere."""
    name, relation = _attribute_name(random), random.choice(RELATIONS)
    anchor, target = two_indices(view, random)
    if not view.stands(target, relation, anchor):
        return None
    kind = kind_of(view.objects[target], random, without=name)
    rivals = [i for i in kind.among(view) if i not in (target, anchor)]
    if any(view.stands(i, relation, anchor) is not False for i in rivals):
        return None
    if not rivals and random.random() < 0.6:
        return None
    anchor_kind = unique_kind(view, anchor, random)
    if anchor_kind is None:
        return None
    slots = {"z": kind.say(random), "x": anchor_kind.say(random), "r": say(relation, random)}
    text = sentence("relation", random, a=say(name, random), **slots)
    steps = (
        _select(anchor_kind, (anchor,)),
        Step("relate", f"{_name(kind)},{relation} ({target})", (0,)),
        Step("query", name, (1,)),
    )
    answer = getattr(view.objects[target], name)
    return Question(text, "relation", answer, steps, (anchor, target))


def _placed(view: View, random: Random, wanted: bool) -> Question | None:
    relation = random.choice(RELATIONS)
    first, second = two_indices(view, random)
    truth = view.stands(first, relation, second)
    kinds = [unique_kind(view, i, random) for i in (first, second)]
    if truth is not wanted or kinds[0] is None or kinds[1] is None:
        return None
    slots = {"x": kinds[0].say(random), "y": kinds[1].say(random), "r": say(relation, random)}
    steps = (
        _select(kinds[0], (first,)),
        _select(kinds[1], (second,)),
        Step("verify relation", relation, (0, 1)),
    )
    text = sentence("placed", random, **slots)
    return Question(text, "relation", _yes(truth), steps, (first, second))


def _outermost(view: View, random: Random, wanted: bool) -> Question | None:
    name = _attribute_name(random)
    end = random.choice(list(OUTERMOST))
    axis, sign = OUTERMOST[end]
    kind = kind_of(pick(view, random), random, without=name, most=1)
    group = kind.among(view)
    if len(group) < 2:
        return None
    spots = sorted((sign * view.spots[i][axis], i) for i in group)
    if spots[1][0] - spots[0][0] < CLEARLY:
        return None
    target = spots[0][1]
    slots = {"a": say(name, random), "r": say(end, random), "z": kind.say(random)}
    steps = (_select(kind, group), Step(end, str(target), (0,)), Step("query", name, (1,)))
    answer = getattr(view.objects[target], name)
    return Question(sentence("outermost", random, **slots), "relation", answer, steps, group)


def _count(view: View, random: Random, wanted: bool) -> Question | None:
    """Counts are spread: the number is drawn first, then a kind that has it."""
    kinds = [any_kind(random, most=2) for _ in range(6)]
    kinds += [kind_of(pick(view, random), random, most=1) for _ in range(4)] + [Kind()]
    counts = [len(k.among(view)) for k in kinds]
    number = random.choice(sorted(set(counts)))
    kind = random.choice([k for k, count in zip(kinds, counts, strict=True) if count == number])
    group = kind.among(view)
    text = sentence("count", random, zs=kind.say(random, plural=True))
    steps = (_select(kind, group), Step("count", "", (0,)))
    return Question(text, "count", str(len(group)), steps, group)


def _existence(view: View, random: Random, wanted: bool) -> Question | None:
    kind = kind_of(pick(view, random), random)
    if not wanted:
        named = [n for n in VALUES if getattr(kind, n)]
        kind = other_value(kind, random.choice(named), random)
    group = kind.among(view)
    if bool(group) != wanted:
        return None
    slots = {"z": kind.say(random), "zs": kind.say(random, plural=True)}
    steps = (_select(kind, group), Step("exist", "", (0,)))
    return Question(sentence("existence", random, **slots), "existence", _yes(wanted), steps, group)


def _numbers(view: View, random: Random, wanted: bool) -> Question | None:
    name = random.choices(list(VALUES), (0.1, 0.3, 0.1, 0.5))[0]
    here = sorted({getattr(o, name) for o in view.objects})
    values = [random.choice(here), random.choice(VALUES[name])]
    if values[0] == values[1]:
        return None
    if random.random() < 0.5:
        values.reverse()
    kinds = [Kind(**{name: v}) for v in values]
    groups = [k.among(view) for k in kinds]
    form = random.choice(("more", "fewer", "equal"))
    a, b = (len(g) for g in groups)
    truth = {"more": a > b, "fewer": a < b, "equal": a == b}[form]
    if truth != wanted:
        return None
    slots = {"xs": kinds[0].say(random, plural=True), "ys": kinds[1].say(random, plural=True)}
    steps = (_select(kinds[0], groups[0]), _select(kinds[1], groups[1]), Step(form, "", (0, 1)))
    text = sentence(form, random, **slots)
    return Question(text, "comparison", _yes(truth), steps, groups[0] + groups[1])


def _sizes(view: View, random: Random, wanted: bool) -> Question | None:
    first, second = two_indices(view, random)
    kinds = [unique_kind(view, i, random, without="size") for i in (first, second)]
    if kinds[0] is None or kinds[1] is None:
        return None
    form = random.choice(("larger", "smaller"))
    order = ("large", "small") if form == "larger" else ("small", "large")
    truth = (view.objects[first].size, view.objects[second].size) == order
    if truth != wanted:
        return None
    text = sentence(form, random, x=kinds[0].say(random), y=kinds[1].say(random))
    steps = (_select(kinds[0], (first,)), _select(kinds[1], (second,)), Step(form, "", (0, 1)))
    return Question(text, "comparison", _yes(truth), steps, (first, second))


def _same(view: View, random: Random, wanted: bool) -> Question | None:
    name = random.choice(list(VALUES))
    first, second = two_indices(view, random)
    kinds = [unique_kind(view, i, random, without=name) for i in (first, second)]
    if kinds[0] is None or kinds[1] is None:
        return None
    alike = getattr(view.objects[first], name) == getattr(view.objects[second], name)
    form = "same" if random.random() < 0.7 else "different"
    if (alike == (form == "same")) != wanted:
        return None
    slots = {"a": say(name, random), "x": kinds[0].say(random), "y": kinds[1].say(random)}
    steps = (
        _select(kinds[0], (first,)),
        _select(kinds[1], (second,)),
        Step(f"{form} {name}", "", (0, 1)),
    )
    text = sentence(form, random, **slots)
    return Question(text, "same", _yes(wanted), steps, (first, second))


def _attribute_name(random: Random) -> str:
    return random.choices(list(VALUES), (0.15, 0.4, 0.15, 0.3))[0]


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _select(kind: Kind, group: tuple[int, ...]) -> Step:
    numbers = ",".join(map(str, group)) or "-"
    return Step("select", f"{_name(kind)} ({numbers})")


def _name(kind: Kind) -> str:
    words = (kind.size, kind.color, kind.material, kind.shape or "thing")
    return " ".join(w for w in words if w)
