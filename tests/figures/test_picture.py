from html.parser import HTMLParser

import numpy as np
import pytest

from lxmert_viz.figures.picture import regions_picture

ADDRESS = "data:image/png;base64,AA=="
SIZE_PX = (400, 200)
BOXES = np.array([[0.5, 0.5, 0.6, 0.75], [0, 0, 1, 1], [0.1, 0.2, 0.4, 0.6]], dtype=np.float32)
CAPTIONS = ["1 cube", "2 <b>table</b>", '3 "ball"']


class Page(HTMLParser):
    """The boxes of a picture in drawing order: style, class, number; and the captions."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.boxes: list[dict[str, str]] = []
        self.captions: list[str] = []
        self.frame: dict[str, str] = {}
        self.address = ""
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self._within = found.get("class", self._within).split(" ")[0]
        if self._within == "lv-box" and tag == "div":
            self.boxes.append(found)
        if self._within == "lv-picture" and tag == "div":
            self.frame = found
        if tag == "img":
            self.address = found["src"]

    def handle_data(self, data: str) -> None:
        if self._within == "lv-box":
            self.boxes[-1]["number"] = data
        if self._within == "lv-card":
            self.captions.append(data)


def by_number(page: Page) -> dict[str, dict[str, str]]:
    return {box["number"].split(" ")[0]: box for box in page.boxes}


def test_boxes_stand_where_they_are_in_percent() -> None:
    page = Page(regions_picture(ADDRESS, SIZE_PX, BOXES, CAPTIONS))
    style = by_number(page)["1"]["style"]
    assert style.endswith("left:50.00%;top:50.00%;width:10.00%;height:25.00%")


def test_every_region_has_its_number_and_caption() -> None:
    page = Page(regions_picture(ADDRESS, SIZE_PX, BOXES, CAPTIONS))
    assert sorted(box["number"] for box in page.boxes) == ["1", "2", "3"]
    assert sorted(page.captions) == sorted(CAPTIONS)


def test_small_boxes_lie_on_top_of_large_ones() -> None:
    page = Page(regions_picture(ADDRESS, SIZE_PX, BOXES, CAPTIONS))
    assert [box["number"] for box in page.boxes] == ["2", "3", "1"]


def test_the_picture_keeps_its_shape() -> None:
    page = Page(regions_picture(ADDRESS, SIZE_PX, BOXES, CAPTIONS))
    assert "aspect-ratio:400/200" in page.frame["style"]
    assert page.address == ADDRESS


def test_a_picture_without_regions_is_only_the_picture() -> None:
    page = Page(regions_picture(ADDRESS, SIZE_PX, np.zeros((0, 4)), []))
    assert page.boxes == []
    assert page.address == ADDRESS


def test_boxes_and_captions_must_be_as_many() -> None:
    with pytest.raises(ValueError, match=r"boxes are \(3, 4\), expected \(2, 4\)"):
        regions_picture(ADDRESS, SIZE_PX, BOXES, CAPTIONS[:2])


def test_many_regions_have_thin_frames() -> None:
    boxes = np.tile(BOXES, (6, 1))
    assert "lv-many" in Page(regions_picture(ADDRESS, SIZE_PX, boxes, ["x"] * 18)).frame["class"]
    assert "lv-many" not in Page(regions_picture(ADDRESS, SIZE_PX, BOXES, CAPTIONS)).frame["class"]
