import pytest

from lxmert_viz.figures import theme
from lxmert_viz.figures.answers import answer_bars, paired_bars, statistic
from lxmert_viz.records import Standing

SHOWN = [
    Standing("blue", 0.7, 1, 31),
    Standing("red", 0.2, 2, 31),
    Standing("green <b>", 0.0002, 9, 31),
]


def test_bars_are_the_probabilities_on_a_fixed_axis() -> None:
    figure = answer_bars(SHOWN, "softmax")
    assert list(figure.data[0].x) == [0.7, 0.2, 0.0002]
    assert figure.layout.xaxis.range == (0, 1)


def test_a_figure_brings_the_ground_that_its_text_is_read_on() -> None:
    layout = answer_bars(SHOWN, "softmax").layout  # a notebook may be dark
    assert (layout.paper_bgcolor, layout.template.layout.paper_bgcolor) == (None, "white")


def test_the_most_probable_answer_stands_on_top() -> None:
    figure = answer_bars(SHOWN, "softmax")
    assert list(figure.data[0].y) == [0, 1, 2]
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.yaxis.ticktext[0] == "1. blue"


def test_an_answer_far_down_keeps_its_own_rank() -> None:
    assert answer_bars(SHOWN, "softmax").layout.yaxis.ticktext[2].startswith("9. ")


def test_words_of_an_answer_are_never_markup() -> None:
    assert "<b>" not in answer_bars(SHOWN, "softmax").layout.yaxis.ticktext[2]


def test_the_right_answer_is_marked_in_words_and_colour() -> None:
    figure = answer_bars(SHOWN, "softmax", right="red", asked="red")
    assert figure.layout.yaxis.ticktext[1] == "2. red (✓ right, asked)"
    assert [c == theme.RIGHT for c in figure.data[0].marker.color] == [False, True, False]


def test_without_marks_no_answer_is_marked() -> None:
    figure = answer_bars([Standing("", 0.5, 1, 2)], "softmax")
    assert figure.layout.yaxis.ticktext[0] == "1. "
    assert figure.data[0].marker.color == (theme.PLAIN,)


def test_a_tiny_probability_is_not_written_as_zero() -> None:
    assert answer_bars(SHOWN, "softmax").data[0].text[2] == "< 0.001"


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("softmax", "softmax over 3,129 answers"),
        ("sigmoid", "sigmoid of each of 3,129 answers alone; they need not sum to 1"),
    ],
)
def test_the_figure_names_its_numbers_as_the_head_was_trained(kind: str, named: str) -> None:
    assert statistic(kind, 3129) == named
    figure = answer_bars([Standing("yes", 0.9, 1, 3129)], kind)
    assert figure.layout.title.subtitle.text == named


def test_an_unknown_kind_of_head_is_refused() -> None:
    with pytest.raises(ValueError, match="'softmax' or 'sigmoid', not 'margin'"):
        statistic("margin", 3)


def test_no_answers_are_no_figure() -> None:
    with pytest.raises(ValueError, match="no answers"):
        answer_bars([], "softmax")


def test_pairs_of_bars_have_one_scale_and_say_what_a_side_lacks() -> None:
    figure = paired_bars(["no", "two"], {"as asked": [0.2, None], "masked": [0.6, 0.3]}, "softmax")
    first, second = figure.data
    assert (list(first.x), list(second.x)) == ([0.2, 0], [0.6, 0.3])
    assert first.text[1] == "not one of its answers"
    assert (first.name, second.name) == ("as asked", "masked")
    assert figure.layout.xaxis.range == (0, 1)
    with pytest.raises(ValueError, match="two sides need 2 numbers"):
        paired_bars(["no", "two"], {"as asked": [0.2]}, "softmax")
