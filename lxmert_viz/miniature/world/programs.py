"""What a question asks, step by step in the manner of GQA, and its answer in any scene."""

from dataclasses import dataclass

from lxmert_viz.miniature.world.views import CLEARLY, VALUES, Kind, View

OUTERMOST = {"leftmost": (0, 1), "rightmost": (0, -1), "nearest": (1, -1), "furthest": (1, 1)}
Result = tuple[int, ...] | str


class Unclear(Exception):
    """The question has no clear answer in this scene."""


@dataclass(frozen=True)
class Step:
    """One operation on what earlier steps found.

    argument: a kind in words ("small red cube"), an attribute, a value, a relation, or a kind and a
    relation ("cube,left of").
    """

    operation: str
    argument: str = ""
    dependencies: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.operation}: {self.argument}" if self.argument else self.operation


Program = tuple[Step, ...]


def answer_of(program: Program, view: View) -> str | None:
    """What a program computes; None where the scene leaves its question without a clear answer.

    So it is where an object that must be the only one of its kind is not, or where two objects
    stand too close together to call one left of the other.
    """
    try:
        return str(results_of(program, view)[-1])
    except Unclear:
        return None


def results_of(program: Program, view: View) -> list[Result]:
    """Of every step the objects that it found, as indices, or its text. Raises Unclear."""
    results: list[Result] = []
    for step in program:
        results.append(_result(step, [results[i] for i in step.dependencies], view))
    return results


def _result(step: Step, found: list[Result], view: View) -> Result:
    operation, *name = step.operation.split(" ", 1)
    if operation == "select":
        return Kind.named(step.argument).among(view)
    if operation == "relate":
        return _related(step.argument, _only(found[0]), view)
    if operation in OUTERMOST:
        return _outermost(operation, found[0], view)
    if operation == "count":
        return str(len(found[0]))
    if operation == "exist":
        return _yes(bool(found[0]))
    if operation in ("more", "fewer", "equal"):
        first, second = map(len, found)
        truths = {"more": first > second, "fewer": first < second, "equal": first == second}
        return _yes(truths[operation])
    objects = [view.objects[_only(group)] for group in found]
    if operation == "query":
        return getattr(objects[0], step.argument)
    if step.operation == "verify relation":
        return _yes(_clearly(view, _only(found[0]), step.argument, _only(found[1])))
    if operation == "verify":
        return _yes(getattr(objects[0], name[0]) == step.argument)
    if operation in ("larger", "smaller"):
        sizes = tuple(thing.size for thing in objects)
        return _yes(sizes == (("large", "small") if operation == "larger" else ("small", "large")))
    if operation in ("same", "different"):
        values = {getattr(thing, step.argument) for thing in objects}
        return _yes((len(values) == 1) == (operation == "same"))
    raise ValueError(f"no program has the operation {step.operation!r}")


def _related(argument: str, anchor: int, view: View) -> tuple[int, ...]:
    kind, relation = argument.split(",")
    others = [i for i in Kind.named(kind).among(view) if i != anchor]
    return tuple(i for i in others if _clearly(view, i, relation, anchor))


def _outermost(end: str, group: Result, view: View) -> tuple[int, ...]:
    axis, sign = OUTERMOST[end]
    spots = sorted((sign * view.spots[i][axis], i) for i in group)
    if len(spots) < 2 or spots[1][0] - spots[0][0] < CLEARLY:
        raise Unclear
    return (spots[0][1],)


def _only(group: Result) -> int:
    if len(group) != 1:
        raise Unclear
    return group[0]


def _clearly(view: View, first: int, relation: str, second: int) -> bool:
    stands = view.stands(first, relation, second)
    if stands is None:
        raise Unclear
    return stands


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def attribute_asked(program: Program) -> str:
    """The attribute that the last step is about; "" where it is about none."""
    words = [program[-1].argument, *program[-1].operation.split()]
    return next((word for word in words if word in VALUES), "")
