"""Which pictures a caption is held against: scenes, uploads, a folder below the data folder."""

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from lxmert_viz.errors import LxmertVizError, PictureError
from lxmert_viz.picture import PICTURE_ENDINGS, Picture, size_px
from lxmert_viz.places import is_public
from lxmert_viz.region_files.picture_ids import pictures_below
from lxmert_viz.ui.frame import address, handover
from lxmert_viz.ui.frame.workbench import Choice
from lxmert_viz.ui.server import catalogue, examples, pictures
from lxmert_viz.ui.server.matching import Seen
from lxmert_viz.ui.server.upload_limits import PICTURE_MB, content
from lxmert_viz.ui.wording import plain

MOST = 200  # pictures at once
PICTURES, FOLDER = "match-pictures", "match-folder"  # keys of the address
NO_FOLDER = "none"
THIS = "the picture above"
LOST = "{} of this link's pictures are not kept here: give them again."


class Given(NamedTuple):
    """Pictures that can be looked at, and files that cannot."""

    seen: list[Seen]
    broken: list[tuple[str, str]]  # name, why

    @property
    def names(self) -> list[str]:
        return [*(one.name for one in self.seen), *(name for name, _ in self.broken)]


def choose(chosen: Choice) -> Given:
    """Stops the page where there is none."""
    scenes = {scene.name: scene for scene in examples.examples()}
    _follow(list(scenes))
    held = st.session_state
    st.multiselect(
        "Scenes",
        list(scenes),
        format_func=lambda name: scenes[name].title,
        key="match-pictures.scenes",
        persist_state="session",
    )
    uploads = st.file_uploader(
        "Pictures of your own",
        PICTURE_ENDINGS,
        accept_multiple_files=True,
        key="match-pictures.upload",
        max_upload_size=PICTURE_MB,
    )
    folder = _choose_folder()
    asked = chosen.asked.detected
    found = Given([], [])
    if chosen.own and chosen.picture is not None:
        found.seen.append(Seen(THIS, chosen.picture, chosen.asked))
    for name in held["match-pictures.scenes"]:
        found.seen.append(Seen(scenes[name].title, scenes[name].picture, asked))
    own = _own(uploads, found.broken)
    found.seen.extend(Seen(name, picture, asked) for name, picture in own)
    if folder != NO_FOLDER:
        _of_folder(folder, found, chosen)
    _state(held["match-pictures.scenes"], [p.digest for _, p in own], folder)
    if not found.seen and not found.broken:
        st.info("Choose at least one picture.", icon=":material/add_photo_alternate:")
        st.stop()
    return found


def _choose_folder() -> str:
    """Strangers see no folder."""
    names = [] if is_public() else [n for n in catalogue.dataset_names() if _has_pictures(n)]
    if not names:
        return NO_FOLDER
    if st.session_state.get("match-pictures.folder") not in names:
        st.session_state["match-pictures.folder"] = NO_FOLDER
    return st.selectbox(
        "A folder of the data folder",
        [NO_FOLDER, *names],
        format_func=lambda n: n if n == NO_FOLDER else plain(catalogue.title_of(n)),
        key="match-pictures.folder",
        persist_state="session",
    )


def _has_pictures(name: str) -> bool:
    path = catalogue.path_of(name)
    return path.is_dir() and next(iter(pictures_below(path)), None) is not None


def _own(
    uploads: Sequence[UploadedFile], broken: list[tuple[str, str]]
) -> list[tuple[str, Picture]]:
    """Those of this visit and those that the address brought."""
    held = st.session_state
    kept: dict[str, str] = held["match-pictures.own"]  # digest: name
    for given in uploads:
        try:
            picture = Picture.of(content(given, PICTURE_MB))
            size_px(picture.content)
        except LxmertVizError as error:
            broken.append((given.name, str(error)))
            continue
        kept[pictures.kept_pictures().keep(picture)] = given.name
    gone = {given.name for given in uploads}
    if held.get("match-pictures.were"):  # a file that was taken out of the widget
        for digest, name in list(kept.items()):
            if name in held["match-pictures.were"] and name not in gone:
                del kept[digest]
    held["match-pictures.were"] = gone
    there = {digest: pictures.picture_of(digest) for digest in kept}
    return [(kept[digest], picture) for digest, picture in there.items() if picture]


def _of_folder(name: str, found: Given, chosen: Choice) -> None:
    files = list(pictures_below(catalogue.path_of(name)).items())
    room = MOST - len(found.seen)
    if len(files) > room:
        st.caption(f"{len(files):,} pictures in this folder; the first {room:,} are looked at.")
    for label, path in files[:room]:
        try:
            picture = Picture.of(path.read_bytes())
            size_px(picture.content)
        except PictureError as error:
            found.broken.append((label, str(error)))
        except OSError as error:
            found.broken.append((label, f"It cannot be read ({error.strerror})."))
        else:
            found.seen.append(Seen(label, picture, chosen.asked.detected))


def _state(scenes: Sequence[str], own: Sequence[str], folder: str) -> None:
    everything = [scene.name for scene in examples.examples()]
    usual = list(scenes) == everything and not own
    address.put(
        {
            PICTURES: "" if usual else "_".join([*scenes, *own]) or "_",
            FOLDER: "" if folder == NO_FOLDER else folder,
        }
    )


def _follow(scenes: list[str]) -> None:
    """Once for each address: what it names."""
    told, held = address.told(), st.session_state
    if held.get("match-pictures.followed") == address.readings():
        return
    held["match-pictures.followed"] = address.readings()
    named = told.get(PICTURES, "")
    parts = [part for part in named.split("_") if part] if named else scenes
    held["match-pictures.scenes"] = [part for part in parts if part in scenes]
    own = [part for part in parts if part not in scenes]
    here = [part for part in own if pictures.picture_of(part) is not None]
    held["match-pictures.own"] = {d: f"picture {n}" for n, d in enumerate(here, start=1)}
    held["match-pictures.folder"] = told.get(FOLDER, NO_FOLDER)
    if len(here) < len(own):
        address.say_missing(LOST.format(len(own) - len(here)))
    address.begin_again_to_say_it()


def look_at(one: Seen) -> None:
    """From a callback: the picture above the page is this one."""
    names = {scene.picture.digest: scene.name for scene in examples.examples()}
    if one.picture.digest in names:
        handover.look_at_scene(names[one.picture.digest])
    else:
        handover.look_at(pictures.kept_pictures().keep(one.picture))
