"""Figures of relevance, by their numbers."""

import csv
import io
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import pytest

from lxmert_viz.figures import saving, theme
from lxmert_viz.figures.relevance import (
    Scored,
    map_spots,
    rank_spots,
    ranked_bars,
    relevance_map,
    seen_regions,
)

PIECES = ("[CLS]", "what", "<b>", "is", "the", "cube", "?", "[SEP]")
WORDS = np.array([0, 0.5, -1.5, 0, 0.25, 1, 0, 0])
NAMES = ("1 red cube", "2 ball", "3 ring")
REGIONS = np.array([2.0, -3.0, 0.5])
BOXES = np.array([[0, 0, 0.5, 0.5], [0.25, 0.25, 0.75, 0.75], [0.3, 0.3, 0.4, 0.4]])
SOURCE = "data:image/png;base64,"


def drawn(is_signed: bool = True, words: np.ndarray = WORDS) -> go.Figure:
    sign = np.asarray if is_signed else np.abs
    scored = Scored(PIECES, sign(words), NAMES, sign(REGIONS), is_signed, "logits" * is_signed)
    return relevance_map(scored, BOXES, (SOURCE, (400, 200)), "Why", ["occlusion", "sliced"])


def parts(figure: go.Figure) -> dict[str | None, go.Figure]:
    return {part.name or part.type: part for part in figure.data}


def test_where_boxes_overlap_the_largest_magnitude_is_seen() -> None:
    x, y, places = seen_regions(BOXES, REGIONS)
    at = lambda u, v: places[np.searchsorted(y, v) - 1, np.searchsorted(x, u) - 1]  # noqa: E731
    assert at(0.1, 0.1) == 0
    assert at(0.26, 0.26) == 1  # of 2 and −3
    assert at(0.35, 0.35) == 1  # the small one in front is weak
    assert at(0.6, 0.1) == -1
    assert at(0.7, 0.7) == 1
    ranks = seen_regions(BOXES, np.array([1.0, 1.0, 5.0]))
    assert ranks[2][np.searchsorted(y, 0.35) - 1, np.searchsorted(x, 0.35) - 1] == 2


def test_no_boxes_and_boxes_without_area_show_nothing() -> None:
    assert seen_regions(np.zeros((0, 4)), np.zeros(0))[2].size == 0
    assert (seen_regions(np.array([[0.1, 0.1, 0.1, 0.4]]), np.ones(1))[2] == -1).all()


def test_of_many_regions_the_strongest_have_their_number_and_all_tell_it() -> None:
    values, boxes = np.linspace(-1, 0.5, 40), np.tile(BOXES[0], (40, 1))
    names = [f"{n + 1} thing" for n in range(40)]
    scored = Scored(PIECES, WORDS, names, values, True, "logits")
    regions = parts(relevance_map(scored, boxes, (SOURCE, (400, 200)), "Why", ["a"]))["regions"]
    assert [text for text in regions.text if text] == [str(n + 1) for n in range(12)]
    assert list(regions.marker.opacity) == [1] * 12 + [0] * 28 and len(regions.hovertext) == 40


def test_one_scale_for_words_and_regions_around_zero() -> None:
    figure = drawn()
    words = parts(figure)["words"]
    assert (words.zmin, words.zmax) == (-3, 3)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-3, 3)
    assert figure.layout.coloraxis.colorbar.ticktext == ("−3.00 logits", "0", "+3.00 logits")
    assert words.z[0].tolist() == WORDS[:6].tolist()
    assert words.text[0][2] == "&lt;b&gt;<br>−1.50"
    assert np.isnan(words.z[1][2:]).all()
    heat = next(part for part in figure.data if part.meta == theme.PAINT and part.type == "heatmap")
    assert np.nanmin(heat.z) == -3 and np.nanmax(heat.z) == 2
    assert (heat.x[0], heat.x[-1], heat.y[-1]) == (0, 300, 150)  # pixels of 400 x 200


