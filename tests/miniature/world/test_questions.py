from random import Random

import pytest

from lxmert_viz.miniature.world.captions import caption, foil
from lxmert_viz.miniature.world.programs import answer_of, results_of
from lxmert_viz.miniature.world.questions import (
    CONTENDED,
    QUESTION_TYPES,
    Question,
    answer_names,
    ask,
    contended,
    reworded,
    verification,
)
from lxmert_viz.miniature.world.scenes import COLORS, Scene, SceneObject, make_scene
from lxmert_viz.miniature.world.views import VALUES, Kind, View
from lxmert_viz.miniature.world.wording import FORMS, full_answer, word_pieces
from lxmert_viz.model.tokenizer import LxmertTokenizer

VIEWS = [View.of(make_scene(seed)) for seed in range(40)]


def all_questions(kind: str) -> list[tuple[View, Question]]:
    found = []
    for seed, view in enumerate(VIEWS):
        question = ask(view, kind, Random(seed))
        if question is not None:
            found.append((view, question))
    return found


@pytest.mark.parametrize("kind", QUESTION_TYPES)
def test_the_answer_is_what_its_program_computes(kind: str) -> None:
    questions = all_questions(kind)
    assert len(questions) > 30
    for view, question in questions:
        assert answer_of(question.program, view) == question.answer, question
        assert question.answer in answer_names()
        assert all(0 <= index < len(view.objects) for index in question.objects)
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
def test_other_words_ask_the_same(kind: str) -> None:
    changed = 0
    for seed, (_, question) in enumerate(all_questions(kind)):
        again = reworded(question, Random(seed))
        assert (again.answer, again.program) == (question.answer, question.program)
        changed += again.text != question.text
    assert changed > 30


@pytest.mark.parametrize("kind", QUESTION_TYPES)
def test_a_phrase_stands_in_the_text_and_its_object_is_of_the_kind(kind: str) -> None:
    meant = 0
    for view, question in all_questions(kind):
        kinds = {words: question.draft.slots[slot] for slot, words in question.phrases.items()}
        for phrase, index in question.meant(view).items():
            meant += 1
            assert phrase in question.text
            assert index in question.objects
            assert index in kinds[phrase].among(view)
    assert meant > 5


def test_a_value_is_verified_truly_or_falsely() -> None:
    view = VIEWS[0]
    question = next(
        q for seed in range(30) if (q := ask(view, "attribute", Random(seed))).answer in COLORS
    )
    right = verification(question, view, question.answer, Random(0))
    wrong = verification(question, view, next(c for c in COLORS if c != question.answer), Random(0))
    assert (right.answer, wrong.answer) == ("yes", "no")
    assert right.objects == question.objects
    count = ask(view, "count", Random(0))
    assert verification(count, view, "1", Random(0)) is None


def test_full_answers_say_yes_and_no() -> None:
    phrases = {"z": "orange cube", "zs": "orange cubes"}
    assert full_answer("existence", "yes", phrases) == "Yes, there is an orange cube."
    assert full_answer("existence", "no", phrases) == "No, there is no orange cube."
    asked = {"a": "shape", "x": "large thing"}
    assert full_answer("attribute", "cone", asked) == "The large thing is a cone."
    for kind in QUESTION_TYPES:
        for _, question in all_questions(kind):
            text = full_answer(question.draft.form, question.answer, question.phrases)
            assert question.answer in text.lower()


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


def test_a_contended_question_has_an_object_that_would_answer_otherwise() -> None:
    asked = [(v, q) for n, v in enumerate(VIEWS) for q in [contended(v, Random(n))] if q]
    assert len(asked) > 20
    for view, question in asked:
        assert question.type == CONTENDED
        assert question.answer == answer_of(question.program, view)
        name = question.program[-1].argument
        (own,) = results_of(question.program, view)[-2]
        shape = view.objects[own].shape
        assert getattr(view.objects[own], name) == question.answer
        assert any(shape in str(kind) for kind in question.draft.slots.values())
        values = {getattr(thing, name) for thing in view.objects if thing.shape == shape}
        assert len(values) > 1


def test_scenes_without_two_of_a_shape_are_not_contended() -> None:
    views = [v for v in VIEWS if len({o.shape for o in v.objects}) == len(v.objects)]
    assert views
    assert not any(contended(view, Random(0)) for view in views)
