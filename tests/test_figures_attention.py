from html.parser import HTMLParser

import numpy as np
import plotly.graph_objects as go
import pytest

from lxmert_viz.figures import theme
from lxmert_viz.figures.attention import attention_heatmap, word_strip

WEIGHTS = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], dtype=np.float32)
QUERIES = ["the", "the"]
KEYS = ["11 large red matte cylinder, shiny", "2 <i>cube", "3 ball"]


def drawn(**changes: object) -> go.Figure:
    options = {"title": "Words", "subtitle": "weights", "sides": ("word", "region")} | changes
    return attention_heatmap(WEIGHTS, QUERIES, KEYS, **options)


def test_the_map_is_drawn_as_it_is_from_zero_to_one() -> None:
    figure = drawn()
    assert np.array_equal(figure.data[0].z, WEIGHTS)
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 1)


def test_a_stretched_scale_ends_where_it_is_told() -> None:
    assert drawn(top=0.7).data[0].zmax == 0.7


def test_a_word_that_occurs_twice_has_two_rows() -> None:
    rows = drawn().layout.yaxis
    assert list(rows.tickvals) == [0, 1]
    assert list(rows.ticktext) == QUERIES


def test_the_first_query_stands_on_top() -> None:
    assert drawn().layout.yaxis.autorange == "reversed"


def test_axes_say_who_looks_and_who_is_looked_at() -> None:
    figure = drawn()
    assert figure.layout.yaxis.title.text == "words that look"
    assert figure.layout.xaxis.title.text == "regions that are looked at"


def test_long_names_are_shortened_on_the_axis_and_whole_when_pointed_at() -> None:
    figure = drawn()
    assert figure.layout.xaxis.ticktext[0] == "11 large red matte cylinder, …"
    assert figure.data[0].customdata[1, 0].tolist() == ["the", KEYS[0]]


def test_names_are_never_markup() -> None:
    figure = drawn()
    assert figure.layout.xaxis.ticktext[1] == "2 &lt;i&gt;cube"
    assert figure.data[0].customdata[0, 1, 1] == "2 &lt;i&gt;cube"


def test_the_chosen_row_is_framed() -> None:
    (frame,) = drawn(chosen=1).layout.shapes
    assert (frame.y0, frame.y1, frame.x0, frame.x1) == (0.5, 1.5, -0.5, 2.5)
    assert drawn().layout.shapes == ()


def test_labels_must_fit_the_weights() -> None:
    with pytest.raises(ValueError, match=r"weights are \(2, 3\), labels are \(2, 2\)"):
        attention_heatmap(
            WEIGHTS, QUERIES, KEYS[:2], title="", subtitle="", sides=("word", "region")
        )


def test_no_colour_of_the_scale_is_replaced_by_streamlit() -> None:
    """Streamlit fills hexadecimal near-blacks from "#000001" on with colours of its own theme."""
    assert all(colour.startswith("rgb(") for _, colour in theme.ATTENTION)


class Words(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.spans: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "span":
            self.spans.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_words_stand_in_their_order_with_their_weights() -> None:
    page = Words(word_strip(["[CLS]", "<b>"], np.array([0.25, 0.75]), top=1))
    assert page.texts[-4:] == ["[CLS]", "0.25", "<b>", "0.75"]
    assert [span["style"] for span in page.spans] == ["--weight:0.250", "--weight:0.750"]


def test_shades_are_relative_to_the_top_of_the_scale() -> None:
    page = Words(word_strip(["a", "b"], np.array([0.25, 0.5]), top=0.5))
    assert [span["style"] for span in page.spans] == ["--weight:0.500", "--weight:1.000"]


def test_the_word_that_looks_is_framed() -> None:
    page = Words(word_strip(["a", "b"], np.array([0.5, 0.5]), top=1, chosen=1))
    assert ["lv-looks" in (span["class"] or "") for span in page.spans] == [False, True]


def test_a_strip_needs_a_weight_a_word() -> None:
    with pytest.raises(ValueError, match=r"weights are \(2,\), labels are \(1,\)"):
        word_strip(["a"], np.array([0.5, 0.5]), top=1)
