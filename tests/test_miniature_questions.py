import re
from random import Random

import pytest

from lxmert_viz.miniature.captions import caption, foil
from lxmert_viz.miniature.questions import (
    OUTERMOST,
    QUESTION_TYPES,
    Question,
    Step,
    answer_names,
    ask,
)
from lxmert_viz.miniature.scenes import Scene, SceneObject, make_scene
from lxmert_viz.miniature.views import VALUES, Kind, View
from lxmert_viz.miniature.wording import FORMS, word_pieces
from lxmert_viz.model.tokenizer import LxmertTokenizer

VIEWS = [View.of(make_scene(seed)) for seed in range(40)]


def all_questions(kind: str) -> list[tuple[View, Question]]:
    found = []
    for seed, view in enumerate(VIEWS):
        question = ask(view, kind, Random(seed))
        if question is not None:
            found.append((view, question))
    return found


def select(view: View, argument: str) -> list[int]:
    """The objects that a `select` step names in words, found again from the words alone."""
    words = re.sub(r" ?\(.*\)", "", argument).split()
    return [
        i
        for i, o in enumerate(view.objects)
        if set(words) <= {o.size, o.color, o.material, o.shape, "thing"}
    ]


def run(view: View, program: tuple[Step, ...]) -> str:
    """Executes a program without looking at how the question was made."""
    results = []
    for step in program:
        inputs = [results[d] for d in step.dependencies]
        if step.operation == "select":
            value = select(view, step.argument)
        elif step.operation == "relate":
            kind, relation = re.match(r"(.*),(.*) \(", step.argument).groups()
            (anchor,) = inputs[0]
            value = [
                i for i in select(view, kind) if i != anchor and view.stands(i, relation, anchor)
            ]
        elif step.operation in OUTERMOST:
            axis, sign = OUTERMOST[step.operation]
            value = [min(inputs[0], key=lambda i: sign * view.spots[i][axis])]
        elif step.operation == "query":
            (one,) = inputs[0]
            value = getattr(view.objects[one], step.argument)
        elif step.operation.startswith("verify relation"):
            (a,), (b,) = inputs
            value = "yes" if view.stands(a, step.argument, b) else "no"
        elif step.operation.startswith("verify"):
            (one,) = inputs[0]
            matches = getattr(view.objects[one], step.operation.split()[1]) == step.argument
            value = "yes" if matches else "no"
        elif step.operation == "count":
            value = str(len(inputs[0]))
        elif step.operation == "exist":
            value = "yes" if inputs[0] else "no"
        elif step.operation in ("more", "fewer", "equal"):
            a, b = map(len, inputs)
            value = (
                "yes" if {"more": a > b, "fewer": a < b, "equal": a == b}[step.operation] else "no"
            )
        elif step.operation in ("larger", "smaller"):
            (a,), (b,) = inputs
            order = ("large", "small") if step.operation == "larger" else ("small", "large")
            value = "yes" if (view.objects[a].size, view.objects[b].size) == order else "no"
        else:
            word, name = step.operation.split()
            (a,), (b,) = inputs
            alike = getattr(view.objects[a], name) == getattr(view.objects[b], name)
            value = "yes" if alike == (word == "same") else "no"
        results.append(value)
    return results[-1]


@pytest.mark.parametrize("kind", QUESTION_TYPES)
def test_the_answer_is_what_its_program_computes(kind: str) -> None:
    questions = all_questions(kind)
    assert len(questions) > 30
    for view, question in questions:
        assert run(view, question.program) == question.answer, question
        assert question.answer in answer_names()
        assert question.type == kind


@pytest.mark.parametrize("kind", ["relation", "existence", "comparison", "same"])
def test_yes_and_no_come_about_equally_often(kind: str) -> None:
    answers = [
        question.answer
        for seed in range(5)
        for view in VIEWS
        if (question := ask(view, kind, Random(f"{seed}{view.spots[0]}")))
    ]
    yes, no = answers.count("yes"), answers.count("no")
    assert 0.35 < yes / (yes + no) < 0.65


@pytest.mark.parametrize("kind", QUESTION_TYPES)
def test_each_type_is_asked_in_at_least_five_ways(kind: str) -> None:
    forms = {
        "attribute": "attribute",
        "relation": "relation",
        "count": "count",
        "existence": "existence",
        "comparison": "more",
        "same": "same",
    }
    assert len(FORMS[forms[kind]]) >= 5


def test_captions_are_true_and_foils_are_false_and_one_word_off() -> None:
    for seed, view in enumerate(VIEWS):
        claim = caption(view, Random(seed))
        assert claim.surely_holds(view)
        wrong = foil(claim, view, Random(seed))
        if wrong is None:
            continue
        assert not wrong.holds(view)
        changes = (claim.relation != wrong.relation) + (claim.count != wrong.count)
        for ours, theirs in ((claim.first, wrong.first), (claim.second, wrong.second)):
            changes += sum(getattr(ours, n) != getattr(theirs, n) for n in VALUES if ours)
        assert changes == 1


def test_the_model_has_a_word_piece_for_every_word_of_the_grammar() -> None:
    tokenizer = LxmertTokenizer(word_pieces())
    for seed, view in enumerate(VIEWS):
        random = Random(seed)
        texts = [caption(view, random).say(random)]
        texts += [q.text for kind in QUESTION_TYPES if (q := ask(view, kind, random))]
        for text in texts:
            assert tokenizer.read(text).unknown_words == (), text


def test_left_and_behind_are_as_the_viewer_sees_them() -> None:
    near_left = SceneObject("cube", "red", "small", "matte", -1.5, -1.0, 0.0)
    far_right = SceneObject("cone", "blue", "small", "matte", 1.5, 1.5, 0.0)
    scene = make_scene(0)
    view = View.of(Scene(0, (near_left, far_right), scene.camera, scene.light, 0, 0))
    assert view.stands(0, "left of", 1) is True
    assert view.stands(0, "in front of", 1) is True
    assert view.stands(1, "behind", 0) is True
    assert view.stands(0, "right of", 1) is False
    assert view.mirrored().stands(0, "left of", 1) is False
    assert view.stands(0, "left of", 0) is None


def test_a_kind_names_what_it_wants_and_leaves_the_rest_open() -> None:
    view = VIEWS[0]
    assert Kind().among(view) == tuple(range(len(view.objects)))
    thing = view.objects[2]
    exact = Kind(thing.size, thing.color, thing.material, thing.shape)
    assert 2 in exact.among(view)
    assert all(view.objects[i].color == thing.color for i in Kind(color=thing.color).among(view))
