import pytest

from lxmert_viz.analysis.foils import RULES, are_same, differing, foils

EXAMPLES = {  # rule: caption, one of its foils
    "color": ("There is a red cube.", "There is an orange cube."),
    "number": ("there are two small cones.", "there are three small cones."),
    "side": ("a ring is to the left of a cube.", "a ring is to the right of a cube."),
    "size": ("a small ring.", "a large ring."),
    "object": ("Three dogs play.", "Three cats play."),
    "action": ("a man is sitting", "a man is standing"),
    "negation": ("the picture shows an apple.", "the picture does not show an apple."),
    "order": ("a red cube behind a blue ball", "a blue cube behind a red ball"),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_makes_its_foil(rule: str) -> None:
    caption, foil = EXAMPLES[rule]
    made = [found.text for found in foils(caption) if found.rule == rule]
    assert foil in made
    assert all(not are_same(caption, text) for text in made)


def test_foils_are_all_different_sentences() -> None:
    made = [found.text for found in foils("A small red cube is left of a large blue ball.")]
    assert len({text.casefold() for text in made}) == len(made) > 20


def test_a_rule_that_finds_nothing_makes_nothing() -> None:
    assert foils("hello") == []
    assert orders("a red cube behind a red cube") == []


def test_an_exchange_that_says_the_same_is_left_out() -> None:
    assert orders("a red cube and a red ball") == []
    assert orders("a red cube and a blue ball") != []
    assert orders("a red cube behind a red ball") == ["a red ball behind a red cube"]


def orders(caption: str) -> list[str]:
    return [found.text for found in foils(caption) if found.rule == "order"]


def test_negation_is_undone_as_well() -> None:
    made = {found.rule: found.text for found in foils("The door is not open")}
    assert made["negation"] == "The door is open"
    made = {found.rule: found.text for found in foils("there is no dog")}
    assert made["negation"] == "there is a dog"


def test_a_longer_place_is_not_changed_in_its_middle() -> None:
    made = [f.text for f in foils("a cup to the left of a plate") if f.rule == "side"]
    assert made == ["a cup to the right of a plate"]


def test_words_that_the_model_does_not_know_are_not_offered() -> None:
    made = foils("a red cube", lambda text: "cyan" not in text)
    assert made and not any("cyan" in found.text for found in made)


def test_words_that_differ_are_marked() -> None:
    first, second = differing("There is a red cube.", "there is an orange cube.")
    assert [part.text for part in first if part.differs] == ["a red"]
    assert [part.text for part in second if part.differs] == ["an orange"]
    for text, parts in (("There is a red cube.", first), ("there is an orange cube.", second)):
        assert "".join(part.text for part in parts) == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("A dog.", "a  dog", True), ("a dog", "a dog?", True), ("a dog", "a dogs", False)],
)
def test_when_two_texts_are_one_sentence(one: str, other: str, same: bool) -> None:
    assert are_same(one, other) is same
