"""The page that keeps an analysis and opens it again, on a tiny checkpoint."""

import json
import zipfile
from io import BytesIO

import pytest
from streamlit.testing.v1 import AppTest

from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.experiments.edits import NO_REGIONS, UNEDITED, PictureEdit
from lxmert_viz.traces import as_zip
from lxmert_viz.ui.frame.navigation import SAVED
from lxmert_viz.ui.server import answers, examples
from lxmert_viz.ui.server.variant import RegionsAsked, Variant
from tests.helpers.small_page import Counted, ask, button, texts

SCENE = examples.examples()[0]


@pytest.fixture
def keep(page: AppTest) -> AppTest:
    return page.switch_page(SAVED.path).run()


def stage(page: AppTest) -> dict:
    (found,) = page.get("bidi_component")
    payload = found.proto.bytes
    return json.loads(payload[8 : 8 + int.from_bytes(payload[4:8], "little")])


def open_kept(page: AppTest, content: bytes) -> AppTest:
    upload = page.file_uploader(key="saved.upload")
    return upload.upload("kept.zip", content, "application/zip").run()


def test_what_was_kept_opens_without_asking_the_model(keep: AppTest, counted: Counted) -> None:
    assert not keep.exception
    text = SCENE.questions[0].text
    kept = answers.zipped(Variant(SHIPPED, RegionsAsked("trained"), SCENE.picture, text, UNEDITED))
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
    kept = answers.zipped(Variant(SHIPPED, RegionsAsked("trained"), SCENE.picture, text, UNEDITED))
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


def zipped(edit: PictureEdit, text: str) -> bytes:
    return answers.zipped(Variant(SHIPPED, RegionsAsked("trained"), SCENE.picture, text, edit))


def contents(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
