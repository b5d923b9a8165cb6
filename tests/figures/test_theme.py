"""Figures on a dark page."""

import numpy as np
import plotly.graph_objects as go
import pytest

from lxmert_viz.figures import theme

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


def test_what_lies_over_a_picture_stays_as_it_is() -> None:
    see_through = ((0, "rgba(0, 0, 0, 0)"), (1, "rgba(79, 176, 214, 0.7)"))
    over = go.Heatmap(z=[[0, 1]], colorscale=see_through, textfont={"color": theme.INK})
    (cells,) = theme.in_the_dark(go.Figure(over)).data
    assert (cells.colorscale, cells.textfont.color) == (see_through, theme.INK)
