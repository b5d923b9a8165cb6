"""The same scene with one attribute of one object changed, and what its questions then answer."""

from dataclasses import dataclass, replace
from random import Random

from lxmert_viz.miniature.world.programs import Program, answer_of
from lxmert_viz.miniature.world.scenes import Scene, fits
from lxmert_viz.miniature.world.views import VALUES, View


@dataclass(frozen=True)
class Counterfactual:
    """One change; relevant where the answer changes with it."""

    relevant: bool
    object: int  # index into the scene's objects
    attribute: str
    value: str  # the new one
    answer: str  # the program's answer in the changed scene
    scene: Scene


def counterfactual(
    scene: Scene, program: Program, relevant: bool, random: Random
) -> Counterfactual | None:
    """A change after which the question still has a clear answer: another one, or the same.

    None where no single change does that.
    """
    before = answer_of(program, View.of(scene))
    changes = [
        (index, name, value)
        for index, thing in enumerate(scene.objects)
        for name, values in VALUES.items()
        for value in values
        if value != getattr(thing, name)
    ]
    for index, name, value in random.sample(changes, len(changes)):
        other = changed(scene, index, name, value)
        answer = answer_of(program, View.of(other))
        if answer is None or (answer != before) != relevant:
            continue
        if name != "size" or _stands_free(other, index):
            return Counterfactual(relevant, index, name, value, answer, other)
    return None


def changed(scene: Scene, index: int, name: str, value: str) -> Scene:
    """The scene with one attribute of one object of another value."""
    objects = list(scene.objects)
    objects[index] = replace(objects[index], **{name: value})
    return replace(scene, objects=tuple(objects))


def _stands_free(scene: Scene, index: int) -> bool:
    others = [thing for i, thing in enumerate(scene.objects) if i != index]
    return fits(scene.objects[index], others, scene.camera)
