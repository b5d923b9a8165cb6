"""The editor of boxes in a browser: draw, move, resize, rename, delete, and what follows."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lxmert_viz.places import ASSETS
from lxmert_viz.ui.what_if import box_editor
from tests.helpers.served_page import CHANGE, WIDE, go_to, opened

pytestmark = pytest.mark.browser
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAC"
MOUNT = """
(data) => {
  document.body.innerHTML =
    '<div class="box-frame" style="width:400px"><div class="box-editor"></div></div>';
  window.sent = [];
  const place = document.querySelector(".box-editor");
  window.editor = new BoxEditor(place, data, (text) => sent.push(JSON.parse(text)));
}
"""
DETECTED = [
    {"box": [0.1, 0.1, 0.3, 0.4], "name": "red ball", "detected": 0},
    {"box": [0.5, 0.5, 0.9, 0.9], "name": "blue cube", "detected": 1},
]
OTHERS = [
    {"box": [0.1, 0.1, 0.32, 0.42], "name": "a", "score": 0.5, "reason": "overlap", "rival": 0},
    {"box": [0.6, 0.1, 0.8, 0.2], "name": "b", "score": 0.125, "reason": "score", "rival": 1},
]


@pytest.fixture
def editor(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.add_style_tag(content=(ASSETS / "boxes" / "boxes.css").read_text())
    page.add_script_tag(content=f"{box_editor.script()}\nwindow.BoxEditor = BoxEditor;")
    page.evaluate(
        MOUNT,
        {
            "picture": PIXEL,
            "size_px": [400, 300],
            "boxes": DETECTED,
            "detected": DETECTED,
            "others": OTHERS,
            "colours": ["#56b4e9", "#e69f00"],
            "most": 4,
            "told": [],
        },
    )
    yield page
    page.close()


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """In shares of the picture."""
    frame = page.locator(".scene").bounding_box()
    points = [
        (frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in (start, end)
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def used(page: Page) -> list[dict]:
    """What is sent when the boxes are used."""
    page.locator(".primary").click()
    return page.evaluate("sent.at(-1)")


def own(page: Page, place: int) -> Locator:
    return page.locator(f'.own[data-place="{place}"]')


def near(box: list[float], *sides: float) -> bool:
    return box == pytest.approx(sides, abs=0.006)


def test_nothing_can_be_used_before_something_changed(editor: Page) -> None:
    expect(editor.locator(".primary")).to_be_disabled()
    expect(editor.locator(".primary")).to_have_text("These boxes are in use")


def test_a_drag_over_the_picture_draws_a_box_from_any_corner(editor: Page) -> None:
    drag(editor, (0.95, 0.4), (0.7, 0.2))
    drawn = used(editor)[2]
    assert near(drawn["box"], 0.7, 0.2, 0.95, 0.4)
    assert (drawn["name"], drawn["detected"]) == ("", -1)


def test_a_click_on_the_picture_draws_nothing(editor: Page) -> None:
    drag(editor, (0.95, 0.05), (0.95, 0.05))
    expect(editor.locator(".own")).to_have_count(2)


def test_a_moved_box_is_a_new_place_without_the_detected_name(editor: Page) -> None:
    drag(editor, (0.2, 0.25), (0.0, 0.35))
    first = used(editor)[0]
    assert near(first["box"], 0, 0.2, 0.2, 0.5)  # it stops at the edge and keeps its size
    assert (first["name"], first["detected"]) == ("", -1)


def test_a_handle_resizes_and_never_turns_a_box_inside_out(editor: Page) -> None:
    own(editor, 1).click()
    drag(editor, (0.9, 0.9), (0.8, 0.95))
    drag(editor, (0.5, 0.725), (0.99, 0.7))
    assert near(used(editor)[1]["box"], 0.79, 0.5, 0.8, 0.95)


def test_a_given_name_stays_with_the_box(editor: Page) -> None:
    own(editor, 0).click()
    name = editor.get_by_label("Name of the chosen box")
    name.fill("my ball")
    name.press("Tab")
    assert used(editor)[0] == {**DETECTED[0], "name": "my ball"}
    drag(editor, (0.2, 0.25), (0.25, 0.25))
    moved = used(editor)[0]
    assert (moved["name"], moved["detected"]) == ("my ball", -1)


def test_keys_move_resize_and_delete(editor: Page) -> None:
    own(editor, 0).focus()
    editor.keyboard.press("ArrowRight")
    editor.keyboard.press("Shift+ArrowDown")
    assert near(used(editor)[0]["box"], 0.105, 0.1, 0.305, 0.405)
    own(editor, 0).focus()
    editor.keyboard.press("Delete")
    assert [box["name"] for box in used(editor)] == ["blue cube"]


def test_undo_takes_back_one_change_after_the_other(editor: Page) -> None:
    own(editor, 0).click()
    editor.get_by_role("button", name="Delete").click()
    editor.get_by_role("button", name="Whole picture").click()
    undo = editor.get_by_role("button", name="Undo")
    undo.click()
    expect(editor.locator(".own")).to_have_count(1)
    undo.click()
    expect(editor.locator(".own")).to_have_count(2)
    expect(undo).to_be_disabled()


def test_whole_picture_grid_none_and_back(editor: Page) -> None:
    editor.get_by_role("button", name="Whole picture").click()
    assert [box["box"] for box in used(editor)] == [[0, 0, 1, 1]]
    editor.get_by_label("Replace all boxes by a grid").select_option("2")
    cells = [box["box"] for box in used(editor)]
    assert cells == [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]]
    editor.get_by_role("button", name="No box").click()
    assert used(editor) == []
    editor.get_by_role("button", name="As detected").click()
    expect(editor.locator(".primary")).to_be_disabled()


def test_what_was_not_chosen_is_shown_on_demand_says_why_and_can_be_added(editor: Page) -> None:
    expect(editor.locator(".other")).to_have_count(0)
    editor.get_by_label("Show 2 proposals").check()
    expect(editor.locator(".other")).to_have_count(2)
    editor.get_by_label("score 0.50").focus()
    caption = editor.locator(".caption")
    expect(caption).to_contain_text(
        "it overlaps the detected red ball (10 % from the left, 10 % from the top)"
    )
    faint = editor.get_by_label("score 0.13")
    faint.hover()
    expect(caption).to_contain_text("its score is below the minimum")
    faint.click()
    assert used(editor)[2]["box"] == OTHERS[1]["box"]


def test_there_is_a_most(editor: Page) -> None:
    for _ in range(4):
        editor.get_by_role("button", name="Add in the middle").click()
    expect(editor.locator(".own")).to_have_count(4)
    expect(editor.locator(".caption")).to_contain_text("4 boxes are the most")


def test_names_are_words_and_never_markup(editor: Page) -> None:
    own(editor, 0).click()
    name = editor.get_by_label("Name of the chosen box")
    name.fill("<img src=x onerror='window.hit=1'>")
    name.press("Tab")
    expect(own(editor, 0)).to_contain_text("<img src=x")
    assert editor.evaluate("window.hit") is None


def test_every_page_follows_the_boxes(browser: Browser, address: str) -> None:
    page, _ = opened(browser, f"{address}/regions_page", WIDE)
    expect(page.locator(".box-editor .own").first).to_be_visible()
    count = page.locator(".box-editor .own").count()
    page.locator(".scene").scroll_into_view_if_needed()
    page.locator(".box-editor .own").first.click()  # inside of a component
    expect(page.locator(".box-editor .own.chosen")).to_have_count(1)
    expect(page.get_by_label("Name of the chosen box")).to_be_enabled()
    drag(page, (0.03, 0.03), (0.3, 0.2))
    expect(page.locator(".box-editor .own")).to_have_count(count + 1)
    page.locator(".box-editor .primary").click()
    expect(page.get_by_text("With your boxes")).to_be_visible()
    expect(page.locator(".box-editor .primary")).to_have_text("These boxes are in use")
    go_to(page, "Answers")
    expect(page.locator(".lv-picture .lv-box")).to_have_count(count + 1)
    go_to(page, "Regions", CHANGE)
    page.get_by_role("button", name="As detected").click()
    page.locator(".box-editor .primary").click()
    expect(page.get_by_text("the answer with them stands here")).to_be_visible()
    page.close()


def test_the_keyboard_chooses_a_box_from_the_list_and_sets_its_sides(editor: Page) -> None:
    expect(editor.locator('.own[tabindex="0"]')).to_have_count(1)  # one tab stop for all boxes
    left = editor.get_by_label("Left of the chosen box, in percent")
    expect(left).to_be_disabled()
    editor.get_by_label("The chosen box", exact=True).select_option(label="2 blue cube")
    expect(left).to_have_value("50")
    left.fill("80")
    left.press("Tab")
    expect(left).to_have_value("60")  # as far as it is wide
    height = editor.get_by_label("Height of the chosen box, in percent")
    height.focus()
    editor.keyboard.press("ArrowDown")
    height.press("Tab")
    changed = used(editor)[1]
    assert near(changed["box"], 0.6, 0.5, 1, 0.895)
    assert (changed["name"], changed["detected"]) == ("", -1)
