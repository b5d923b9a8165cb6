"""Figures on a dark page."""

import re
from itertools import combinations

import numpy as np
import plotly.graph_objects as go
import pytest

from lxmert_viz.figures import theme
from lxmert_viz.figures.answers import paired_bars
from lxmert_viz.places import ASSETS

CLEAR = 4.5  # WCAG AA


def luminance(colour: str) -> float:
    levels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scale", [theme.SHARES, theme.SIGNED])
def test_cells_are_dark_under_light_text_in_the_dark(scale: tuple) -> None:
    text = {"color": theme.INK, "size": 9}
    figure = go.Figure(go.Heatmap(z=[[0, 1]], colorscale=scale, textfont=text))
    (cells,) = theme.in_the_dark(figure).data
    assert cells.textfont.color == theme.PALE and cells.textfont.size == 9
    assert all(contrast(colour, theme.PALE) >= CLEAR for _, colour in cells.colorscale)
    (before,) = figure.data  # which is as it was, and as clear
    assert before.colorscale == scale and before.textfont.color == theme.INK
    assert all(contrast(colour, theme.INK) >= CLEAR for _, colour in scale)


def test_points_have_the_scale_of_a_dark_page_too() -> None:
    scaled = {"color": [0, 1], "colorscale": theme.SIGNED}
    points, _ = theme.in_the_dark(go.Figure([go.Scatter(marker=scaled), go.Scatter()])).data
    assert points.marker.colorscale == theme.DARK[theme.SIGNED]


def test_what_lies_over_a_picture_stays_as_it_is() -> None:
    see_through = ((0, "rgba(0, 0, 0, 0)"), (1, "rgba(79, 176, 214, 0.7)"))
    over = go.Heatmap(z=[[0, 1]], colorscale=see_through, textfont={"color": theme.INK})
    (cells,) = theme.in_the_dark(go.Figure(over)).data
    assert (cells.colorscale, cells.textfont.color) == (see_through, theme.INK)


def stage_colour(name: str) -> str:
    sheet = (ASSETS / "stage" / "stage.css").read_text()
    return re.search(rf"--{name}: (#[0-9a-f]{{6}})", sheet)[1]


MEANINGS = {
    "a region": theme.BOX_COLOURS,
    "attention": (stage_colour("weight-colour"), theme.MORE),
    "less": (theme.LESS,),
    "right": (theme.RIGHT,),
    "locked": (theme.CHOSEN, stage_colour("chosen")),
    "the other side": (theme.OTHER,),
}
APART = 60  # of 441, from black to white


@pytest.mark.parametrize("pair", list(combinations(MEANINGS, 2)), ids=" and ".join)
def test_a_colour_has_one_meaning(pair: tuple[str, str]) -> None:
    one, other = (
        np.array([[int(c[at : at + 2], 16) for at in (1, 3, 5)] for c in MEANINGS[meaning]])
        for meaning in pair
    )
    assert np.linalg.norm(one[:, None] - other[None], axis=2).min() >= APART


def test_lines_of_a_legend_are_in_no_colour_that_means_right_locked_or_the_other_side() -> None:
    assert not {*theme.LINES} & {theme.RIGHT, theme.CHOSEN, theme.OTHER}
    assert len({*theme.LINES}) == len(theme.LINES)


def test_the_other_side_is_not_in_the_colour_of_what_is_locked() -> None:
    bars = paired_bars(["yes"], {"before": [0.5], "after": [0.25]}, "softmax").data
    assert [bar.marker.color for bar in bars] == [theme.EARLIER, theme.OTHER]


def test_a_subtitle_that_a_phone_would_cut_has_a_line_more_and_the_figure_room_for_it() -> None:
    one, two = (theme.layout("T", told, 200, t=50) for told in ("a b", "word " * 20 + "<br>b"))
    assert (one["title"]["subtitle"]["text"], one["height"], one["margin"]["t"]) == ("a b", 200, 50)
    lines = two["title"]["subtitle"]["text"].split("<br>")
    assert len(lines) == 3 and max(map(len, lines)) <= theme.NARROW and lines[-1] == "b"
    assert two["height"] - 200 == two["margin"]["t"] - 50 == theme.LINE_PX
    assert " ".join(lines[:2]) == ("word " * 20).strip()
