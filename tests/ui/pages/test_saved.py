"""The page that keeps an analysis and opens it again, on a tiny checkpoint."""

import json
import zipfile
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.experiments.edits import NO_REGIONS, UNEDITED, PictureEdit
from lxmert_viz.traces import as_zip
from lxmert_viz.ui.frame import bar
from lxmert_viz.ui.frame.navigation import CAUSES, EDIT, SAVED, WHY
from lxmert_viz.ui.server import examples, keeping, pictures
from lxmert_viz.ui.server.variant import RegionsAsked, Variant
from tests.helpers.small_page import Counted, ask, button, opened, texts
from tests.ui.frame.test_address import opened_at

SCENE = examples.examples()[0]


@pytest.fixture
def keep(page: AppTest) -> AppTest:
    return page.switch_page(SAVED.path).run()


def stages(page: AppTest) -> list:
    """Not the parts of the frame, which are sent no bytes."""
    return [part for part in page.get("bidi_component") if part.proto.bytes]


def stage(page: AppTest) -> dict:
    (found,) = stages(page)
    payload = found.proto.bytes
    return json.loads(payload[8 : 8 + int.from_bytes(payload[4:8], "little")])


def open_kept(page: AppTest, content: bytes) -> AppTest:
    upload = page.file_uploader(key="saved.upload")
    return upload.upload("kept.zip", content, "application/zip").run()


def test_what_was_kept_opens_without_asking_the_model(keep: AppTest, counted: Counted) -> None:
    assert not keep.exception
    text = SCENE.questions[0].text
    kept = zipped(UNEDITED, text)
    ask(keep, "what is red?")
    asks = counted.asks
    open_kept(keep, kept)
    assert not keep.exception
    assert stage(keep)["text"] == text
    assert stage(keep)["families"]["lang"]["norms"] is not None
    assert "files with SHA-256" in texts(keep)
    assert "numpy" in texts(keep)
    assert counted.asks == asks


def test_what_was_kept_can_be_asked_again(keep: AppTest, counted: Counted) -> None:
    text = SCENE.questions[0].text
    kept = zipped(UNEDITED, text)
    ask(keep, "what is red?")
    open_kept(keep, kept)
    button(keep, "Ask this again").click().run()
    assert not keep.exception
    assert keep.text_input(key="question.typed").value == text
    assert keep.button_group(key="picture.source").value == "upload"


def test_another_zip_is_one_sentence(keep: AppTest) -> None:
    open_kept(keep, b"PK nothing")
    assert not keep.exception
    assert "no saved analysis" in keep.error[0].value.replace("\\", "")


def test_regions_that_were_switched_off_leave_the_others_their_numbers(keep: AppTest) -> None:
    edit = PictureEdit(off=(0, 2))
    text = SCENE.questions[0].text
    names = stage(open_kept(keep, zipped(UNEDITED, text)))["names"]
    fewer = stage(open_kept(keep, zipped(edit, text)))["names"]
    assert fewer == [name for at, name in enumerate(names) if at not in (0, 2)]
    assert stage(open_kept(keep, zipped(PictureEdit(NO_REGIONS), text)))["names"] == []


def test_strange_settings_are_only_shown(keep: AppTest) -> None:
    files = contents(zipped(UNEDITED, SCENE.questions[0].text))
    words = json.loads(files["trace.json"])
    for strange in ("all", 7, [["x"]], {"a": 1}):
        words["settings"]["switched off"] = strange
        open_kept(keep, as_zip(files | {"trace.json": json.dumps(words).encode()}))
        assert not keep.exception
        assert stage(keep)["names"]


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest], bytes]:
    """What the bar of a page saves; AppTest shows the button alone."""
    offered: list[partial] = []

    def noted(*arguments: object) -> partial:
        offered.append(partial(*arguments))
        return offered[-1]

    def save(page: AppTest) -> bytes:
        button(page, "Keep").click().run()
        assert not page.exception
        return offered[-1]()

    monkeypatch.setattr(bar, "partial", noted)
    return save


def test_nothing_is_offered_before_a_person_asks(page: AppTest) -> None:
    assert "bar.save" not in [b.key for b in page.get("download_button")]


