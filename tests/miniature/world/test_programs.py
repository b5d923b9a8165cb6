"""Programs on a table that is laid by hand, with answers worked out by hand.

From the viewer, left to right: a large red cube in front, a small blue ball in the middle, a small
red cone behind, and a large blue ball far right, as near as the cube.
"""

from random import Random

import pytest

from lxmert_viz.miniature.world.counterfactuals import counterfactual
from lxmert_viz.miniature.world.programs import Step, answer_of, attribute_asked, results_of
from lxmert_viz.miniature.world.questions import QUESTION_TYPES, ask
from lxmert_viz.miniature.world.scenes import SceneObject, make_scene
from lxmert_viz.miniature.world.views import VALUES, View

OBJECTS = (
    SceneObject("cube", "red", "large", "matte", 0, 0, 0),
    SceneObject("sphere", "blue", "small", "shiny", 0, 0, 0),
    SceneObject("cone", "red", "small", "shiny", 0, 0, 0),
    SceneObject("sphere", "blue", "large", "matte", 0, 0, 0),
)
SIZE = Step("query", "size", (1,))
TABLE = View(OBJECTS, ((0.1, 0.9), (0.4, 0.5), (0.6, 0.2), (0.9, 0.88)))


def one(kind: str, *steps: Step) -> tuple[Step, ...]:
    return (Step("select", kind), *steps)


def two(first: str, second: str, last: Step) -> tuple[Step, ...]:
    return (Step("select", first), Step("select", second), last)


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        (one("cube", Step("query", "color", (0,))), "red"),
        (one("small red thing", Step("query", "shape", (0,))), "cone"),
        (one("cone", Step("verify material", "shiny", (0,))), "yes"),
        (one("cone", Step("verify material", "matte", (0,))), "no"),
        (one("red thing", Step("count", "", (0,))), "2"),
        (one("thing", Step("count", "", (0,))), "4"),
        (one("green thing", Step("count", "", (0,))), "0"),
        (one("ring", Step("exist", "", (0,))), "no"),
        (one("shiny sphere", Step("exist", "", (0,))), "yes"),
        (
            one("cone", Step("relate", "sphere,right of", (0,)), Step("query", "size", (1,))),
            "large",
        ),
        (one("cone", Step("relate", "sphere,left of", (0,)), Step("query", "size", (1,))), "small"),
        (one("thing", Step("leftmost", "", (0,)), Step("query", "shape", (1,))), "cube"),
        (one("blue thing", Step("furthest", "", (0,)), Step("query", "size", (1,))), "small"),
        (two("cube", "cone", Step("verify relation", "left of", (0, 1))), "yes"),
        (two("cube", "cone", Step("verify relation", "behind", (0, 1))), "no"),
        (two("sphere", "cube", Step("more", "", (0, 1))), "yes"),
        (two("sphere", "cube", Step("fewer", "", (0, 1))), "no"),
        (two("sphere", "red thing", Step("equal", "", (0, 1))), "yes"),
        (two("cube", "cone", Step("larger", "", (0, 1))), "yes"),
        (two("cube", "cone", Step("smaller", "", (0, 1))), "no"),
        (two("cube", "large sphere", Step("larger", "", (0, 1))), "no"),
        (two("cube", "cone", Step("same", "color", (0, 1))), "yes"),
        (two("cube", "cone", Step("different", "material", (0, 1))), "yes"),
        (two("cube", "cone", Step("different", "color", (0, 1))), "no"),
        # no clear answer: several spheres, no ring, two things about as near, alike far left
        (one("sphere", Step("query", "size", (0,))), None),
        (one("ring", Step("query", "size", (0,))), None),
        (one("thing", Step("nearest", "", (0,)), Step("query", "color", (1,))), None),
        (two("cube", "large sphere", Step("verify relation", "behind", (0, 1))), None),
        (one("cone", Step("relate", "thing,in front of", (0,)), SIZE), None),
    ],
)
def test_answers_worked_out_by_hand(program: tuple[Step, ...], answer: str | None) -> None:
    assert answer_of(program, TABLE) == answer


def test_results_name_the_objects_of_every_step() -> None:
    program = one("cone", Step("relate", "sphere,right of", (0,)), SIZE)
    assert results_of(program, TABLE) == [(2,), (3,), "large"]


def test_the_attribute_that_is_asked_for() -> None:
    assert attribute_asked(one("cube", Step("query", "color", (0,)))) == "color"
    assert attribute_asked(one("cube", Step("verify size", "large", (0,)))) == "size"
    assert attribute_asked(two("cube", "cone", Step("same", "shape", (0, 1)))) == "shape"
    assert attribute_asked(one("cube", Step("count", "", (0,)))) == ""


@pytest.mark.parametrize("relevant", [True, False])
def test_one_attribute_changes_and_with_it_the_answer_or_not(relevant: bool) -> None:
    found = 0
    for seed in range(24):
        scene = make_scene(seed)
        question = ask(View.of(scene), QUESTION_TYPES[seed % 6], Random(seed))
        change = question and counterfactual(scene, question.program, relevant, Random(seed))
        if not change:
            continue
        found += 1
        assert (change.answer != question.answer) == relevant == change.relevant
        assert change.answer == answer_of(question.program, View.of(change.scene))
        differing = [
            (index, name)
            for index, (a, b) in enumerate(zip(scene.objects, change.scene.objects, strict=True))
            for name in VALUES
            if getattr(a, name) != getattr(b, name)
        ]
        assert differing == [(change.object, change.attribute)]
        assert getattr(change.scene.objects[change.object], change.attribute) == change.value
    assert found >= 15