def test_an_unsigned_map_begins_at_zero() -> None:
    figure = drawn(is_signed=False)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 3)
    assert figure.layout.coloraxis.colorbar.ticktext == ("0", "3.00")
    assert parts(figure)["words"].zmin == 0


def test_a_map_of_zeros_has_a_scale() -> None:
    scored = Scored(PIECES, np.zeros(8), (), np.zeros(0), False, "")
    figure = relevance_map(scored, np.zeros((0, 4)), (SOURCE, (4, 3)), "Why", ["zero"])
    assert figure.layout.coloraxis.cmax == 1


def test_the_picture_keeps_its_shape_and_place() -> None:
    figure = drawn()
    (image,) = figure.layout.images
    assert (image.sizex, image.sizey, image.source) == (400, 200, SOURCE)
    assert figure.layout.yaxis2.scaleanchor == "x2"
    assert figure.layout.yaxis2.range == (200, 0)


def test_its_numbers_are_saved_once_and_empty_cells_are_none() -> None:
    rows = list(csv.DictReader(io.StringIO(saving.numbers_as_csv(drawn(), "Model tiny."))))
    words = [row for row in rows if row["series"] == "words"]
    assert [float(row["value"]) for row in words] == WORDS.tolist()
    assert words[2]["label"] == "<b>: −1.50 logits"
    regions = [row["label"] for row in rows if row["series"] == "regions"]
    assert regions == ["1 red cube: +2.00 logits", "2 ball: −3.00 logits", "3 ring: +0.50 logits"]
    assert len(rows) == len(words) + len(regions)


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        drawn(words=WORDS[:3])


def test_the_list_is_ranked_by_magnitude_with_intervals() -> None:
    ends = np.stack([REGIONS - 1, REGIONS + 2], axis=1)
    figure = ranked_bars(NAMES, REGIONS, ends, True, "Ranked", ["logits"])
    bars = figure.data[0]
    assert list(bars.x) == [-3, 2, 0.5]
    assert list(figure.layout.yaxis.ticktext) == [
        "2 ball  −3.00",
        "1 red cube  +2.00",
        "3 ring  +0.50",
    ]
    assert list(bars.error_x.array) == [2, 2, 2] and list(bars.error_x.arrayminus) == [1, 1, 1]
    assert bars.hovertext[0] == "2 ball: −3.00 (−4.00 to −1.00)"
    assert bars.marker.color[:2] == (theme.LESS, theme.MORE)
    assert figure.layout.xaxis.range == (-4.5, 4.5)


def test_an_unsigned_list_has_one_side_and_one_colour() -> None:
    figure = ranked_bars(NAMES, np.abs(REGIONS), None, False, "Ranked", ["no unit"])
    assert figure.layout.xaxis.range == (0, 4.5)
    assert set(figure.data[0].marker.color) == {theme.PLAIN}
    assert figure.data[0].error_x.array is None


@pytest.mark.parametrize("statistic", [["one"], ["one", "two"], ["one", "two", "three"]])
def test_every_line_of_the_statistic_has_room(statistic: Sequence[str]) -> None:
    figure = ranked_bars(NAMES, REGIONS, None, True, "Ranked", statistic)
    assert figure.layout.title.subtitle.text == "<br>".join(statistic)
    assert figure.layout.margin.t == 84 + 18 * (len(statistic) - 1)


def test_spots_are_where_the_figures_draw() -> None:
    """Words stand six in a row; boxes are in pixels of the picture; a list has a row a thing."""
    pieces = [f"w{n}" for n in range(8)]
    scored = Scored(pieces, np.zeros(8), NAMES, REGIONS, True, "logits")
    spots = map_spots(scored, np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1], [0, 0, 1, 1]]), (200, 100))
    assert spots[5] == ("", 4.5, -0.5, 5.5, 0.5) and spots[6] == ("", -0.5, 0.5, 0.5, 1.5)
    assert spots[8] == ("2", 0, 0, 100, 100) and len(spots) == 11
    assert rank_spots([2, 0], 4) == [
        ("", None, 0.5, None, 1.5),
        None,
        ("", None, -0.5, None, 0.5),
        None,
    ]