def test_boxes_steps_and_locks_come_back_in_a_fresh_session(
    page: AppTest,
    counted: Counted,
    photograph: bytes,
    saved: Callable[[AppTest], bytes],
) -> None:
    page.button_group(key="picture.source").set_value("upload").run()
    page.file_uploader(key="picture.upload").upload("a.jpg", photograph, "image/jpeg").run()
    ask(page, "what is red?")
    page.query_params["boxes"] = "0-1"
    told = dict(page.query_params) | {"boxes": "0-1", "locks": "w2"}
    page = opened_at({key: v[0] if isinstance(v, list) else v for key, v in told.items()})
    page.switch_page(EDIT.path).run()
    page.button_group(key="edit.word 1").set_value(2).run()
    button(page, "Mask it").click().run()
    content = saved(page)

    kept = keeping.opened(content)
    assert (kept.other.trace.tokens.text, kept.now.trace.tokens.text) == (
        "what is red?",
        "what is [MASK]?",
    )
    assert len(kept.now.trace.regions) == 2
    pictures.kept_pictures.cache_clear()  # another machine
    fresh = opened().switch_page(SAVED.path).run()
    open_kept(fresh, content)
    assert len(stages(fresh)) == 2
    button(fresh, "Open it as it was").click().run()
    fresh.switch_page(EDIT.path).run()
    assert not fresh.exception
    assert not fresh.warning or "not here" not in texts(fresh)
    assert fresh.text_input(key="question.typed").value == "what is red?"
    assert [t.value for t in fresh.text_input if t.key.startswith("edit.name")] == [
        "what is red?",
        "“red” masked",
    ]
    names = [names_of(part) for part in stages(fresh)]
    assert [len(of_side) for of_side in names] == [2, 2]
    assert fresh.query_params["locks"] in ("w2", ["w2"])


def test_why_and_causes_are_kept_from_any_page_and_follow_in_the_same_session(
    page: AppTest, saved: Callable[[AppTest], bytes]
) -> None:
    page.query_params.update({"method": "occlusion", "beside": "rollout", "regions-gone": "mean"})
    page.switch_page(WHY.path).run()
    page.query_params["cause"] = "edges"
    page.switch_page(CAUSES.path).run()
    page.query_params.clear()  # as a browser does that turns to another page
    page.switch_page(EDIT.path).run()
    page.button_group(key="edit.word 1").set_value(0).run()
    button(page, "Mask it").click().run()
    content = saved(page)
    told = keeping.opened(content).address
    assert (told["method"], told["beside"], told["cause"]) == ("occlusion", "rollout", "edges")

    page.switch_page(WHY.path).run()
    page.selectbox(key="why.method").set_value("bimodal").run()
    page.switch_page(SAVED.path).run()
    open_kept(page, content)
    shown = texts(page).replace("\\", "")
    assert "**Why**: Occlusion beside Joint attention rollout" in shown
    assert "**Causes**: Edges cut" in shown and "masked" in shown
    button(page, "Open it as it was").click().run()
    page.switch_page(WHY.path).run()
    assert not page.exception
    held = [
        page.selectbox(key=f"why.{name}").value for name in ("method", "beside", "gone regions")
    ]
    assert held == ["occlusion", "rollout", "mean"]
    page.switch_page(CAUSES.path).run()
    assert page.session_state["causes.view"] == "edges"


def test_a_target_is_not_kept_with_another_question(
    page: AppTest, saved: Callable[[AppTest], bytes]
) -> None:
    page.switch_page(WHY.path).run()
    answers = next(box for box in page.selectbox if box.label == "Why")
    answers.set_value(next(a for a in answers.options if a != answers.value)).run()
    assert "why" in keeping.opened(saved(page)).address
    page.query_params.clear()
    page.switch_page(EDIT.path).run()
    assert "why" in keeping.opened(saved(page)).address
    ask(page, "what is red?")
    assert "why" not in keeping.opened(saved(page)).address


@pytest.mark.parametrize("address", [b"[]", b'{"locks": 3}', b"{", b"\xff"])
def test_an_address_that_is_none_is_one_sentence(keep: AppTest, address: bytes) -> None:
    files = contents(zipped(UNEDITED, SCENE.questions[0].text)) | {keeping.ADDRESS: address}
    open_kept(keep, as_zip(files))
    assert not keep.exception
    assert "save it again" in keep.error[0].value.replace("\\", "")


def names_of(part: object) -> list[str]:
    payload = part.proto.bytes
    return json.loads(payload[8 : 8 + int.from_bytes(payload[4:8], "little")])["names"]


def zipped(edit: PictureEdit, text: str) -> bytes:
    """As a program writes it: without the page's address."""
    asked = Variant(SHIPPED, RegionsAsked("trained"), SCENE.picture, text, edit)
    return keeping.as_zip(keeping.side(asked))


def contents(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
